"""What commands print: on a terminal, and in pipes. Each kind of answer has a file."""

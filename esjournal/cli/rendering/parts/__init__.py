"""What screens are made of: words, cells and lines of text, in colour and of a width."""

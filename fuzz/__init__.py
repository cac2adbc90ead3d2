"""An endless supply of generated inputs for everything that esjournal reads: `python -m fuzz --help`."""

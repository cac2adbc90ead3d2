"""Generated inputs without end for everything that esjournal reads: `python -m fuzz --help`."""

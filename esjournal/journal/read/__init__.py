"""Reading a journal: a sequence, a selection, page after page, or as it grows."""

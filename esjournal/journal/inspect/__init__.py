"""What a journal has, as list, history, stats, info and verify show it."""

"""What an event is: the lowest layer, which imports nothing from the others."""

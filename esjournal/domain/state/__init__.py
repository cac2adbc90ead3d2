"""The JSON of a state: reading it, comparing it, and finding a value in it."""

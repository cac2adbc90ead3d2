"""The JSON of a state: read, compared, and asked for a part of it."""

"""The operations on a journal, as functions that return data and never print."""

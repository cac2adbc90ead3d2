"""Layouts: the tables in which other libraries store events, one module each."""

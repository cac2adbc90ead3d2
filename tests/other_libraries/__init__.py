"""Stores made by other libraries themselves, each in an environment of its own."""

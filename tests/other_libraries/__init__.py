"""Stores that other libraries made: each by the library itself, in an environment of its own."""

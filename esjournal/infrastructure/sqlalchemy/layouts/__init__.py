"""Layouts: the tables that other libraries keep events in, one file each."""

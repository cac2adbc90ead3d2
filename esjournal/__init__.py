"""A journal for domain events: a command line and a typed library over SQLite and PostgreSQL."""

__version__ = "0.1.0"

"""The layers over SQLite and PostgreSQL: the only room that imports SQLAlchemy or a database driver."""

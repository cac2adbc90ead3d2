"""Storage in SQLite and PostgreSQL: only these modules import SQLAlchemy or a database driver."""

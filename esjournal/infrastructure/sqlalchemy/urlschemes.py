"""The schemes of URLs, which can be looked at without loading SQLAlchemy."""

from __future__ import annotations

POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
SQLITE = frozenset({"sqlite", "sqlite+pysqlite"})


def names_a_server(url: str) -> bool:
    """Say whether a URL, or the path of a file, names a database that has a server."""
    scheme, found, _ = url.partition("://")
    return bool(found) and scheme in POSTGRESQL

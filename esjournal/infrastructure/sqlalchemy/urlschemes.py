"""The schemes of URLs, which can be looked at without loading SQLAlchemy."""

from __future__ import annotations

POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
SQLITE = frozenset({"sqlite", "sqlite+pysqlite"})


def names_a_server(url: str) -> bool:
    """Say whether a URL, or the path of a file, names a database that has a server."""
    scheme, found, _ = url.partition("://")
    return bool(found) and scheme in POSTGRESQL


def path_of(url: str) -> str | None:
    """Return the path of the SQLite file that a URL names; None if it names no journal in a file.

    Args:
        url: a URL, or the path of a file.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return None if "?layout=" in url else url
    path, _, parameters = rest.partition("?")
    if scheme not in SQLITE or not path.startswith("/") or "layout=" in parameters:
        return None
    from urllib.parse import unquote

    return unquote(path[1:])

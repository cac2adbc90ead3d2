"""Describes a store in PostgreSQL: its size, the versions of its software, and settings that could lose events."""

from __future__ import annotations

from typing import Any

import psycopg

from esjournal.domain.findings import StoreWarning, WarningKind
from esjournal.infrastructure.sqlalchemy.postgresql import citus
from esjournal.infrastructure.sqlalchemy.reports.storeinfo import DatabaseDescription

# The danger of each setting if it is off.
_SETTINGS = {
    "synchronous_commit": "a crash of the server may lose acknowledged events",
    "fsync": "a power cut may lose acknowledged events and damage the database",
    "full_page_writes": "a power cut may damage the database",
}


def about_postgresql(connection: Any, table: str) -> DatabaseDescription:
    """Return what a server knows of a store.

    Args:
        connection: a connection of psycopg.
        table: the name of the table of events in SQL.
    """
    size, version, *settings = connection.execute(
        f"SELECT {citus.size_function(connection, table)}(pg_catalog.to_regclass(CAST(%s AS text))), "
        "pg_catalog.current_setting('server_version'), "
        + ", ".join(f"pg_catalog.current_setting('{setting}')" for setting in _SETTINGS),
        (table,),
    ).fetchone()
    warnings = [
        StoreWarning(WarningKind.SERVER_SETTING, f"the server's {setting} is off: {danger}; set it to on")
        for (setting, danger), value in zip(_SETTINGS.items(), settings, strict=True)
        if value == "off"
    ]
    major, minor = divmod(psycopg.pq.version(), 10_000)
    driver = f"psycopg {psycopg.__version__}, libpq {major}.{minor}"
    return DatabaseDescription(size, driver, f"PostgreSQL {version}", warnings)

"""Describes a store: its size, the versions of its software, and settings that could lose events."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import Table, select

from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import writing_of
from esjournal.infrastructure.sqlalchemy.schema import identity_table
from esjournal.infrastructure.sqlalchemy.session import Session

# https://sqlite.org/wal.html#walresetbug: since 3.7.0, fixed in this version. The fix may have been backported to
# earlier ones, which the version does not show: one warning too many is better than one too few.
_FIXED = (3, 51, 3)
# PRAGMA synchronous: FULL is 2, EXTRA 3.
_FULL = 2


class StoreDescription(NamedTuple):
    """The description of a store; `made_at` and `schema_version` are None unless it is a journal.

    `bytes` is the size of the table of events with its indexes, on SQLite that of the whole file. `driver` and `server`
    are names with versions. `warnings` say what could lose events, and what to do.
    """

    made_at: str | None
    schema_version: int | None
    events: int
    sequences: int
    bytes: int
    sqlalchemy: str
    driver: str
    server: str
    warnings: list[str]


def described(session: Session, table: Table) -> StoreDescription:
    """Return the description of a store.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """
    dialect = session.engine.dialect
    quote = dialect.identifier_preparer
    name, sequence_id = quote.format_table(table), quote.quote(table.columns["originator_id"].name)
    columns = identity_table.columns
    identity = select(columns["created_at"], columns["schema_version"]).compile(dialect=dialect).string
    about = _about_sqlite if dialect.name == "sqlite" else _about_postgresql
    made_at = schema_version = None
    with session.connection() as connection:
        if writing_of(table) is None:
            made_at, schema_version = connection.execute(identity).fetchone()
        events, sequences = connection.execute(
            f"SELECT (SELECT count(*) FROM {name}), "
            f"(SELECT count(*) FROM (SELECT DISTINCT {sequence_id} FROM {name}) AS sequences)"
        ).fetchone()
        size, driver, server, warnings = about(session, connection, name)
    if (reason := session.sequence_behind(table)) is not None:
        warnings.append(reason)
    if (reason := session.out_of_order(table)) is not None:
        warnings.append(f"followers, copies and cursors are refused, because they would miss events: {reason}")
    return StoreDescription(
        made_at, schema_version, events, sequences, size, sqlalchemy.__version__, driver, server, warnings
    )


def _about_sqlite(session: Session, connection: Any, name: str) -> tuple[int, str, str, list[str]]:
    page_count, page_size, journal_mode, synchronous = (
        connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        for pragma in ("page_count", "page_size", "journal_mode", "synchronous")
    )
    warnings = []
    if has_wal_reset_bug(sqlite3.sqlite_version_info):
        warnings.append(
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (sqlite.org/wal.html#walresetbug), unless the fix "
            f"was backported: if two connections write or checkpoint at the same instant, in rare cases committed "
            f"events are lost and the file is damaged; use a Python with SQLite 3.51.3 or later"
        )
    # For a file that it may not lock, SQLite reports another mode than WAL.
    if journal_mode != "wal" and session.can_lock:
        warnings.append(
            f"the journal mode is {journal_mode}: readers and writers wait for one another; "
            f"`esjournal init` switches it to WAL"
        )
    if synchronous < _FULL:
        warnings.append("synchronous is not FULL: a power cut may lose acknowledged events")
    return page_count * page_size, "sqlite3, of Python", f"SQLite {sqlite3.sqlite_version}", warnings


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Say whether a version of SQLite can lose commits when its WAL is reset.

    Args:
        version: such as `sqlite3.sqlite_version_info`.
    """
    return version < _FIXED


# The danger of each setting if it is off.
_SETTINGS = {
    "synchronous_commit": "a crash of the server may lose acknowledged events",
    "fsync": "a power cut may lose acknowledged events and damage the database",
    "full_page_writes": "a power cut may damage the database",
}


def _about_postgresql(session: Session, connection: Any, name: str) -> tuple[int, str, str, list[str]]:
    # Imported here, because SQLite does not need the driver.
    import psycopg

    size, version, *settings = connection.execute(
        "SELECT pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(CAST(%s AS text))), "
        "pg_catalog.current_setting('server_version'), "
        + ", ".join(f"pg_catalog.current_setting('{setting}')" for setting in _SETTINGS),
        (name,),
    ).fetchone()
    warnings = [
        f"the server's {setting} is off: {danger}; set it to on"
        for (setting, danger), value in zip(_SETTINGS.items(), settings, strict=True)
        if value == "off"
    ]
    major, minor = divmod(psycopg.pq.version(), 10_000)
    return size, f"psycopg {psycopg.__version__}, libpq {major}.{minor}", f"PostgreSQL {version}", warnings

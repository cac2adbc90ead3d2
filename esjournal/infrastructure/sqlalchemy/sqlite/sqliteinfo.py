"""Describes a store in SQLite: its size, the versions of its software, and settings that could lose events."""

from __future__ import annotations

import sqlite3

from esjournal.domain.findings import StoreWarning, WarningKind
from esjournal.infrastructure.sqlalchemy.reports.storeinfo import DatabaseDescription

# https://sqlite.org/wal.html#walresetbug: since 3.7.0, fixed in this version. The fix may have been backported to
# earlier ones, which the version does not show: one warning too many is better than one too few.
_FIXED = (3, 51, 3)
# PRAGMA synchronous: FULL is 2, EXTRA 3.
_FULL = 2


def about_sqlite(connection: sqlite3.Connection, can_lock: bool, why_not_alone: str | None) -> DatabaseDescription:
    """Return what SQLite knows of a store.

    Args:
        connection: a connection of sqlite3.
        can_lock: whether the session can lock the file.
        why_not_alone: why writing to the file could lose events, because it has other names; None if it has none.
    """
    page_count, page_size, journal_mode, synchronous = (
        connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        for pragma in ("page_count", "page_size", "journal_mode", "synchronous")
    )
    warnings: list[StoreWarning] = []

    def warn(kind: WarningKind, text: str) -> None:
        warnings.append(StoreWarning(kind, text))

    if has_wal_reset_bug(sqlite3.sqlite_version_info):
        warn(
            WarningKind.WAL_RESET_BUG,
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (sqlite.org/wal.html#walresetbug), unless the fix "
            f"was backported: if two connections write or checkpoint at the same instant, in rare cases committed "
            f"events are lost and the file is damaged; use a Python with SQLite 3.51.3 or later",
        )
    # For a file that it may not lock, SQLite reports another mode than WAL.
    if journal_mode != "wal" and can_lock:
        warn(
            WarningKind.JOURNAL_MODE,
            f"the journal mode is {journal_mode}: readers and writers wait for one another; "
            f"`esjournal init` switches it to WAL",
        )
    if why_not_alone is not None:
        warn(WarningKind.HARD_LINKS, f"writing is refused: {why_not_alone}")
    if synchronous < _FULL:
        warn(WarningKind.SYNCHRONOUS, "synchronous is not FULL: a power cut may lose acknowledged events")
    server = f"SQLite {sqlite3.sqlite_version}"
    return DatabaseDescription(page_count * page_size, "sqlite3, of Python", server, warnings)


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Say whether a version of SQLite can lose commits when its WAL is reset.

    Args:
        version: such as `sqlite3.sqlite_version_info`.
    """
    return version < _FIXED

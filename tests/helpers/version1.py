"""A journal, and the files, that an esjournal with schema version 1 wrote: `version1` has them as they were written."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.helpers.concurrency.journals import schema_of, sqlite_path
from tests.helpers.stores import execute

WRITTEN = Path(__file__).parents[1] / "journal" / "version1"
EVENTS = 4
_STATEMENTS = list(filter(None, (WRITTEN / "postgresql.sql").read_text().split(";\n")))

_SQLITE_EVENTS = """
    INSERT INTO stored_events (originator_id, originator_version, event_type, state, recorded_at)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {})
    SELECT printf('00000000-0000-5000-8000-%012x', n / 10), n % 10, 'shop.orders#Placed',
        printf('{{"order":"2026-%08d","item":"tea","quantity":1,"price":12.50,"note":"leave it at the door"}}', n),
        '2026-01-31T12:00:00.000000Z' FROM numbers
"""
_POSTGRESQL_EVENTS = """
    INSERT INTO stored_events SELECT {} + n + 1,
        CAST('00000000-0000-5000-8000-' || lpad(to_hex(n / 10), 12, '0') AS uuid), n % 10, 'shop.orders#Placed',
        '{{"order":"2026-' || lpad(CAST(n AS text), 8, '0')
        || '","item":"tea","quantity":1,"price":12.50,"note":"leave it at the door"}}',
        '2026-01-31T12:00:00.000000Z' FROM generate_series(0, {} - 1) AS n
"""


def make_version_1(url: str, more: int = 0) -> str:
    """Make that journal where there is none, with more events of sequences of ten, and return its URL."""
    if path := sqlite_path(url):
        shutil.copy(WRITTEN / "journal.sqlite", path)
        if more:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(_SQLITE_EVENTS.format(more))
    else:
        execute(url, f'CREATE SCHEMA "{schema_of(url)}"', *_STATEMENTS)
        if more:
            execute(url, _POSTGRESQL_EVENTS.format(EVENTS, more), "ANALYZE stored_events")
    return url

"""Journals on both databases without the program: where they are, how large they are, and whether they are sound."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg


@contextmanager
def at_server(url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(re.split("[?&]schema=", url)[0], autocommit=True)) as connection:
        yield connection


def sqlite_path(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def schema_of(url: str) -> str:
    return url.rsplit("schema=", 1)[1]


def size(url: str) -> int:
    """Return the size of the largest file of a journal that no process has open."""
    if path := sqlite_path(url):
        return path.stat().st_size
    with at_server(url) as connection:
        table = f'"{schema_of(url)}".stored_events'
        [found] = connection.execute("SELECT pg_relation_size(to_regclass(%s))", (table,)).fetchone() or (0,)
        return int(found)


def check_index(url: str) -> None:
    """Check that the indexes exist, that those on places and ids are unique, and that a SQLite file is sound."""
    path = sqlite_path(url)
    if path is None:
        with at_server(url) as connection:
            query = (
                "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(%s) "
                "AND indisunique AND indisvalid AND indisready"
            )
            assert connection.execute(query, (f'"{schema_of(url)}".stored_events',)).fetchone() == (3,)
        return
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        indices = connection.execute("PRAGMA index_list(stored_events)").fetchall()
        unique_by_name = {name: unique for _, name, unique, *_ in indices}
        assert unique_by_name == {
            "stored_events_place": 1,
            "stored_events_recorded_at": 0,
            "stored_events_metadata": 0,
            "stored_events_event_id": 1,
        }
        assert connection.execute("SELECT count(*) FROM stored_events INDEXED BY stored_events_place").fetchone() == (
            connection.execute("SELECT count(*) FROM stored_events NOT INDEXED").fetchone()
        )

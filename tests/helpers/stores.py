"""Journals and files with events in them, and the content of a journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import psycopg

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange import ndjson
from esjournal.journal.journal import initialise, open_journal


def journal_with(url: str, events: Iterable[RecordedEvent]) -> str:
    """Make a journal that has events, and return its URL."""
    initialise(url)
    with open_journal(url) as journal, journal.events.transaction() as transaction:
        transaction.append(list(events))
    return url


def damaged_journal_with(url: str, events: Iterable[RecordedEvent]) -> str:
    """Make a journal that has events that esjournal would not store, and return its URL."""
    initialise(url)
    with open_journal(url) as journal, journal.events.session.connection() as connection:
        marks = ", ".join(("%s" if url.startswith("postgresql") else "?",) * len(RecordedEvent._fields))
        for position, event in enumerate(events, 1):
            connection.execute(
                f"INSERT INTO stored_events ({', '.join(RecordedEvent._fields)}) VALUES ({marks})",
                event._replace(global_position=position),
            )
    return url


def file_with(path: Path, events: Iterable[RecordedEvent]) -> Path:
    """Write a file that has events, as export would if they were in a journal."""
    numbered = (event._replace(global_position=position) for position, event in enumerate(events, 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(ndjson.write(numbered))
    return path


def stored(url: str) -> list[RecordedEvent]:
    """Return all events of a journal."""
    with open_journal(url) as journal:
        return list(journal.events.all_items())


def driver_url(url: str) -> str:
    return url.rsplit("schema=", 1)[0].rstrip("?&")


def execute(url: str, *statements: str) -> None:
    """Change a store as esjournal never would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    with psycopg.connect(driver_url(url), autocommit=True) as connection:
        connection.execute(f'SET search_path TO "{url.rsplit("=", 1)[1]}"')
        for statement in statements:
            connection.execute(statement)

"""A SQLite file that this process may read and not lock, while others write to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from esjournal.infrastructure.sqlalchemy.sqlite.databasefiles import DatabaseFiles
from esjournal.journal.journal import open_journal
from tests.helpers.events import sequence
from tests.helpers.stores import journal_with


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a journal of three events that this process may not write."""
    path = tmp_path / "journal.db"
    journal_with(str(path), sequence(3))
    monkeypatch.setattr(DatabaseFiles, "may_be_written", lambda _: False)
    return path


def test_a_wal_that_comes_and_goes_is_not_taken_for_another_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, number = DatabaseFiles.numbers, count(1)
    # Each look finds the WAL of another program.
    monkeypatch.setattr(DatabaseFiles, "numbers", lambda self: (numbers(self)[0], (1, next(number)), (1, next(number))))
    with open_journal(str(path)) as journal:
        assert not journal.events.session.can_lock
        os.utime(path, (0, 1_000_000))
        assert len(list(journal.events.all_items())) == 3


def test_a_file_that_is_never_at_rest_is_read_with_the_wal_of_those_that_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DatabaseFiles, "version", lambda _: None)
    has_more, looks = DatabaseFiles.have_more_than_the_database, count()
    monkeypatch.setattr(DatabaseFiles, "have_more_than_the_database", lambda self: next(looks) > 3 and has_more(self))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE stored_events SET event_type = 'b' WHERE global_position = 2")
        writer.commit()
        with open_journal(str(path)) as journal:
            assert journal.events.session.can_lock
            assert [event.event_type for event in journal.events.all_items()] == ["a.b#C", "b", "a.b#C"]

"""Following: every event once, in order, as it is committed, as long as the journal is the same."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from esjournal.domain.model.typepatterns import Patterns
from esjournal.exceptions import (
    InvalidCursor,
    StoreError,
    StoreNotFound,
    StoreReplaced,
    StoreUnreachable,
    UnfinishedWrite,
)
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE, RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.journal.cursor import cursor_at
from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.read import follow as follow_module
from esjournal.journal.read.follow import Followed, follow
from esjournal.journal.read.selection import Selection
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.given import refilled
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.usefixtures("no_endless_waiting")

GONE = StoreUnreachable("the server is gone")


def positions(found: Followed) -> list[int]:
    return [event[-1] for event in found.page]


def taken(coming: Iterator[Followed], count: int) -> list[int]:
    """Return the positions of the next events."""
    followed: list[int] = []
    while len(followed) < count:
        followed += positions(next(coming))
    return followed


def sqlite_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_stored_events_come_in_pages_and_then_new_ones(journal: Journal) -> None:
    journal.events.append(sequence(PAGE_SIZE + 1))
    coming = follow(journal, after=0)
    first, second = next(coming), next(coming)
    assert positions(first) == list(range(1, PAGE_SIZE + 1))
    assert first.cursor == cursor_at(journal, PAGE_SIZE)
    assert positions(second) == [PAGE_SIZE + 1]
    assert second.cursor == cursor_at(journal, PAGE_SIZE + 1)
    for number in range(2, 5):
        journal.events.append(event(of=OTHER_ID, version=number))
        found = next(coming)
        assert found.page == [journal.events.get_item(OTHER_ID, number)]
        assert positions(found) == [PAGE_SIZE + number]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_following_starts_after_a_position(journal: Journal, after: int) -> None:
    journal.events.append(sequence(3))
    coming = follow(journal, after=after)
    journal.events.append(event(of=OTHER_ID))
    assert taken(coming, 4 - after) == list(range(after + 1, 5))


def test_no_reader_can_start_after_an_event_that_is_not_there(journal: Journal) -> None:
    with pytest.raises(InvalidCursor, match="has no event at global position 1"):
        next(follow(journal, after=1))


def test_unselected_events_are_left_out_and_the_cursor_moves_past_them(journal: Journal) -> None:
    coming = follow(journal, Selection(types=Patterns(["a#*"])), after=0)
    for version, event_type in enumerate(["a#B", "b#B", "a#C"]):
        journal.events.append(event(version, event_type=event_type))
        found = next(coming)
        assert [followed[2] for followed in found.page] == [event_type] * (event_type != "b#B")
        assert found.cursor == cursor_at(journal, version + 1)


def test_every_event_of_another_writer_is_followed_once_in_order(store_url: str, journal: Journal) -> None:
    def write() -> None:
        with open_journal(store_url) as same:
            for version in range(0, 300, 3):
                same.events.append([event(version + number) for number in range(3)])

    writer = threading.Thread(target=write)
    coming = follow(journal, after=0)
    writer.start()
    assert taken(coming, 300) == list(range(1, 301))
    writer.join()


def test_uncommitted_events_are_not_followed(store_url: str, journal: Journal) -> None:
    committed = [0.0]

    def write() -> None:
        with open_journal(store_url) as same, same.events.transaction() as transaction:
            transaction.append(sequence(2))
            time.sleep(0.5)
            committed[0] = time.monotonic()

    writer = threading.Thread(target=write)
    writer.start()
    assert taken(follow(journal, after=0), 2) == [1, 2]
    assert time.monotonic() > committed[0] > 0
    writer.join()


def test_a_follower_that_waits_keeps_no_writer_of_sqlite_from_tidying_up(sqlite_url: str) -> None:
    with open_journal(journal_with(sqlite_url, sequence(3))) as journal:
        coming = follow(journal, after=0)
        next(coming)
        journal.events.append(event(3))
        next(coming)
        with closing(sqlite3.connect(sqlite_file(sqlite_url))) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


# A journal that is no longer the same


def test_a_journal_that_lost_events_or_has_others_ends_the_following(journal: Journal) -> None:
    ours, others = sequence(3), [event(version, '{"other":true}', of=OTHER_ID) for version in range(5)]
    for restored in (others[:2], others, ours[:2]):
        refilled(journal, ours)
        coming = follow(journal, after=0)
        assert taken(coming, 3) == [1, 2, 3]
        refilled(journal, restored)
        with pytest.raises(InvalidCursor, match="is no longer the journal that was followed to global position 3: "):
            next(coming)


def test_a_follower_that_has_shown_nothing_yet_ends_if_the_journal_is_replaced(
    store_url: str, journal: Journal
) -> None:
    settings = SQLAlchemySettings(uri=store_url)
    with SQLAlchemyDatastore(settings, tables=(RecordedEventRecord,)) as datastore:
        datastore.drop_tables()
        datastore.setup_tables()
    journal.events.append(event())
    with pytest.raises(InvalidCursor, match="is no longer the journal that was followed to global position 0: "):
        next(follow(journal, after=0))


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_follower_ends_if_another_file_replaces_its_sqlite_journal(
    sqlite_url: str, tmp_path: Path, is_moved: bool
) -> None:
    file = sqlite_file(journal_with(sqlite_url, sequence(3)))
    backup = tmp_path / "backup.db"
    with open_journal(sqlite_url) as journal:
        coming = follow(journal, after=0)
        assert taken(coming, 3) == [1, 2, 3]
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"VACUUM INTO '{backup}'")
        (shutil.move if is_moved else shutil.copyfile)(backup, file)
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink()
        with pytest.raises(StoreReplaced, match="was replaced while it was open"):
            next(coming)


def test_a_sqlite_file_that_is_removed_ends_the_following(sqlite_url: str) -> None:
    with open_journal(journal_with(sqlite_url, sequence(3))) as journal:
        coming = follow(journal, after=0)
        next(coming)
        sqlite_file(sqlite_url).unlink()
        with pytest.raises(StoreNotFound, match="nothing is at"):
            next(coming)


# Begins a write without WAL mode, and is killed while part of it is already in the file.
CUT_OFF = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE begun (value)")
print("begun", flush=True)
sys.stdin.readline()
connection.execute("CREATE TABLE large AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) "
                   "SELECT i, randomblob(100) FROM n")
os._exit(0)
"""


def test_a_write_that_was_cut_off_is_waited_for_until_a_writer_undoes_it(sqlite_url: str) -> None:
    path = sqlite_file(journal_with(sqlite_url, sequence(3)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = delete")
    told: list[object] = []

    def undo(error: StoreError) -> None:
        told.append(type(error))
        initialise(sqlite_url)
        with open_journal(sqlite_url) as writing:
            writing.events.append([event(3)])

    with subprocess.Popen(
        [sys.executable, "-c", CUT_OFF, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        with open_journal(sqlite_url) as journal:
            coming = follow(journal, after=0, on_lost=undo, on_found=lambda: told.append("there again"))
            assert taken(coming, 3) == [1, 2, 3]
            writer.communicate(b"\n")
            assert taken(coming, 1) == [4]
    assert told == [UnfinishedWrite, "there again"]


# A server that goes away


def test_a_server_that_goes_away_is_waited_for_and_nothing_is_missed_or_repeated(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "_FIRST_WAIT", 0.001)
    journal.events.append(sequence(3))
    told: list[object] = []
    coming = follow(journal, after=0, on_lost=told.append, on_found=lambda: told.append("there again"))
    assert taken(coming, 3) == [1, 2, 3]

    # The journal goes away while a page is read, and is still gone at the next attempt.
    asked = iter([GONE, GONE, GONE])
    identity = journal.events.session.identity

    def identity_if_there() -> object:
        for error in asked:
            raise error
        return identity()

    monkeypatch.setattr(journal.events.session, "identity", identity_if_there)
    journal.events.append([event(3), event(4)])
    assert taken(coming, 2) == [4, 5]
    assert told == [GONE, "there again"]


def test_a_server_that_comes_again_with_another_journal_ends_the_following(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.events.append(sequence(3))
    told: list[object] = []
    coming = follow(journal, after=0, on_lost=told.append, on_found=lambda: told.append("there again"))
    next(coming)
    refilled(journal, [event(version, of=OTHER_ID) for version in range(3)])

    def gone() -> NoReturn:
        monkeypatch.undo()
        raise GONE

    monkeypatch.setattr(journal.events, "last_global_position", gone)
    with pytest.raises(InvalidCursor, match="is no longer the journal that was followed to global position 3"):
        next(coming)
    assert told == [GONE]

"""Cursors: where an export continues, and when it must not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidCursor
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord
from esjournal.journal.cursor import Cursor, cursor_at, cursor_line, position_after
from esjournal.journal.journal import Journal, initialise, open_journal
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.stores import journal_with

TABLE = RecordedEventRecord.__table__.name


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, sequence(3))


def kept_at(journal: Journal, position: int, path: Path) -> str:
    path.write_bytes(cursor_line(cursor_at(journal, position)))
    return str(path)


def changed(journal: Journal, statement: str) -> None:
    with journal.events.session.connection() as connection:
        connection.execute(statement.replace(TABLE, journal.events.session.table_name(TABLE)))


def test_a_file_that_is_not_there_yet_means_the_beginning(url: str, tmp_path: Path) -> None:
    with open_journal(url) as journal:
        assert position_after(journal, str(tmp_path / "cursor")) == 0


@pytest.mark.parametrize("position", [0, 1, 3])
def test_a_cursor_comes_back_from_its_file_as_the_position_it_was_made_of(
    url: str, tmp_path: Path, position: int
) -> None:
    with open_journal(url) as journal:
        assert position_after(journal, kept_at(journal, position, tmp_path / "cursor")) == position


def test_a_cursor_has_the_digest_of_the_line_that_both_databases_export(sqlite_url: str, postgres_url: str) -> None:
    line = (
        f'{{"originator_id":"{event().originator_id}","originator_version":1,"event_type":"a.b#C",'
        f'"state":{{"n":1}},"recorded_at":"{event().recorded_at}","global_position":2}}\n'
    )
    for store in (sqlite_url, postgres_url):
        with open_journal(journal_with(store, sequence(2))) as journal:
            digest = hashlib.sha256(line.encode()).hexdigest()
            assert cursor_at(journal, 2) == Cursor(journal.journal_id, 2, digest)


def test_an_empty_journal_has_a_cursor_without_a_digest(store_url: str) -> None:
    initialise(store_url)
    with open_journal(store_url) as journal:
        assert cursor_at(journal, 0) == Cursor(journal.journal_id, 0, None)
        with pytest.raises(InvalidCursor, match="has no event at global position 1"):
            cursor_at(journal, 1)


def test_a_cursor_of_another_journal_is_refused_with_both_ids(url: str, tmp_path: Path) -> None:
    other = journal_with(str(tmp_path / "other.db"), sequence(3))
    with open_journal(url) as journal, open_journal(other) as another:
        path = kept_at(another, 2, tmp_path / "cursor")
        with pytest.raises(InvalidCursor, match=f"{another.journal_id}.*{journal.journal_id}"):
            position_after(journal, path)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            f"DELETE FROM {TABLE} WHERE global_position = 3",
            "at global position 3, where .* has no event, because it was deleted, or .* backup",
        ),
        (
            f"UPDATE {TABLE} SET state = '{{}}' WHERE global_position = 3",
            "3, where .* has another event, because the one there was changed or deleted, or",
        ),
        (f"UPDATE {TABLE} SET originator_id = '{OTHER_ID}'", "has another event"),
    ],
)
def test_a_cursor_is_refused_when_its_event_is_gone_or_another(
    url: str, tmp_path: Path, statement: str, reason: str
) -> None:
    with open_journal(url) as journal:
        path = kept_at(journal, 3, tmp_path / "cursor")
        assert position_after(journal, path) == 3
        changed(journal, statement)
        with pytest.raises(InvalidCursor, match=reason):
            position_after(journal, path)


def good(**changes: object) -> bytes:
    fields = {"journal_id": "x", "global_position": 1, "event_sha256": "0" * 64, **changes}
    return json.dumps({name: value for name, value in fields.items() if value != "missing"}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"3",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 4_000,
        b'{"a":1}',
        b" " * 5_000 + good(),
        good(global_position=True),
        good(global_position="1"),
        good(global_position=1.0),
        good(global_position=-1),
        good(global_position=2**63),
        good(global_position=0),
        good(journal_id=7),
        good(event_sha256=None),
        good(event_sha256=[]),
        good(event_sha256="missing"),
        good(more=1),
    ],
)
def test_a_file_that_has_no_cursor_is_refused_in_one_line(url: str, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "cursor"
    path.write_bytes(data)
    with open_journal(url) as journal, pytest.raises(InvalidCursor, match="is not a cursor file") as caught:
        position_after(journal, str(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_folder_is_not_a_cursor_file(url: str, tmp_path: Path) -> None:
    with open_journal(url) as journal, pytest.raises(InvalidCursor, match="is not a regular file"):
        position_after(journal, str(tmp_path))

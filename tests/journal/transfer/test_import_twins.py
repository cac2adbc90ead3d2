"""Imports into an empty journal: SQLite builds the index last, and only then finds two events at one place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import SequencedItemConflict
from esjournal.interchange.batches import Batch
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.transfer.importing import import_events
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.given import BAD, content, counts, given, positions
from tests.helpers.stores import journal_with, stored

INDEX = "stored_events_place"


def schema_and_counter(url: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return everything that a SQLite file has besides its rows."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        schema = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master ORDER BY name") if sql]
        return schema, connection.execute("SELECT * FROM sqlite_sequence").fetchall()


def is_sound(journal: Journal, url: str) -> None:
    """Check that positions have no gaps, that places are unique, and that the next append gets the next position."""
    count = len(content(journal))
    assert positions(journal) == list(range(1, count + 1))
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            unique = {name: unique for _, name, unique, *_ in connection.execute("PRAGMA index_list(stored_events)")}
            others = {"stored_events_recorded_at": 0, "stored_events_metadata": 0, "stored_events_event_id": 1}
            assert unique == {INDEX: 1, **others}
    if count:
        with pytest.raises(SequencedItemConflict):
            journal.events.append(next(journal.events.all_items()))
    assert list(journal.events.append(event(None, of="00000000-0000-0000-0000-000000000000"))) == [count + 1]


@pytest.mark.parametrize("times", [2, 3, 9])
@pytest.mark.parametrize("apart", [True, False])
def test_the_same_event_again_and_again_is_appended_once(
    journal: Journal, store_url: str, chunk_size: int, times: int, apart: bool
) -> None:
    events = sequence(4)
    repeated = events * times if apart else [found for found in events for _ in range(times)]
    outcome = import_events(journal, given(*repeated))
    assert counts(outcome) == (4 * times, 4, 4 * (times - 1), 0, 0)
    assert content(journal) == [found[:4] for found in events]
    is_sound(journal, store_url)


def test_events_after_twins_move_up_in_order(journal: Journal, store_url: str, chunk_size: int) -> None:
    one, other = sequence(5), sequence(5, of=OTHER_ID)
    mixed = [one[0], one[0], other[0], one[1], other[0], one[0], other[1], one[2], one[2], one[3], one[4], one[4]]
    outcome = import_events(journal, given(*mixed))
    assert counts(outcome) == (12, 7, 5, 0, 0)
    assert content(journal) == [found[:4] for found in (one[0], other[0], one[1], other[1], one[2], one[3], one[4])]
    is_sound(journal, store_url)


def test_different_events_for_one_place_are_conflicts_at_their_own_lines(
    journal: Journal, store_url: str, chunk_size: int
) -> None:
    files = [
        *given(event(0), BAD, event(1), event(0, '{"x":1}'), source="first"),
        *given(event(1, '{"x":1}'), event(2), event(0, '{"x":2}'), event(1), source="second"),
    ]
    outcome = import_events(journal, iter(files))
    assert counts(outcome) == (8, 3, 1, 3, 1)
    assert [(found.source, found.line, found.event.state) for found in outcome.first_conflicts] == [
        ("first", 4, '{"x":1}'),
        ("second", 1, '{"x":1}'),
        ("second", 3, '{"x":2}'),
    ]
    assert not outcome.committed
    assert content(journal) == []
    is_sound(journal, store_url)


def test_put_aside_the_first_of_twins_stays(journal: Journal, store_url: str, chunk_size: int) -> None:
    aside: list[Problem] = []
    events = [event(0), event(0, '{"x":1}'), event(1), event(0), event(0, '{"x":2}'), event(2)]
    outcome = import_events(journal, given(*events), put_aside=aside.append)
    assert counts(outcome) == (6, 3, 1, 2, 0)
    assert [found.line for found in aside] == [2, 5]
    assert content(journal) == [event(version)[:4] for version in (0, 1, 2)]
    is_sound(journal, store_url)


def test_many_twins_in_many_batches_keep_their_lines(journal: Journal, store_url: str, chunk_size: int) -> None:
    aside: list[Problem] = []
    events = [event(n // 2, f'{{"n":{n}}}') for n in range(400)]
    outcome = import_events(journal, given(*events, size=7), put_aside=aside.append)
    assert counts(outcome) == (400, 200, 0, 200, 0)
    assert [found.line for found in aside] == list(range(2, 401, 2))
    assert [state for *_, state in content(journal)] == [f'{{"n":{n}}}' for n in range(0, 400, 2)]
    is_sound(journal, store_url)


def test_twins_after_an_event_that_is_there_are_found_too(journal: Journal, store_url: str, chunk_size: int) -> None:
    import_events(journal, given(event(0)))
    one, other = event(1), event(2)
    events = [event(0), one, other, one, other._replace(state='{"x":1}'), event(3), one]
    outcome = import_events(journal, given(*events, size=9), put_aside=lambda _: None)
    assert counts(outcome) == (7, 3, 3, 1, 0)
    assert content(journal) == [event(version)[:4] for version in range(4)]
    is_sound(journal, store_url)


ENDINGS: dict[str, list[RecordedEvent | str]] = {
    "no twins": [*sequence(3)],
    "twins": [*sequence(3), *sequence(3)],
    "conflict": [*sequence(3), event(0, '{"x":1}')],
    "bad": [*sequence(3), BAD],
}


@pytest.mark.parametrize("events", ENDINGS.values(), ids=ENDINGS)
def test_a_dry_run_leaves_the_file_as_it_was(
    journal: Journal, store_url: str, chunk_size: int, events: list[RecordedEvent | str]
) -> None:
    before = schema_and_counter(store_url) if store_url.startswith("sqlite") else None
    import_events(journal, given(*events), dry_run=True)
    assert content(journal) == []
    if before is not None:
        assert schema_and_counter(store_url) == before
        assert any(INDEX in sql for sql in before[0])
    is_sound(journal, store_url)


@pytest.mark.parametrize("events", [ENDINGS["conflict"], ENDINGS["bad"]])
def test_an_import_that_is_given_up_leaves_the_file_as_it_was(
    journal: Journal, store_url: str, chunk_size: int, events: list[RecordedEvent | str]
) -> None:
    before = schema_and_counter(store_url) if store_url.startswith("sqlite") else None
    assert not import_events(journal, given(*events)).committed
    if before is not None:
        assert schema_and_counter(store_url) == before
    is_sound(journal, store_url)


@pytest.mark.parametrize("at", [1, 4, 8])
def test_a_failure_while_reading_leaves_the_file_as_it_was(
    journal: Journal, store_url: str, chunk_size: int, at: int
) -> None:
    def broken() -> Iterator[Batch]:
        yield from given(*(sequence(4) * 2)[:at], size=1)
        raise KeyboardInterrupt

    before = schema_and_counter(store_url) if store_url.startswith("sqlite") else None
    with pytest.raises(KeyboardInterrupt):
        import_events(journal, broken())
    if before is not None:
        assert schema_and_counter(store_url) == before
    is_sound(journal, store_url)


@pytest.mark.parametrize("events", [ENDINGS["no twins"], ENDINGS["twins"]])
def test_the_file_is_the_same_after_as_if_it_had_been_written_one_by_one(
    sqlite_url: str, chunk_size: int, events: list[RecordedEvent | str]
) -> None:
    initialise(sqlite_url)
    schema, _ = schema_and_counter(sqlite_url)
    with open_journal(sqlite_url) as journal:
        import_events(journal, given(*events))
    assert schema_and_counter(sqlite_url) == (schema, [("stored_events", 3)])


def test_a_journal_that_was_emptied_continues_after_the_positions_it_had(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("DELETE FROM stored_events")
    with open_journal(sqlite_url) as journal:
        outcome = import_events(
            journal, given(*sequence(2), event(0, '{"n":0}'), event(1, '{"x":1}'), event(5)), put_aside=lambda _: None
        )
        assert counts(outcome) == (5, 3, 1, 1, 0)
    assert [found.global_position for found in stored(sqlite_url)] == [4, 5, 6]

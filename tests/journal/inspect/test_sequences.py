"""The sequences of a journal, on both databases."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.model.typepatterns import Patterns
from esjournal.exceptions import StoreError, StoreFull, StoreUnreachable
from esjournal.journal.inspect import everysequence
from esjournal.journal.inspect.sequences import list_sequences
from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.read import secondreader
from tests.helpers.events import ID, OTHER_ID, TIME, event, sequence
from tests.helpers.given import refilled

IDS = [f"{start}-0000-0000-0000-000000000000" for start in ("00000000", "9b300000", "9b3fffff", "ffffffff")]


def recorded(of: str, version: int, kind: str, minute: int) -> RecordedEvent:
    return RecordedEvent(of, version, kind, "{}", f"2026-01-31T12:{minute:02}:00.000000Z")


def ids(journal: Journal, **options: Any) -> list[str]:
    return [found.originator_id for found in list_sequences(journal, **options)]


def test_a_summary_tells_of_the_first_and_the_last_event_by_their_versions(journal: Journal) -> None:
    refilled(journal, [recorded(ID, 7, "a#Late", 1), recorded(ID, 2, "a#Early", 5), recorded(ID, 3, "a#Between", 9)])
    assert list(list_sequences(journal)) == [
        SequenceSummary(ID, 3, 2, 7, "a#Late", "2026-01-31T12:05:00.000000Z", "2026-01-31T12:01:00.000000Z")
    ]


def test_an_empty_journal_has_no_sequences(journal: Journal) -> None:
    assert ids(journal) == []
    assert ids(journal, types=Patterns(["a*"])) == []


@settings(max_examples=20)
@given(
    owners=st.lists(st.integers(0, 3), max_size=15),
    order=st.sampled_from(SequenceOrder),
    limit=st.none() | st.integers(0, 4),
    prefix=st.sampled_from(["", "0", "9", "9b3", "9b30", "f", "a"]),
    kinds=st.sampled_from([[], ["a#1"], ["a#*"], ["a#1", "b*"], ["none*"], ["none"]]),
)
def test_orders_limits_prefixes_and_types(
    journal: Journal, owners: list[int], order: SequenceOrder, limit: int | None, prefix: str, kinds: list[str]
) -> None:
    events = [
        event(owners[:at].count(owner), of=IDS[owner], event_type=("a#1", "a#2", "b")[at % 3])
        for at, owner in enumerate(owners)
    ]
    refilled(journal, events)
    patterns = Patterns(kinds)
    expected = [
        one
        for one in IDS
        if one.startswith(prefix)
        and any(found.originator_id == one and patterns.match(found.event_type) for found in events)
    ]
    positions = {one: [at for at, owner in enumerate(owners) if IDS[owner] == one] for one in IDS}
    ranks = {
        SequenceOrder.ID: lambda one: one,
        # None of them has a name.
        SequenceOrder.NAME: lambda one: one,
        SequenceOrder.EVENTS: lambda one: -len(positions[one]),
        SequenceOrder.FIRST: lambda one: positions[one][0],
        SequenceOrder.LAST: lambda one: -positions[one][-1],
    }
    expected.sort(key=ranks[order])
    assert ids(journal, prefix=prefix, types=patterns, order=order, limit=limit) == expected[:limit]


def test_more_sequences_than_come_at_a_time_all_come(journal: Journal) -> None:
    events = [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(1_201)]
    refilled(journal, events)
    assert ids(journal) == [found.originator_id for found in events]
    found = list_sequences(journal)
    assert next(found).originator_id == events[0].originator_id
    # A half-read list does not block writers.
    journal.events.append(event(1))
    assert next(found).originator_id == events[1].originator_id


# The value of LONG_SEQUENCE with which all sequences are looked up, and the one with which all events are sorted.
WAYS = {"looked up": 0, "sorted": 1_000}
each_way = pytest.mark.parametrize("long", WAYS.values(), ids=WAYS)


def read(monkeypatch: pytest.MonkeyPatch, long: int, processes: int = 2) -> None:
    """Read all sequences but the first in one of the ways, in a number of processes."""
    monkeypatch.setattr(everysequence, "LONG_SEQUENCE", long)
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: processes == 2)
    monkeypatch.setattr(everysequence, "FEW_SEQUENCES", 1)
    monkeypatch.setattr(everysequence, "EVENTS_OF_A_PART", 4)


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 9), max_size=30),
    long=st.sampled_from([*WAYS.values()]),
    processes=st.sampled_from([1, 2]),
)
@example(lengths=[1] * 6, long=WAYS["looked up"], processes=2)
@example(lengths=[1] * 8, long=WAYS["looked up"], processes=2)
@example(lengths=[1] * 8, long=WAYS["sorted"], processes=2)
@example(lengths=[1] * 8, long=WAYS["sorted"], processes=1)
def test_a_list_is_the_same_however_it_is_read(lengths: list[int], long: int, processes: int, journal: Journal) -> None:
    events = [
        event(version, of=f"{at:08x}-0000-0000-0000-000000000000")
        for at, length in enumerate(lengths)
        for version in range(length)
    ]
    refilled(journal, random.Random(len(events)).sample(events, len(events)))
    looked_up = list(list_sequences(journal))
    with pytest.MonkeyPatch.context() as monkeypatch:
        read(monkeypatch, long, processes)
        assert list(list_sequences(journal)) == looked_up


@each_way
def test_two_processes_list_names(store_url: str, monkeypatch: pytest.MonkeyPatch, long: int) -> None:
    initialise(store_url)
    names = [f"order-{n}" if n % 3 else None for n in range(100)]
    with open_journal(store_url) as journal:
        for n, name in enumerate(names):
            of = f"{n:08x}-0000-0000-0000-000000000000" if name is None else id_of_name(name)
            journal.events.append([event(version, of=of) for version in range(n % 4 + 1)])
    with open_journal(store_url) as journal:
        by_one = list(list_sequences(journal))
        assert {each.sequence_name for each in by_one} == set(names)
        read(monkeypatch, long)
        assert list(list_sequences(journal)) == by_one


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("lists", [0, 3])
def test_sequences_are_looked_up_where_there_is_no_room_to_sort(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, lists: int, processes: int
) -> None:
    initialise(sqlite_url)
    events = [event(version, of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(1_000) for version in (0, 1)]
    with open_journal(sqlite_url) as journal:
        journal.events.append(events)
        looked_up = list(list_sequences(journal))
        read(monkeypatch, WAYS["sorted"], processes)
        reading, refused = journal.events.session.rows_streamed, []

        def without_room(select: str, parameters: Sequence[Any]) -> Iterator[list[Any]]:
            if "CAST(originator_id AS text) IS NULL" not in select:
                yield from reading(select, parameters)
                return
            yield from islice(reading(select, parameters), lists)
            refused.append(select)
            raise StoreFull("no room")

        monkeypatch.setattr(journal.events.session, "rows_streamed", without_room)
        assert list(list_sequences(journal)) == looked_up
        # The second process notes it in its own memory.
        assert refused or processes == 2


@each_way
def test_two_processes_list_what_deletions_have_left(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    events = [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(200)]
    refilled(journal, random.Random(1).sample(events, len(events)))
    with journal.events.session.connection() as connection:
        table = journal.events.session.table_name(journal.events.table.name)
        connection.execute(f"DELETE FROM {table} WHERE global_position < 150 OR global_position % 3 = 0")
    by_one = ids(journal)
    assert len(by_one) == 34
    read(monkeypatch, long)
    assert ids(journal) == by_one


@each_way
def test_two_processes_list_an_event_far_away(journal: Journal, monkeypatch: pytest.MonkeyPatch, long: int) -> None:
    refilled(journal, [event(of=each) for each in IDS])
    with journal.events.session.connection() as connection:
        table = journal.events.session.table_name(journal.events.table.name)
        connection.execute(f"UPDATE {table} SET global_position = {2**62} WHERE global_position = 4")
    read(monkeypatch, long)
    assert ids(journal) == IDS


@each_way
def test_two_processes_list_the_events_that_were_there_when_the_list_began(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    read(monkeypatch, long)
    events = [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(0, 100, 2)]
    refilled(journal, events)
    whole = list(list_sequences(journal))
    found = list_sequences(journal)
    begun = next(found)
    journal.events.append([event(1, of=events[-1].originator_id), event(of=OTHER_ID)])
    assert [begun, *found] == whole


@each_way
def test_a_list_that_two_servers_answer_is_an_error(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    read(monkeypatch, long, processes=1)
    refilled(journal, [event(of=each) for each in IDS])
    found = list_sequences(journal)
    next(found)
    # As if the rest came from a standby, which may lag behind.
    journal.events.session.moves += 1
    with pytest.raises(StoreUnreachable, match="was answered by another server"):
        list(found)


@each_way
def test_a_second_process_has_connections_of_its_own(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    initialise(sqlite_url)
    with open_journal(sqlite_url) as journal:
        journal.events.append([event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(100)])
        read(monkeypatch, long)

        def forget_connections() -> None:
            raise StoreError("forgotten")

        monkeypatch.setattr(journal.events.session, "forget_connections", forget_connections)
        with pytest.raises(StoreError, match="forgotten"):
            list(list_sequences(journal))


@each_way
def test_a_list_that_is_left_early_leaves_no_process(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    processes: list[int] = []
    fork = os.fork

    def noted() -> int:
        processes.append(fork())
        return processes[-1]

    monkeypatch.setattr(os, "fork", noted)
    read(monkeypatch, long)
    refilled(journal, [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(1_000)])
    found = list_sequences(journal)
    assert len(list(islice(found, 500))) == 500
    # On PostgreSQL, the server is the second process.
    assert len(processes) == (journal.events.session.url.path is not None)
    del found
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    journal.events.append(event(1))


def test_summaries_carry_times_in_canonical_form(journal: Journal) -> None:
    refilled(journal, [*sequence(2), event(of=OTHER_ID)])
    found = list(list_sequences(journal))
    assert {each.first_recorded_at for each in found} == {each.last_recorded_at for each in found} == {TIME}


@pytest.mark.parametrize("kind", ["%", "_", "a'b", "Envelope`1[[Created, Shop]]", "*Order"])
def test_types_are_no_part_of_a_statement(journal: Journal, kind: str) -> None:
    refilled(journal, [event(event_type="a"), event(1, event_type=kind)])
    assert ids(journal, types=Patterns([kind])) == [ID]

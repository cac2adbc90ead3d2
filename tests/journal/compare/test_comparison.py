"""Comparing two journals gives the same as a naive comparison of all their events, in the order of places."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.cli.exits import exit_code_of
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.changes import Changes
from esjournal.domain.state.values import Number
from esjournal.exceptions import StoreDamaged, StoreError
from esjournal.infrastructure.sqlalchemy import session
from esjournal.infrastructure.sqlalchemy.postgresql import session as postgresql_session
from esjournal.journal.compare.comparison import Comparison, changes_of
from esjournal.journal.compare.result import Content, Counts, EventDifference, SequenceComparison, Status
from esjournal.journal.journal import Journal
from esjournal.journal.read import secondreader
from esjournal.journal.temporary import open_to_read
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated, row_of, sequence
from tests.helpers.given import refilled
from tests.helpers.stores import execute, file_with, journal_with

IDS = [str(UUID(int=number)) for number in (1, 2, 3, 2**127, 2**128 - 1)]
OTHER_TIME = "2027-01-31T12:00:00.000000Z"
PAGE_SIZES = [2, 500]


@pytest.fixture(params=PAGE_SIZES, ids=lambda size: f"pages of {size}")
def page_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    for module in (session, postgresql_session):
        monkeypatch.setattr(module, "STREAMED_ROWS", size)
    return size


@pytest.fixture(params=["sqlite to sqlite", "sqlite to postgresql", "postgresql to postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Two stores without journals: both in SQLite, both in PostgreSQL, and one in each."""
    kinds = request.param.split(" to ")
    if kinds == ["postgresql", "postgresql"]:
        url: str = request.getfixturevalue("postgres_url")
        return [url, request.getfixturevalue("other_postgres_url")]
    return [
        request.getfixturevalue("postgres_url") if kind == "postgresql" else f"sqlite:///{tmp_path / f'{at}.db'}"
        for at, kind in enumerate(kinds)
    ]


@contextmanager
def opened(*urls: str) -> Iterator[tuple[Journal, Journal]]:
    with open_to_read(urls[0]) as a, open_to_read(urls[1]) as b:
        yield a, b


def compared(
    a: Journal, b: Journal, *, every_sequence: bool = True, by_value: bool = False
) -> tuple[list[EventDifference], dict[str, SequenceComparison], Comparison]:
    comparison = Comparison(a, b, by_value=by_value)
    found = list(comparison.differences(every_sequence=every_sequence))
    events = [difference for difference in found if isinstance(difference, EventDifference)]
    sequences = [difference for difference in found if isinstance(difference, SequenceComparison)]
    assert [one.originator_id for one in sequences] == sorted({one.originator_id for one in sequences})
    return events, {one.originator_id: one for one in sequences}, comparison


def differences(a: str, b: str, **options: Any) -> tuple[list[EventDifference], dict[str, SequenceComparison]]:
    with opened(a, b) as journals:
        return compared(*journals, **options)[:2]


def naively(
    a: Iterable[RecordedEvent], b: Iterable[RecordedEvent]
) -> tuple[list[EventDifference], dict[str, SequenceComparison], Counts]:
    """Compute the same naively, from all events at once."""
    sides = [{row_of(found, 0)[:2]: found for found in side} for side in (a, b)]
    ids_a, ids_b = ({place[0] for place in side} for side in sides)
    events = []
    sequences = {originator_id: SequenceComparison(originator_id, Counts()) for originator_id in sorted(ids_a | ids_b)}
    for place in sorted(sides[0].keys() | sides[1].keys()):
        one, other = (side.get(place) for side in sides)
        counts = sequences[place[0]].events
        counts.in_a += one is not None
        counts.in_b += other is not None
        if one is not None and other is not None and one[2:4] == other[2:4]:
            counts.same += 1
            counts.recorded_otherwise += one.recorded_at != other.recorded_at
            continue
        counts.different += one is not None and other is not None
        counts.only_in_a += other is None
        counts.only_in_b += one is None
        if place[0] in ids_a & ids_b:
            events.append(EventDifference(*place, one and Content(*one[2:4]), other and Content(*other[2:4])))
            if sequences[place[0]].departs_at is None:
                sequences[place[0]].departs_at = place[1]
    totals = Counts()
    for found in sequences.values():
        totals.add(found.events)
    return events, sequences, totals


def drawn_events() -> st.SearchStrategy[list[RecordedEvent]]:
    """Events with few ids, versions, types, states and times, so that much is the same."""
    places = st.tuples(st.sampled_from(IDS), st.integers(0, 3))
    content = st.tuples(st.sampled_from(["a", "a", "a", "b"]), st.sampled_from(["{}", "{}", '{"n":1}']), st.booleans())

    def made(given: dict[tuple[str, int], tuple[str, str, bool]]) -> list[RecordedEvent]:
        return [
            event(version, state, of=of, event_type=kind)._replace(recorded_at=OTHER_TIME if late else TIME)
            for (of, version), (kind, state, late) in given.items()
        ]

    return st.dictionaries(places, content, max_size=15).map(made)


@given(a=drawn_events(), b=drawn_events())
@settings(max_examples=20)
def test_the_merge_finds_the_same_as_a_naive_comparison(
    journals: tuple[Journal, Journal], page_size: int, a: list[RecordedEvent], b: list[RecordedEvent]
) -> None:
    for journal, side in zip(journals, (a, b), strict=True):
        refilled(journal, side)
    events, sequences, comparison = compared(*journals)
    assert (events, sequences, comparison.events) == naively(a, b)
    statuses = [found.status for found in sequences.values()]
    assert comparison.sequences == Counts(
        in_a=len({found.originator_id for found in a}),
        in_b=len({found.originator_id for found in b}),
        same=statuses.count(Status.SAME),
        different=statuses.count(Status.DIFFERENT),
        only_in_a=statuses.count(Status.ONLY_IN_A),
        only_in_b=statuses.count(Status.ONLY_IN_B),
    )
    assert comparison.is_same == all(status is Status.SAME for status in statuses)


@pytest.fixture
def journals(urls: list[str]) -> Iterator[tuple[Journal, Journal]]:
    for url in urls:
        journal_with(url, [])
    with opened(*urls) as pair:
        yield pair


# Where sequences begin, end and are missing


def test_journals_without_events_are_the_same(urls: list[str]) -> None:
    for url in urls:
        journal_with(url, [])
    assert differences(*urls) == ([], {})


@pytest.mark.parametrize("side", [0, 1], ids=["only in B", "only in A"])
def test_sequences_that_one_side_lacks_are_reported_whole(
    journals: tuple[Journal, Journal], page_size: int, side: int
) -> None:
    all_events = [found for originator_id in IDS for found in sequence(3, of=originator_id)]
    refilled(journals[1 - side], all_events)
    status = Status.ONLY_IN_A if side else Status.ONLY_IN_B
    for lacking in (IDS[:1], IDS[2:3], IDS[-2:], IDS):
        refilled(journals[side], [found for found in all_events if found.originator_id not in lacking])
        events, sequences, _ = compared(*journals, every_sequence=False)
        assert events == []
        assert {found.originator_id: (found.status, found.departs_at) for found in sequences.values()} == dict.fromkeys(
            lacking, (status, None)
        )
        assert [found.events.only_in_a + found.events.only_in_b for found in sequences.values()] == [3] * len(lacking)


def test_an_event_that_is_missing_is_where_its_sequence_departs(journals: tuple[Journal, Journal]) -> None:
    events = [*sequence(1_001), *sequence(3, of=OTHER_ID)]
    refilled(journals[0], events)
    for version in (0, 499, 500, 700, 1_000):
        refilled(journals[1], [found for found in events if found[:2] != (ID, version)])
        found, sequences, _ = compared(*journals, every_sequence=False)
        assert found == [EventDifference(ID, version, Content("a.b#C", f'{{"n":{version}}}'), None)]
        assert found[0].status is Status.ONLY_IN_A
        [departing] = sequences.values()
        assert (departing.originator_id, departing.departs_at) == (ID, version)
        assert departing.events == Counts(in_a=1_001, in_b=1_000, same=1_000, only_in_a=1)


def test_a_sequence_comes_after_its_events_and_places_are_in_order(sqlite_url: str, postgres_url: str) -> None:
    journal_with(sqlite_url, [event(version, of=of) for of in reversed(IDS) for version in (10, 9, 2)])
    journal_with(postgres_url, [event(version, "{ }", of=of) for of in IDS for version in (2, 9, 10)])
    with opened(sqlite_url, postgres_url) as journals:
        found = list(Comparison(*journals).differences())
    assert [
        (one.originator_id, one.originator_version if isinstance(one, EventDifference) else None) for one in found
    ] == [(of, version) for of in IDS for version in (2, 9, 10, None)]


def test_a_journal_is_the_same_as_itself(store_url: str) -> None:
    journal_with(store_url, list(generated(1_200)))
    with opened(store_url, store_url) as journals:
        events, sequences, comparison = compared(*journals, every_sequence=False)
        assert (events, sequences) == ([], {})
        assert comparison.is_same
        # The same open journal on both sides, too.
        assert compared(journals[0], journals[0])[2].is_same


def test_a_file_of_events_is_compared_as_a_journal(store_url: str, tmp_path: Path) -> None:
    events = list(generated(300))
    journal_with(store_url, events)
    path = str(file_with(tmp_path / "events.ndjson", events))
    assert differences(path, store_url, every_sequence=False) == ([], {})
    assert differences(path, path, every_sequence=False) == ([], {})
    other = str(file_with(tmp_path / "other.ndjson", events[:-1]))
    assert [found.status for found in differences(store_url, other)[0]] == [Status.ONLY_IN_A]


# What is compared of an event


def test_states_are_compared_as_text(journals: tuple[Journal, Journal]) -> None:
    for state, other in (
        ("{}", "{ }"),
        ('{"a":1.10}', '{"a":1.1}'),
        ("é", "e\u0301"),
        ("secret", "secret "),
        ('{"a":1,"b":2}', '{"b":2,"a":1}'),
    ):
        refilled(journals[0], [event(0, state), event(1, state)])
        refilled(journals[1], [event(0, other), event(1, state)])
        found, sequences, _ = compared(*journals)
        assert found == [EventDifference(ID, 0, Content("a.b#C", state), Content("a.b#C", other))]
        assert sequences[ID].events == Counts(in_a=2, in_b=2, same=1, different=1)


@pytest.mark.parametrize(
    ("state", "other", "same"),
    [
        ('{"a":1.10}', '{"a":1.1}', True),
        ('{"a":1E2,"b":[1,2]}', '{ "b":[1.0,2], "a":100 }', True),
        ('{"a":9007199254740993}', '{"a":9007199254740992}', False),
        ('{"a":0.1}', '{"a":0.1000000000000000055511151231257827}', False),
        ('{"a":1}', '{"a":10}', False),
        ('{"a":-1}', '{"a":1}', False),
        ('{"a":-0.0}', '{"a":0E7}', True),
        ('{"a":"1"}', '{"a":1}', False),
        ('{"a":1}', '{"a":true}', False),
        ('{"a":null}', "{}", False),
        ('{"a":1,"a":2}', '{"a":2}', True),
        ('{"a":{"x":1,"y":2}}', '{"a":{"y":2.0,"x":1}}', True),
        ("[1, 2]", "[1,2.0]", True),
        ("[1,2]", "[2,1]", False),
        ("secret", "secret ", False),
        ("{} ", "{}", True),
        ('{"a":NaN}', '{"a": NaN}', False),
    ],
)
def test_with_by_value_states_are_compared_as_json_values(
    sqlite_url: str, tmp_path: Path, state: str, other: str, same: bool
) -> None:
    b = f"sqlite:///{tmp_path / 'b.db'}"
    journal_with(sqlite_url, [event(0, state)])
    journal_with(b, [event(0, other)])
    assert (differences(sqlite_url, b, by_value=True)[0] == []) is same
    assert differences(sqlite_url, b)[0] != []


def test_types_are_compared_also_by_value(sqlite_url: str, postgres_url: str) -> None:
    journal_with(sqlite_url, [event(0, event_type="a")])
    journal_with(postgres_url, [event(0, event_type="b")])
    found, _ = differences(sqlite_url, postgres_url, by_value=True)
    assert found == [EventDifference(ID, 0, Content("a", "{}"), Content("b", "{}"), True)]


def test_global_positions_do_not_count_and_times_are_counted(urls: list[str]) -> None:
    events = sequence(6)
    journal_with(urls[0], events)
    journal_with(urls[1], [found._replace(recorded_at=OTHER_TIME) for found in reversed(events[:2])] + events[2:])
    with opened(*urls) as journals:
        found, sequences, comparison = compared(*journals, every_sequence=False)
    assert (found, sequences) == ([], {})
    assert comparison.is_same
    assert comparison.events == Counts(in_a=6, in_b=6, same=6, recorded_otherwise=2)


def test_a_time_that_one_side_does_not_know_is_not_compared(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = f"sqlite:///{tmp_path / 'b.db'}"
    for url in (sqlite_url, b):
        journal_with(url, sequence(3))
    with opened(sqlite_url, b) as journals:
        known = journals[0].events.pages_by_place

        def unknown(*, until: int) -> Iterator[Any]:
            for page in known(until=until):
                yield [(*found[:4], None) for found in page]

        monkeypatch.setattr(journals[0].events, "pages_by_place", unknown)
        assert compared(*journals)[2].events == Counts(in_a=3, in_b=3, same=3)


# Which fields differ


@pytest.mark.parametrize(
    ("state", "other", "changes"),
    [
        ('{"a":1,"b":2}', '{"a":1,"b":3}', ({}, {("b",): (Number("2"), Number("3"))}, {})),
        ('{"a":{"b":{"c":1}}}', '{"a":{"b":{"c":2}}}', ({}, {("a", "b", "c"): (Number("1"), Number("2"))}, {})),
        ('{"a":{"b":1}}', '{"a":{}}', ({}, {}, {("a", "b"): Number("1")})),
        ('{"a":{}}', '{"a":{"b":1}}', ({("a", "b"): Number("1")}, {}, {})),
        ('{"a":5}', '{"a":{"b":1}}', ({("a", "b"): Number("1")}, {}, {("a",): Number("5")})),
        ('{"a":5}', '{"a":{}}', ({}, {("a",): (Number("5"), {})}, {})),
        ("{}", '{"a":null}', ({("a",): None}, {}, {})),
        ('{"a":[1,2]}', '{"a":[2,1]}', ({}, {("a",): ([Number("1"), Number("2")], [Number("2"), Number("1")])}, {})),
        ('{"a":1.10}', '{"a":1.1}', ({}, {("a",): (Number("1.10"), Number("1.1"))}, {})),
        ('{"a.b":1}', '{"\\u0061.b":2}', ({}, {("a.b",): (Number("1"), Number("2"))}, {})),
        ('{"a":1}', '{ "a":1}', ({}, {}, {})),
    ],
)
def test_changes_are_the_leaves_that_differ(state: str, other: str, changes: tuple[Any, Any, Any]) -> None:
    difference = EventDifference(ID, 0, Content("t", state), Content("t", other))
    assert changes_of(difference) == Changes(*changes)
    # Long states, which are not parsed first, give the same result.
    padding = f'"padding":"{"x" * 1_000}"'
    long = [text.replace("{", f"{{{padding}{',' if ':' in text else ''}", 1) for text in (state, other)]
    assert changes_of(EventDifference(ID, 0, Content("t", long[0]), Content("t", long[1]))) == Changes(*changes)


def test_numbers_that_mean_the_same_are_no_change_by_value() -> None:
    states = ('{"a":1.10,"b":1,"c":[1.0]}', '{"a":1.1,"b":2,"c":[1]}')
    difference = EventDifference(ID, 0, Content("t", states[0]), Content("t", states[1]), True)
    changes = changes_of(difference)
    assert changes is not None
    assert not changes.added
    assert changes.changed == {("b",): (Number("1"), Number("2"))}
    assert not changes.removed


@pytest.mark.parametrize(("state", "other"), [("secret", "{}"), ("{}", "[]"), ("", "x")])
def test_text_that_is_not_a_json_object_has_no_changes(state: str, other: str) -> None:
    assert changes_of(EventDifference(ID, 0, Content("t", state), Content("t", other))) is None


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_the_first_character_that_differs_is_found(common: str, one: str, other: str) -> None:
    a, b = common + one, common + other
    found = EventDifference(ID, 0, Content("t", a), Content("t", b)).differs_at()
    pairs = enumerate(zip(a, b, strict=False), 1)
    assert found == (None if a == b else next((at for at, (x, y) in pairs if x != y), min(len(a), len(b)) + 1))


def test_states_that_are_deep_are_compared(sqlite_url: str, tmp_path: Path) -> None:
    b = f"sqlite:///{tmp_path / 'b.db'}"
    arrays, objects = '{"a":' + "[" * 499, '{"a":' * 500
    journal_with(sqlite_url, [event(0, f"{arrays}1{']' * 499}}}"), event(1, f"{objects}1{'}' * 500}")])
    journal_with(b, [event(0, f"{arrays}1.0{']' * 499}}}"), event(1, f"{objects}2{'}' * 500}")])
    assert len(differences(sqlite_url, b)[0]) == 2
    [found], _ = differences(sqlite_url, b, by_value=True)
    changes = changes_of(found)
    assert changes is not None
    assert changes.changed == {("a",) * 500: (Number("1"), Number("2"))}


# Changes during a comparison


def test_events_appended_meanwhile_change_nothing(store_url: str, tmp_path: Path) -> None:
    b = f"sqlite:///{tmp_path / 'b.db'}"
    events = list(generated(2_000))
    for url in (store_url, b):
        journal_with(url, events)
    with opened(store_url, b) as journals:
        comparison = Comparison(*journals)
        journals[0].events.append([event(99, of=events[0].originator_id), event(0, of=ID)])
        found = comparison.differences(every_sequence=True)
        next(found)
        journals[1].events.append([event(99, of=events[-1].originator_id), event(0, of=OTHER_ID)])
        assert all(isinstance(one, SequenceComparison) and one.status is Status.SAME for one in found)
        assert comparison.is_same


def test_a_side_that_vanishes_meanwhile_is_an_error_of_the_store(store_url: str, tmp_path: Path) -> None:
    # More than all buffers on the way hold.
    state = json.dumps({"text": "x" * 2_000})
    journal_with(store_url, [event(version, state) for version in range(5_000)])
    other = journal_with(f"sqlite:///{tmp_path / 'b.db'}", [event(version) for version in range(5_000)])
    with opened(store_url, other) as journals:
        found = Comparison(*journals).differences()
        next(found)
        if store_url.startswith("sqlite"):
            os.truncate(store_url.removeprefix("sqlite:///"), 1_000_000)
        else:
            execute(
                store_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' "
                "AND datname = current_database() AND application_name = 'esjournal' "
                "AND query LIKE '%stored_events%' AND pid <> pg_backend_pid()",
            )
        with pytest.raises(StoreError) as raised:
            list(found)
        assert exit_code_of(raised.value) == 5


def test_two_processes_find_what_one_does(urls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    events = list(generated(1_500))
    journal_with(urls[0], events)
    journal_with(urls[1], [*events[:700], *(found._replace(state="{}") for found in events[700:720]), *events[721:]])
    expected = differences(*urls)
    assert len(expected[0]) == 21
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    assert differences(*urls) == expected


def test_a_journal_is_compared_with_itself_in_two_processes(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_with(store_url, list(generated(3_000)))
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    with open_to_read(store_url) as journal:
        assert compared(journal, journal)[2].events == Counts(in_a=3_000, in_b=3_000, same=3_000)


def test_a_file_of_events_is_compared_in_one_process(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = list(generated(1_500))
    journal_with(store_url, events)
    path = str(file_with(tmp_path / "events.ndjson", events))
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    other = str(file_with(tmp_path / "other.ndjson", [*events[:-1], event(0)]))
    for pair in ((store_url, path), (path, store_url), (path, path)):
        assert differences(*pair, every_sequence=False) == ([], {})
    for pair, sides in (((store_url, other), "ab"), ((other, store_url), "ba")):
        [found], sequences = differences(*pair, every_sequence=False)
        assert found.status == f"only_in_{sides[0]}"
        assert sequences[ID].status == f"only_in_{sides[1]}"


@pytest.mark.parametrize("beside", [False, True], ids=["one process", "two"])
@pytest.mark.parametrize("side", [0, 1])
def test_a_journal_that_is_damaged_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int, beside: bool
) -> None:
    paths = [tmp_path / "a.db", tmp_path / "b.db"]
    for path in paths:
        journal_with(str(path), list(generated(3_000)))
    if beside:
        monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
        monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    content = bytearray(paths[side].read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 40_960] = b"\xff" * 40_960
    paths[side].write_bytes(content)
    with opened(*map(str, paths)) as journals, pytest.raises(StoreDamaged, match=paths[side].name):
        compared(*journals)


@pytest.mark.parametrize(
    "change",
    ["originator_version = 'x'", "originator_id = x'00ff'", "state = x'05'", "event_type = x'1b5b'", "state = NULL"],
)
def test_a_field_of_another_kind_is_damage(sqlite_url: str, tmp_path: Path, change: str) -> None:
    b = f"sqlite:///{tmp_path / 'b.db'}"
    for url in (sqlite_url, b):
        journal_with(url, sequence(3))
    execute(
        b,
        "CREATE TABLE loose AS SELECT * FROM stored_events",
        "DROP TABLE stored_events",
        "ALTER TABLE loose RENAME TO stored_events",
        f"UPDATE stored_events SET {change} WHERE originator_version = 1",
    )
    with (
        opened(sqlite_url, b) as journals,
        pytest.raises(StoreDamaged, match=r"b\.db is damaged: \w+ .* is \w+, not \w+, at originator_id "),
    ):
        compared(*journals)

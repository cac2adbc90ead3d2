"""Everything wrong in a journal is found, on both databases, and nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from esjournal.domain.findings import Finding, FindingKind
from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.journal.inspect.verification import Verification, open_to_verify
from esjournal.journal.journal import open_journal
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.stores import execute, file_with, journal_with


class Opened(DomainEvent):
    pass


def findings(url: str | Path, *, mapped: bool = False) -> list[Finding]:
    found: list[Finding] = []
    with open_to_verify(str(url), found.append) as (journal, _):
        return found + list(Verification(journal, mapped=mapped).findings())


def places(url: str | Path, *, mapped: bool = False) -> list[tuple[str, str]]:
    return [finding[:2] for finding in findings(url, mapped=mapped)]


@pytest.fixture
def url(store_url: str) -> str:
    """Versions 0 to 5 of one sequence at the positions 1 to 6, and 0 and 1 of another at 7 and 8."""
    return journal_with(store_url, [*sequence(6), *sequence(2, of=OTHER_ID)])


STATE = '{"a":[1.10,\n"\\u0000", {}]}'


@pytest.mark.parametrize(
    "events",
    [
        [],
        sequence(3),
        [event(1), event(2)],
        [event(1, STATE), event(0, STATE)],
        [event(0, '{"a":' + "9" * 300 + "}"), event(1, '{"a":1e307}')],
        list(generated(2 * PAGE_SIZE + 1)),
    ],
    ids=["empty", "from 0", "from 1", "unusual states", "long numbers", "pages"],
)
def test_a_journal_that_is_sound_has_no_findings(store_url: str, events: list[RecordedEvent]) -> None:
    journal_with(store_url, events)
    with open_journal(store_url) as journal:
        verification = Verification(journal)
        assert list(verification.findings()) == []
        assert (verification.events, verification.is_damaged) == (len(events), False)


MOVED = "UPDATE stored_events SET global_position ="
BROKEN = [
    (
        f"INSERT INTO esjournal SELECT '{OTHER_ID}', schema_version, created_at FROM esjournal",
        ["schema esjournal"],
    ),
    (
        "DELETE FROM stored_events WHERE global_position IN (3, 4)",
        ["missing-position 3..4", f"missing-version {ID}@2..3"],
    ),
    ("DELETE FROM stored_events WHERE global_position = 5", ["missing-position 5", f"missing-version {ID}@4"]),
    ("DELETE FROM stored_events WHERE global_position = 7", ["missing-position 7"]),
    ("DELETE FROM stored_events WHERE global_position < 3", ["missing-position 1..2", f"missing-version {ID}@0..1"]),
    (
        "UPDATE stored_events SET global_position = -1 WHERE global_position = 2",
        ["missing-position 2", "bad-position -1"],
    ),
    (
        "UPDATE stored_events SET global_position = 0 WHERE global_position = 1",
        ["missing-position 1", "bad-position 0"],
    ),
    (
        f"{MOVED} 4000000000000000000 WHERE global_position = 8",
        ["missing-position 8..3999999999999999999"],
    ),
    ("UPDATE stored_events SET originator_version = 9 WHERE global_position = 6", [f"missing-version {ID}@5..8"]),
    (
        "UPDATE stored_events SET originator_version = -2 WHERE global_position = 1",
        ["bad-version 1", f"missing-version {ID}@0"],
    ),
    (
        "UPDATE stored_events SET originator_version = 9223372036854775807 WHERE global_position = 6",
        [f"missing-version {ID}@5..9223372036854775806"],
    ),
    ("UPDATE stored_events SET event_type = '' WHERE global_position = 2", ["bad-type 2"]),
    ("UPDATE stored_events SET event_type = 'a' || chr(27) WHERE global_position = 2", ["bad-type 2"]),
    ("UPDATE stored_events SET state = 'c2VjcmV0'", [f"bad-state {position}" for position in range(1, 9)]),
    ("UPDATE stored_events SET state = '[]' WHERE global_position = 8", ["bad-state 8"]),
    ("UPDATE stored_events SET state = '{\"a\":NaN}' WHERE global_position = 8", ["bad-state 8"]),
    ("UPDATE stored_events SET state = '{\"a\":1e400}' WHERE global_position = 8", ["bad-state 8"]),
    ("UPDATE stored_events SET state = '{' || chr(10) || '}' WHERE global_position = 8", []),
]


@pytest.mark.parametrize(("statement", "expected"), BROKEN, ids=[statement for statement, _ in BROKEN])
def test_a_problem_is_reported_where_it_is(url: str, statement: str, expected: list[str]) -> None:
    execute(url, statement.replace("chr(", "char(") if url.startswith("sqlite") else statement)
    assert [" ".join(place) for place in places(url)] == expected


@pytest.mark.parametrize("missing", [1, 499, 500, 501, 1_000, 1_001, 1_200])
def test_a_missing_event_is_found_wherever_a_page_ends(store_url: str, missing: int) -> None:
    journal_with(store_url, [*generated(1_200), event(0)])
    execute(store_url, f"DELETE FROM stored_events WHERE global_position = {missing}")
    assert [place for place in places(store_url) if place[0] == "missing-position"] == [
        ("missing-position", str(missing))
    ]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE stored_events SET originator_id = upper(originator_id) WHERE global_position = 7", ["bad-id 7"]),
        ("UPDATE stored_events SET originator_id = 'x' WHERE global_position = 7", ["bad-id 7"]),
        ("UPDATE stored_events SET recorded_at = 'yesterday' WHERE global_position = 7", ["bad-moment 7"]),
        ("UPDATE stored_events SET recorded_at = '2026-01-31T12:00:00Z' WHERE global_position = 7", ["bad-moment 7"]),
        ("DELETE FROM stored_events WHERE global_position > 6", ["missing-position 7..8"]),
        ("DELETE FROM stored_events", ["missing-position 1..8"]),
    ],
)
def test_what_sqlite_lets_happen_is_found(sqlite_url: str, statement: str, expected: list[str]) -> None:
    journal_with(sqlite_url, [*sequence(6), *sequence(2, of=OTHER_ID)])
    execute(sqlite_url, statement)
    assert [" ".join(place) for place in places(sqlite_url)] == expected


def test_a_time_that_postgresql_has_and_we_have_not_is_found(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(2))
    execute(postgres_url, "UPDATE stored_events SET recorded_at = 'infinity' WHERE global_position = 2")
    assert places(postgres_url) == [("bad-moment", "2")]


def test_two_events_with_one_version_and_one_position_are_found(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    execute(
        postgres_url,
        "ALTER TABLE stored_events DROP CONSTRAINT stored_events_pkey",
        "ALTER TABLE stored_events DROP CONSTRAINT stored_events_global_position_key",
        "INSERT INTO stored_events SELECT * FROM stored_events WHERE global_position = 2",
    )
    found = places(postgres_url)
    assert found[:2] == [("index", "stored_events")] * 2
    assert found[2:] == [("bad-position", "2"), ("conflict", f"{ID}@1")]


def test_events_that_map_to_no_class_are_found_on_request(store_url: str) -> None:
    topic = Opened.__topic__
    events = [
        event(0, '{"a":1}', event_type=topic),
        event(1, '{"a":{"__type__":"no.such#Type"}}', event_type=topic),
        event(2, "{}", event_type="no.such#Event"),
        event(3, "[]", event_type="no.such#Event"),
    ]
    journal_with(store_url, events)
    assert places(store_url) == [("bad-state", "4")]
    found = places(store_url, mapped=True)
    assert ("unmapped", "3") in found
    assert ("unmapped", "1") not in found
    assert ("bad-state", "4") in found
    # A type that breaks a rule is not also reported as unmapped.
    assert ("unmapped", "4") not in found


def test_an_event_that_cannot_be_read_is_found_and_the_others_are_verified(sqlite_url: str) -> None:
    journal_with(sqlite_url, list(generated(700)))
    execute(sqlite_url, "UPDATE stored_events SET state = CAST(x'7b22ff7d' AS text) WHERE global_position = 300")
    execute(sqlite_url, "UPDATE stored_events SET state = 'x' WHERE global_position IN (299, 301, 600)")
    with open_journal(sqlite_url) as journal:
        verification = Verification(journal, digested=True)
        found = list(verification.findings())
    assert [finding[:2] for finding in found] == [
        ("bad-state", "299"),
        ("integrity", "300"),
        ("bad-state", "301"),
        ("bad-state", "600"),
    ]
    assert found[1].detail == "the event cannot be read: a text is not UTF-8"
    assert (verification.events, verification.digest, verification.is_damaged) == (699, None, True)


def test_a_value_of_another_class_is_found_and_leaves_no_digest(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'stored_events'")
    execute(sqlite_url, "UPDATE stored_events SET state = x'00', originator_version = 'one' WHERE global_position = 2")
    with open_journal(sqlite_url) as journal:
        verification = Verification(journal, digested=True)
        found = {finding[:2] for finding in verification.findings()}
    assert {("schema", "stored_events"), ("bad-version", "2"), ("bad-state", "2")} <= found
    assert (verification.digest, verification.is_damaged) == (None, True)


def test_events_appended_meanwhile_are_not_verified(url: str) -> None:
    with open_journal(url) as journal:
        verification = Verification(journal)
        journal.events.append(event(6, "no JSON"))
        assert list(verification.findings()) == []
        assert verification.events == 8


def test_progress_gets_the_number_of_events_read(store_url: str) -> None:
    journal_with(store_url, list(generated(1_200)))
    told: list[int] = []
    with open_journal(store_url) as journal:
        assert list(Verification(journal).findings(told.append)) == []
    assert told == [500, 1_000, 1_200]


def test_lines_of_a_file_that_are_no_events_are_found_and_the_others_are_verified(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", [event(0), event(1, "secret"), event(3), event(3, '{"a":1}')])
    with path.open("a") as file:
        file.write("nonsense\n")
    assert sorted(places(path)) == [
        ("bad-line", f"{path}:5"),
        ("bad-state", "2"),
        ("conflict", f"{path}:4"),
        ("missing-version", f"{ID}@2"),
    ]


def test_events_that_vanish_while_others_are_verified_are_missing(url: str) -> None:
    with open_journal(url) as journal:
        verification = Verification(journal)
        execute(url, "DELETE FROM stored_events WHERE global_position > 6")
        first = next(verification.findings())
    assert first == Finding(FindingKind.MISSING_POSITION, "7..8", "2 events missing")

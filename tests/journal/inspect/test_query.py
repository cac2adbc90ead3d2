"""SQL over the events of a journal: the same answers on every store, whatever part of the journal is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.model.sequencenames import id_of_name
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy import activerecords
from esjournal.interchange import arrowevents
from esjournal.interchange.sqlquery import Scans, Table, answering, scans_of
from esjournal.journal.inspect import query as module
from esjournal.journal.inspect.query import QueriedPart, query
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.read import secondreader
from esjournal.journal.read.selection import Selection
from esjournal.journal.temporary import open_to_read
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated
from tests.helpers.other_libraries.tables import TABLES, writer
from tests.helpers.stores import file_with, journal_with

NAMED = id_of_name("order-1")
EVENTS = [
    event(0, '{"n":1,"owner":"Ann"}', event_type="a#Opened"),
    event(0, '{"n":2.50}', of=NAMED, event_type="a#Opened")._replace(metadata='{"user":"eve"}'),
    event(1, '{"n":3}', event_type="a#Paid"),
    event(0, '{"n":4}', of=OTHER_ID, event_type="b#Closed"),
]
QUERIES = [
    "from events order by position",
    "select count(*) n from events",
    "select state->>'owner' o, sum((state->>'n')::decimal(9, 2)) s from events group by 1 order by 1",
    "from sequences order by id",
    "select s.name, e.metadata->>'user' u from sequences s join events e using (id) order by e.position",
    "select a.n, b.n from (select state->>'n' n, version from events) a, (select name n, version from events) b "
    "where a.version = b.version order by all",
    "with c as materialized (from events) select max(c.type) t, max(d.recorded_at) r from c, c d",
    "select columns('v.*') from events order by position",
    "select x from events t(w, x, y) order by position",
    "from events where recorded_at < timestamptz '2026-02-01' and id = '" + ID + "' order by position",
    "select (select max(position) from events) m, (select count(*) from sequences) n, exists (from events) e",
    "select count(*) n from events where metadata is null",
    "from (from events union all from events) order by position limit 3",
    "with recursive r(p) as (select 1 union all select p + 1 from r, events where position = p) select max(p) m from r",
    "summarize select version from events",
]


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    with open_journal(journal_with(store_url, EVENTS)) as journal:
        yield journal


def answer(journal: Journal, sql: str, part: QueriedPart = module.ALL) -> list[dict[str, Any]]:
    with query(journal, sql, part) as found:
        return [row for batch in found.batches for row in batch.to_pylist()]


def test_the_answer_is_the_same_on_a_journal_and_a_file(journal: Journal, tmp_path: Path) -> None:
    file = file_with(tmp_path / "events.ndjson", EVENTS)
    for sql in QUERIES:
        with open_to_read(str(file)) as of_file:
            assert answer(journal, sql) == answer(of_file, sql), sql


@pytest.mark.parametrize("sql", QUERIES)
def test_reading_only_what_a_query_needs_changes_no_answer(
    journal: Journal, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer(journal, sql)
    monkeypatch.setattr(module, "scans_of", lambda *given: replace(scans_of(*given), columns=None))
    assert answer(journal, sql) == found


@pytest.mark.parametrize("sql", QUERIES)
def test_reading_in_other_processes_changes_no_answer(
    journal: Journal, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer(journal, sql)
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    assert answer(journal, sql) == found


def test_pages_follow_each_other(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activerecords, "PAGE_SIZE", 2)
    assert answer(journal, "select position p, state->>'n' n from events order by 1") == [
        {"p": 1, "n": "1"},
        {"p": 2, "n": "2.5"},
        {"p": 3, "n": "3"},
        {"p": 4, "n": "4"},
    ]


def test_a_part_of_a_journal_is_what_both_tables_have(journal: Journal) -> None:
    sql = (
        "select (select list(position order by position) from events) e, (select list(id order by id) from sequences) s"
    )
    parts = [
        (QueriedPart(Selection(types=Patterns(["a#*"]))), [1, 2, 3]),
        (QueriedPart(Selection(names=Patterns(["order-*"]))), [2]),
        (QueriedPart(Selection(last_position=2), after=1), [2]),
        (QueriedPart(limit=2), [1, 2]),
        (QueriedPart(after=3), [4]),
    ]
    ids = [str(each.originator_id) for each in EVENTS]
    for part, positions in parts:
        [found] = answer(journal, sql, part)
        assert found == {"e": positions, "s": sorted({ids[position - 1] for position in positions})}


def test_an_event_that_comes_while_a_query_runs_is_in_no_table(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = module._Reading.batches
    versions = iter(range(7, 99))

    def after_another_came(reading: module._Reading) -> Iterator[Any]:
        journal.events.append(event(next(versions)))
        return batches(reading)

    monkeypatch.setattr(module._Reading, "batches", after_another_came)
    sql = "select a.n a, b.n b from (select count(id) n from events) a, (select count(type) n from events) b"
    assert answer(journal, sql) == [{"a": 4, "b": 4}]


def test_the_first_recording_time_of_a_sequence_is_that_of_its_first_event(tmp_path: Path) -> None:
    fields: dict[str, list[Any]] = {
        "originator_id": [ID, ID],
        "originator_version": [0, 1],
        "recorded_at": [None, TIME],
        "event_type": ["a", "b"],
    }
    batch = arrowevents.completed(arrowevents.batch_of(fields, ["id", "version", "recorded_at", "type"]))
    events = Table(arrowevents.SCHEMA, lambda: iter([batch]))
    with answering("from sequences", str(tmp_path), {"events": events}, {"sequences": module.SEQUENCES}) as found:
        [row] = [row for batch in found.batches for row in batch.to_pylist()]
    assert row["first_recorded_at"] is None
    assert row["last_recorded_at"] is not None
    assert row["last_type"] == "b"


def test_sequences_are_found_without_reading_a_state(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def pages_of_columns(strategy: object, names: list[str], **given: int) -> Iterator[Any]:
        read.extend(names)
        return iter(())

    monkeypatch.setattr(activerecords.SQLAlchemyActiveRecordStrategy, "pages_of_columns", pages_of_columns)
    answer(journal, "from sequences")
    assert read
    assert "state" not in read
    assert "metadata" not in read


def test_an_unknown_recording_time_of_the_first_event_is_null(postgres_url: str) -> None:
    with writer(postgres_url) as connection:
        connection.execute(TABLES["eventsourcing"])
        for version, state in ((1, '{"n":1.10}'), (2, "gAAAA")):
            connection.execute(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s)",
                (ID, version, "a:Opened", state.encode()),
            )
    with open_journal(f"{postgres_url}&layout=eventsourcing") as others:
        assert answer(others, "select version v, state->>'n' n, json_type(state) t from events order by 1") == [
            {"v": 1, "n": "1.1", "t": "OBJECT"},
            {"v": 2, "n": None, "t": "VARCHAR"},
        ]
        [found] = answer(others, "from sequences")
        assert (found["id"], found["events"], found["first_recorded_at"]) == (ID, 2, None)


def test_a_journal_of_many_events_is_read_in_another_process(tmp_path: Path) -> None:
    with open_journal(journal_with(str(tmp_path / "j.db"), generated(60_000))) as journal:
        assert (
            answer(journal, "select count(*) n, count(distinct id) ids, max(position) p from events")[0]["n"] == 60_000
        )


def test_a_plan_without_columns_reads_all_of_them(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "scans_of", lambda *given: Scans(1, None))
    assert [row["version"] for row in answer(journal, "from events order by position")] == [0, 0, 1, 0]

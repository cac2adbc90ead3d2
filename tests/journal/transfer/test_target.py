"""The target of a copy: events that are already there are found, and files are written from the start."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.exporting import export_events
from esjournal.journal.transfer.options import TransferOptions
from esjournal.journal.transfer.pagebatches import batch_of_page
from esjournal.journal.transfer.source import JournalSource
from esjournal.journal.transfer.target import counterparts_in_file, counterparts_in_journal, open_target, write_file
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated, row_of, sequence
from tests.helpers.given import counts
from tests.helpers.stores import file_with

Strategy = Any


@pytest.fixture
def looked_up(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of events in each look-up."""
    found: list[int] = []
    look_up = journal.events.stored_at

    def counting(items: Sequence[RecordedEvent]) -> object:
        found.append(len(items))
        return look_up(items)

    monkeypatch.setattr(journal.events, "stored_at", counting)
    return found


def found_in(journal: Journal, events: Sequence[RecordedEvent], size: int) -> list[tuple[Any, ...] | None]:
    find = counterparts_in_journal(journal)
    return [row for start in range(0, len(events), size) for row in find([*map(tuple, events[start : start + size])])]


def content(rows: Sequence[tuple[Any, ...] | None]) -> list[tuple[Any, ...] | None]:
    return [row and row[:4] for row in rows]


# What is found in a journal


@pytest.mark.parametrize("size", [1, 7, 100])
def test_after_the_first_page_events_in_order_are_not_looked_up(
    journal: Journal, looked_up: list[int], size: int
) -> None:
    events = list(generated(60, sequences=7))
    journal.events.append([*sequence(5), *events])
    assert content(found_in(journal, events, size)) == content(events)
    assert looked_up == [min(size, 60)]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_events_in_any_order_are_found_wherever_they_stand(journal: Journal, size: int) -> None:
    events = list(generated(60, sequences=7))
    journal.events.append(events)
    for order in (sorted(events), events[::-1], [*events[30:], *events[:30]]):
        assert content(found_in(journal, order, size)) == content(order)


@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_what_others_wrote_in_between_does_not_matter(journal: Journal, size: int) -> None:
    events = list(generated(60, sequences=7))
    for at, found in enumerate(events):
        journal.events.append([found, *([event(at, of=OTHER_ID)] if at % 5 == 0 else [])])
    assert content(found_in(journal, events, size)) == content(events)


@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_a_missing_event_is_none_and_the_ones_after_it_are_found(journal: Journal, size: int) -> None:
    events = list(generated(60, sequences=7))
    gone = {0, 6, 7, 30, 59}
    journal.events.append(found for at, found in enumerate(events) if at not in gone)
    expected = [None if at in gone else found[:4] for at, found in enumerate(events)]
    assert content(found_in(journal, events, size)) == expected


def test_an_event_with_another_content_is_found_at_its_place(journal: Journal) -> None:
    journal.events.append([event(0), event(1, '{"x":1}'), event(2)])
    assert content(found_in(journal, [event(0), event(1), event(2)], 1)) == content(
        [event(0), event(1, '{"x":1}'), event(2)]
    )


# What is found in a file


def test_events_of_a_file_are_found_in_their_order(tmp_path: Path) -> None:
    events = sequence(9)
    file = file_with(tmp_path / "e.ndjson", events)
    with counterparts_in_file(str(file)) as find:
        assert content([*find(events[:4]), *find(events[4:])]) == content(events)
        assert find([event(9)]) == [None]
    with counterparts_in_file(str(file)) as find:
        assert content(find([event(0), event(7)])) == [events[0][:4], None]


def test_a_line_of_any_length_is_found_again(tmp_path: Path) -> None:
    long = event(0, f'{{"a":"{"x" * 17_000_000}"}}')
    for name in ("e.ndjson", "e.csv"):
        assert written(tmp_path / name, rows(long)) == (1, 1, 0, 0, 0)
        with counterparts_in_file(str(tmp_path / name)) as find:
            assert content(find([long])) == [long[:4]]


# Files that are written


def written(path: Path, rows: Sequence[tuple[Any, ...]], **options: Any) -> tuple[int, int, int, int, int]:
    outcome = write_file(str(path), [batch_of_page("old.db", rows)], **options)
    return counts(outcome)


def rows(*events: RecordedEvent) -> list[EventRow]:
    return [row_of(found, position) for position, found in enumerate(events, 1)]


@pytest.mark.parametrize(("name", "file_format"), [("e.ndjson", FileFormat.NDJSON), ("e.csv", FileFormat.CSV)])
def test_a_file_is_byte_for_byte_what_an_export_writes(
    journal: Journal, tmp_path: Path, name: str, file_format: FileFormat
) -> None:
    journal.events.append(generated(1_203))
    exported = BytesIO()
    export_events(journal, exported, file_format)
    with journal.events.session.snapshot():
        outcome = write_file(str(tmp_path / name), JournalSource(journal, 0).batches())
        write_file(str(tmp_path / f"{name}.gz"), JournalSource(journal, 0).batches())
    assert (counts(outcome), outcome.committed) == ((1_203, 1_203, 0, 0, 0), True)
    assert (tmp_path / name).read_bytes() == exported.getvalue()
    assert gzip.decompress((tmp_path / f"{name}.gz").read_bytes()) == exported.getvalue()


@pytest.mark.parametrize("name", ["e.ndjson", "e.csv"])
def test_an_event_without_a_time_is_written_without_one(tmp_path: Path, name: str) -> None:
    assert written(tmp_path / name, rows(event(0), event(1)._replace(recorded_at=None))) == (2, 2, 0, 0, 0)
    with counterparts_in_file(str(tmp_path / name)) as find:
        assert [found and found[4] for found in find([event(0), event(1)])] == [TIME, None]
    assert "None" not in (tmp_path / name).read_text()


def test_a_bad_event_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "e.ndjson"
    file.write_text("old\n")
    assert written(file, rows(event(0), event(1, event_type=""), event(2))) == (3, 2, 0, 0, 1)
    assert file.read_text() == "old\n"
    assert [found.name for found in tmp_path.iterdir()] == ["e.ndjson"]


def test_rejected_events_are_left_out_of_the_file(tmp_path: Path) -> None:
    aside: list[Problem] = []
    found = rows(event(0), event(1, event_type=""), event(2))
    assert written(tmp_path / "e.ndjson", found, put_aside=aside.append) == (3, 2, 0, 0, 1)
    assert [problem.line for problem in aside] == [2]
    assert (tmp_path / "e.ndjson").read_text().count("\n") == 2
    (tmp_path / "e.ndjson").unlink()
    assert written(tmp_path / "e.ndjson", found, put_aside=aside.append, max_put_aside=0)[4] == 1
    assert not (tmp_path / "e.ndjson").exists()


def test_a_dry_run_writes_nothing_and_counts_the_same(tmp_path: Path) -> None:
    assert written(tmp_path / "e.ndjson", rows(event(0), event(1, event_type="")), dry_run=True) == (2, 1, 0, 0, 1)
    assert list(tmp_path.iterdir()) == []


def test_csv_takes_only_states_that_come_back_from_it(tmp_path: Path) -> None:
    odd = ["gAAAA==", '{"a":1e999}', "[1]", ""]
    fitting = ['{"a":\n1}', '{"a":"é",\r"b":1}', "{}"]
    found = rows(*(event(version, state) for version, state in enumerate([*odd, *fitting])))
    aside: list[Problem] = []
    assert written(tmp_path / "e.csv", found, put_aside=aside.append) == (7, 3, 0, 0, 4)
    assert [problem.line for problem in aside] == [1, 2, 3, 4]
    assert "CSV takes JSON objects only: copy to a file of NDJSON" in str(aside[0])
    with counterparts_in_file(str(tmp_path / "e.csv")) as find:
        wanted = [event(version, state) for version, state in enumerate(fitting, 4)]
        assert content(find(wanted)) == content(wanted)
    assert written(tmp_path / "e.ndjson", found) == (7, 7, 0, 0, 0)


def test_bad_lines_of_csv_are_reported_in_the_order_of_the_source(tmp_path: Path) -> None:
    aside: list[Problem] = []
    found = rows(event(0, "x"), event(1, event_type=""), event(2, "y"))
    written(tmp_path / "e.csv", found, put_aside=aside.append)
    assert [problem.line for problem in aside] == [1, 2, 3]


def test_a_target_is_what_its_name_says(store_url: str, journal: Journal, tmp_path: Path) -> None:
    batches, read = [batch_of_page("x", rows(event(0)))], list[int]()
    with open_target(store_url) as target:
        assert target.journal is not None
        assert target.journal.journal_id == journal.journal_id
        assert counts(target.take(batches, TransferOptions(), None, read.append)) == (1, 1, 0, 0, 0)
        with target.counterparts() as find:
            assert content(find([event(0)])) == [event(0)[:4]]
    with open_target(str(tmp_path / "e.ndjson")) as target:
        assert target.journal is None
        assert counts(target.take(batches, TransferOptions(), None, read.append)) == (1, 1, 0, 0, 0)
        with target.counterparts() as find:
            assert content(find([event(0)])) == [event(0)[:4]]
        assert ID in (tmp_path / "e.ndjson").read_text()
    assert read == [1, 1]

"""Any journal, exported and imported, is the same journal, byte for byte, on both databases and between them."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.typepatterns import Patterns
from esjournal.exceptions import InvalidData, SequencedItemConflict
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import (
    RecordedEventRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
)
from esjournal.interchange import ndjson
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.inputfiles import read_events
from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.read.selection import Selection
from esjournal.journal.transfer.exporting import export_events
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.pagebatches import batch_of_page
from tests.helpers.events import OTHER_ID, TIME, event, generated, json_states, recorded_events, sequence
from tests.helpers.memory import FULL, GROWTH_TO_THRICE_FULL, THRICE_FULL, peak_kibibytes
from tests.helpers.stores import file_with, journal_with


def exported(journal: Journal, file_format: FileFormat = FileFormat.NDJSON, **options: Any) -> bytes:
    stream = io.BytesIO()
    count = export_events(journal, stream, file_format, **options).events
    if file_format is FileFormat.NDJSON:
        assert count == stream.getvalue().count(b"\n")
    return stream.getvalue()


def emptied(journal: Journal) -> None:
    with journal.events.session.connection() as connection:
        connection.execute(f"DELETE FROM {journal.events.session.table_name(RecordedEventRecord.__table__.name)}")
        if "sqlite" in journal.shown_url:
            connection.execute("DELETE FROM sqlite_sequence")


def imported(journal: Journal, path: Path, data: bytes, file_format: FileFormat = FileFormat.NDJSON) -> None:
    path.write_bytes(data)
    emptied(journal)
    with byte_stream(str(path)) as opened:
        outcome = import_events(journal, read_events(opened, file_format))
    assert outcome.committed


@settings(max_examples=20)
@given(st.lists(recorded_events(), max_size=6, unique_by=lambda found: found[:2]))
def test_any_journal_exports_and_imports_to_the_same_bytes_on_both_databases_and_across_them(
    sqlite_url: str, postgres_url: str, tmp_path: Path, events: list[RecordedEvent]
) -> None:
    for url in (sqlite_url, postgres_url):
        initialise(url)
    data = b"".join(
        ndjson.line_of(found._replace(global_position=position)).encode() + b"\n"
        for position, found in enumerate(events, 1)
    )
    with open_journal(sqlite_url) as one, open_journal(postgres_url) as other:
        for journal in (one, other, one):
            imported(journal, tmp_path / "events.ndjson", data)
            assert exported(journal) == data


@settings(max_examples=10)
@given(st.lists(json_states(), max_size=4))
def test_a_journal_of_json_objects_goes_through_csv_unchanged(
    sqlite_url: str, postgres_url: str, tmp_path: Path, states: list[str]
) -> None:
    with open_journal(journal_with(sqlite_url, [])) as one, open_journal(journal_with(postgres_url, [])) as other:
        emptied(one)
        one.events.append([event(version, state) for version, state in enumerate(states)])
        data = exported(one, FileFormat.CSV)
        imported(other, tmp_path / "events.csv", data, FileFormat.CSV)
        assert exported(other, FileFormat.CSV) == data
        assert exported(other) == exported(one)


@settings(max_examples=20)
@given(
    st.lists(
        st.builds(
            StoredEvent,
            st.uuids() | st.uuids().map(str) | st.none(),
            st.integers(-3, 3) | st.sampled_from([2**63 - 1, 2**63, 1.5, 1.0, True, "7", Decimal(7)]),
            st.text() | st.text(min_size=250, max_size=260) | st.characters(codec=None) | st.sampled_from([b"a#B", 5]),
            st.text(st.characters(codec=None)) | st.binary() | json_states(),
        ),
        max_size=12,
    )
)
def test_what_the_library_takes_is_taken_by_imports_and_copies_too(
    store_url: str, sqlite_url: str, tmp_path: Path, events: list[StoredEvent]
) -> None:
    with open_journal(journal_with(store_url, [])) as one, open_journal(journal_with(sqlite_url, [])) as other:
        emptied(one)
        library = SQLAlchemyActiveRecordStrategy(
            session=one.events.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        taken = []
        for found in events:
            with suppress(InvalidData, SequencedItemConflict):
                library.append(found)
                taken.append(found)
        assert list(library.all_items()) == taken
        data = exported(one)
        if taken:
            batch = batch_of_page(one.shown_url, next(one.events.pages()))
            assert (batch.size, batch.bad) == (len(taken), ())
        if store_url != sqlite_url:
            imported(other, tmp_path / "events.ndjson", data)
            assert exported(other) == data


@pytest.fixture
def mixed(store_url: str) -> str:
    events = [*sequence(3), event(0, of=OTHER_ID, event_type="b"), event(1, of=OTHER_ID), event(3, event_type="b")]
    return journal_with(store_url, events)


def of_types(*patterns: str) -> Selection:
    return Selection(types=Patterns(patterns))


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"after": 4}, [5, 6]),
        ({"after": 6}, []),
        ({"after": 2**63 - 1}, []),
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"selection": of_types("b")}, [4, 6]),
        ({"selection": of_types("b", "a.b#C"), "after": 4}, [5, 6]),
        ({"selection": Selection(originator_ids=[OTHER_ID])}, [4, 5]),
        ({"selection": Selection(originator_ids=[OTHER_ID], types=Patterns(["b"]))}, [4]),
        ({"selection": of_types("%")}, []),
    ],
)
def test_an_export_has_the_selected_events_in_global_order(
    mixed: str, options: dict[str, Any], positions: list[int]
) -> None:
    with open_journal(mixed) as journal:
        found = [json.loads(line)["global_position"] for line in exported(journal, **options).splitlines()]
    assert found == positions


def test_an_export_ends_with_the_last_event_that_was_there_at_its_beginning(mixed: str) -> None:
    with open_journal(mixed) as journal:
        events = journal.events.all_items()
        first = next(events)
        journal.events.append(event(9))
        assert [first.global_position, *(found.global_position for found in events)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.long
def test_memory_stays_flat_however_large_the_journal(store_url: str, tmp_path: Path) -> None:
    # One sequence, so that get reads as much as export.
    few = file_with(tmp_path / "few.ndjson", generated(FULL, sequences=1))
    many = file_with(tmp_path / "many.ndjson", generated(THRICE_FULL, sequences=1))
    sequence_id = next(generated(1, sequences=1)).originator_id
    commands = {
        "import": ["import"],
        "export": ["export", "-o", str(tmp_path / "out.ndjson.gz")],
        "get": ["get", sequence_id],
        "import again": ["import"],
    }
    peaks: dict[str, list[int]] = {name: [] for name in commands}
    # An empty journal is filled in a different way, with a smaller cache.
    journal_with(store_url, [event(of=OTHER_ID)])
    for path in (few, many):
        for name, command in commands.items():
            arguments = [*command, str(path)] if command == ["import"] else command
            peaks[name].append(peak_kibibytes("--url", store_url, *arguments))
    assert {
        name: large - small for name, (small, large) in peaks.items() if large - small > GROWTH_TO_THRICE_FULL
    } == {}


@pytest.fixture(scope="module")
def large_journals(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The paths of a large journal, and of one with three times as many events."""
    folder = tmp_path_factory.mktemp("large")
    return [filled(folder / f"{count}.db", count) for count in (FULL, THRICE_FULL)]


@pytest.mark.long
def test_memory_of_a_copy_and_its_proof_stays_flat_however_large_the_journal(
    store_url: str, tmp_path: Path, large_journals: list[str]
) -> None:
    # An empty journal is filled in a different way, with a smaller cache.
    journal_with(store_url, [event(of=OTHER_ID)])
    file = str(tmp_path / "copy.ndjson")
    peaks = []
    for source in large_journals:
        peaks.append([peak_kibibytes("copy", *ends) for ends in ((source, store_url), (store_url, file))])
        Path(file).unlink()
    check_growth(peaks)


@pytest.mark.long
@pytest.mark.parametrize("ending", ["db", "csv.gz"])
def test_memory_of_a_copy_to_a_new_journal_or_file_stays_flat_however_large_the_journal(
    tmp_path: Path, large_journals: list[str], ending: str
) -> None:
    peaks = []
    for number, source in enumerate(large_journals):
        target = str(tmp_path / f"{number}.{ending}")
        if ending == "db":
            initialise(target)
        peaks.append([peak_kibibytes("copy", source, target)])
    check_growth(peaks)


# The same events as `generated` makes, by SQLite alone: making and importing them would take longer than a copy.
FILL = f"""
    INSERT INTO stored_events (originator_id, originator_version, event_type, state, recorded_at)
    WITH RECURSIVE numbers(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < ?)
    SELECT printf('00000000-0000-0000-0000-%012x', number % 50 + 1), number / 50, 'a.b#C',
        printf('{{"price":%d.10,"seat":"A"}}', number), '{TIME}' FROM numbers
"""


def filled(path: Path, count: int) -> str:
    """Return the path of a new journal with a number of events."""
    initialise(str(path))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(FILL, (count,))
    return str(path)


def check_growth(peaks: list[list[int]]) -> None:
    """Check that no command takes much more memory for the larger journal."""
    assert [large - small for small, large in zip(*peaks, strict=True) if large - small > GROWTH_TO_THRICE_FULL] == []

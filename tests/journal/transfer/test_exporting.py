"""The position and the count that an export returns, from which the next one continues."""

from __future__ import annotations

import gc
import io
from typing import IO, Any, cast

import pytest

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord, SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.interchange.gcpause import uncollected
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.read import secondreader
from esjournal.journal.read.selection import Selection
from esjournal.journal.transfer.exporting import Exported, export_events
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.stores import journal_with

EVENTS = [*sequence(1_200), event(0, of=OTHER_ID)]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


@pytest.fixture(scope="module")
def unchanged(module_url: str) -> str:
    """The URL of a journal with the same events, which no test changes."""
    return journal_with(module_url, EVENTS)


OTHER = Selection(originator_ids=[OTHER_ID])
NONE = Selection(types=Patterns(["none*"]))


@pytest.mark.parametrize("file_format", list(FileFormat))
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Exported(1_201, 1_201)),
        ({"after": 1_200}, Exported(1, 1_201)),
        ({"after": 1_201}, Exported(0, 1_201)),
        ({"limit": 0}, Exported(0, 0)),
        ({"limit": 0, "after": 7}, Exported(0, 7)),
        ({"limit": 500}, Exported(500, 500)),
        ({"limit": 700}, Exported(700, 700)),
        ({"limit": 1_201}, Exported(1_201, 1_201)),
        ({"selection": OTHER}, Exported(1, 1_201)),
        ({"selection": OTHER, "after": 1_201}, Exported(0, 1_201)),
        ({"selection": Selection(types=Patterns(["a.b#C"])), "limit": 3}, Exported(3, 3)),
        ({"selection": NONE}, Exported(0, 1_201)),
        ({"selection": NONE, "limit": 3}, Exported(0, 1_201)),
    ],
)
def test_an_export_says_how_many_events_it_wrote_and_how_far_it_looked(
    unchanged: str, file_format: FileFormat, options: dict[str, Any], expected: Exported
) -> None:
    with open_journal(unchanged) as journal:
        exported = export_events(journal, io.BytesIO(), file_format, **options)
    assert exported == expected


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("after", [0, 1, 499, 500, 501, 1_000, 1_200])
def test_two_processes_write_what_one_does(
    unchanged: str, monkeypatch: pytest.MonkeyPatch, after: int, sealed: bool
) -> None:
    def exported() -> tuple[Exported, bytes]:
        stream = io.BytesIO()
        result = export_events(journal, stream, FileFormat.NDJSON, after=after, sealed=sealed)
        return result, stream.getvalue()

    with open_journal(unchanged) as journal:
        by_one = exported()
        monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
        monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
        assert exported() == by_one


def test_the_connections_of_a_process_still_work_after_it_had_a_second_one(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    with open_journal(url) as journal:
        assert export_events(journal, io.BytesIO(), FileFormat.NDJSON) == Exported(1_201, 1_201)
        assert list(journal.events.append(event(None))) == [1_202]
        assert export_events(journal, io.BytesIO(), FileFormat.NDJSON) == Exported(1_202, 1_202)


@pytest.mark.parametrize("after", [0, 1, 600])
def test_two_processes_count_the_events_that_they_wrote(url: str, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    with open_journal(url) as journal:
        table = journal.events.session.table_name("stored_events")
        with journal.events.session.connection() as connection:
            connection.execute(f"DELETE FROM {table} WHERE global_position % 3 > 0 AND global_position < 1201")
        by_one = export_events(journal, io.BytesIO(), FileFormat.NDJSON, after=after)
        monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
        monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
        stream = io.BytesIO()
        assert export_events(journal, stream, FileFormat.NDJSON, after=after) == by_one
        assert by_one.events == stream.getvalue().count(b"\n") == 401 - after // 3
        # Deleted events are not counted, and the next export begins after the last event.
        assert by_one.position == 1_201


def test_a_journal_in_memory_is_exported_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    tables = (RecordedEventRecord,)
    with SQLAlchemyDatastore(SQLAlchemySettings(uri="sqlite:///:memory:"), tables=tables) as datastore:
        datastore.setup_tables()
        events = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=RecordedEventRecord, sequenced_item_class=RecordedEvent
        )
        events.append(sequence(1_200))
        stream = io.BytesIO()
        export_events(Journal("memory", "", events), stream, FileFormat.NDJSON)
    assert stream.getvalue().count(b"\n") == 1_200


def test_events_appended_during_an_export_are_left_for_the_next(url: str) -> None:
    class Appending(io.BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            journal.events.append(event(None))
            return super().write(data)

    with open_journal(url) as journal:
        first = export_events(journal, cast(IO[bytes], Appending()), FileFormat.NDJSON)
        assert first == Exported(1_201, 1_201)
        rest = io.BytesIO()
        export_events(journal, rest, FileFormat.NDJSON, after=first.position)
    assert rest.getvalue().count(b"\n") > 0


def test_the_garbage_collector_is_paused_for_a_while_only() -> None:
    def failing() -> None:
        with uncollected():
            with uncollected():
                pass
            assert not gc.isenabled()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert gc.isenabled()

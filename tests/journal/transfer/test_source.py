"""The source of a copy: batches of events of a journal or a file, as often as needed, and none that break a rule."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.model.rules import are_sound
from esjournal.exceptions import InvalidCursor, InvalidLine, StoreNotFound, UnusableFile
from esjournal.interchange.rejects import reject_line
from esjournal.journal.cursor import cursor_line
from esjournal.journal.journal import Journal, is_same_journal, open_journal
from esjournal.journal.read.selection import Selection
from esjournal.journal.transfer import pagebatches
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.pagebatches import batch_of_page
from esjournal.journal.transfer.source import JournalSource, Source, open_source
from tests.helpers.events import ID, OTHER_ID, TIME, event, event_of, generated, reads, row_of, sequence
from tests.helpers.given import of_another_layout, refilled
from tests.helpers.stores import file_with, journal_with

Row = tuple[Any, ...]


def row(position: int, **changed: object) -> Row:
    fields = {"originator_id": ID, "version": position, "event_type": "a.b#C", "state": "{}", "time": TIME}
    added = {"metadata": None, "event_id": None}
    return (*{**fields, **added, **changed}.values(), position)


def lines(source: Source) -> list[int]:
    with source.read() as batches:
        return [line for batch in batches for line in batch.lines]


def events_of(source: Source) -> list[object]:
    with source.read() as batches:
        return [read for _, read in reads(batches)]


# What may be copied


BAD_FIELDS = [
    ({"originator_id": "9b30"}, "is not a UUID"),
    ({"originator_id": b"x"}, "originator_id \"b'x'\" is bytes, not str"),
    ({"originator_id": None}, "originator_id 'None' is NoneType, not str"),
    ({"version": -1}, "originator_version '-1' is not a version"),
    ({"version": 1.5}, "originator_version '1.5' is float, not int"),
    ({"version": True}, "originator_version 'True' is bool, not int"),
    ({"version": 2**63}, "is not a version"),
    ({"event_type": ""}, "event_type is empty"),
    ({"event_type": "a\x1b"}, "control character U\\+001B"),
    ({"event_type": 7}, "event_type '7' is int, not str"),
    ({"state": "a\0b"}, "raw U\\+0000 at column 2"),
    ({"state": "\ud800"}, "half of a surrogate pair"),
    ({"state": b"{}"}, "state \"b'{}'\" is bytes, not str"),
    ({"state": None}, "is NoneType, not str"),
    ({"time": "yesterday"}, "recorded_at 'yesterday' is not a time"),
    ({"time": "2026-01-31T12:00:61.000000Z"}, "is not a time"),
    ({"time": 1.0}, "is float, not str"),
    ({"metadata": "[]"}, r"metadata '\[\]' is JSON, but not an object"),
    ({"metadata": 7}, "metadata '7' is int, not str"),
    ({"event_id": "7"}, "event_id '7' is not a UUID"),
]


@pytest.mark.parametrize(("changed", "reason"), BAD_FIELDS)
def test_an_event_that_breaks_a_rule_is_a_bad_line_with_its_reason_and_the_others_come(
    changed: dict[str, object], reason: str
) -> None:
    batch = batch_of_page("old.db", [row(1), row(5, **changed), row(8)])
    assert list(batch.lines) == [1, 8]
    [bad] = batch.bad
    assert (bad.source, bad.line) == ("old.db", 5)
    with pytest.raises(InvalidLine, match=rf"^old\.db:5: .*{reason}"):
        raise bad
    # The reject can be read again, and is not the event.
    line = reject_line(bad)
    assert '"reject":{"source":"old.db","line":5' in line


def test_rejects_keep_their_fields() -> None:
    [bad] = batch_of_page("old.db", [row(5, event_type="", state='{"a":1.10}')]).bad
    corrected = reject_line(bad).replace('"event_type":""', '"event_type":"a.b#C"')
    assert event_of(corrected.strip().encode()) == event(5, '{"a":1.10}')._replace(global_position=5)


@pytest.mark.parametrize(
    "state",
    ["", "{}", '{"a": 1.10,\n"a":2}\r\n', "gAAAA==", "[1]", '{"a":NaN}', '{"a":' * 600 + "1" + "}" * 600, "\u2028é"],
)
def test_any_text_is_a_state(state: str) -> None:
    batch = batch_of_page("old.db", [row(1), row(2, state=state)])
    assert (list(batch.columns[3]), list(batch.bad)) == (["{}", state], [])


def test_other_spellings_are_brought_in_their_canonical_form() -> None:
    time = "2026-01-31t13:00:00+01:00"
    batch = batch_of_page("old.db", [row(1, originator_id=ID.upper()), row(2, time=time)])
    assert batch.events == [event(1), event(2)]
    assert list(batch.lines) == [1, 2]


def test_an_unknown_time_stays_unknown() -> None:
    batch = batch_of_page("old.db", [row(1), row(2, time=None)])
    assert list(batch.columns[4]) == [TIME, None]
    assert not batch.bad


def test_a_span_that_ends_before_the_position_to_start_after_has_nothing(journal: Journal) -> None:
    refilled(journal, [event(version) for version in range(9)])
    with journal.events.session.snapshot():
        source = JournalSource(journal, 8, selection=Selection(last_position=3))
        assert (source.size, lines(source)) == (0, [])


def test_events_of_a_sound_page_are_not_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagebatches, "_checked", None)
    assert len(batch_of_page("old.db", [row(at, time=None if at % 2 else TIME) for at in range(1, 9)]).lines) == 8


# A journal


def test_lines_are_global_positions_whatever_gaps_they_have() -> None:
    journal = of_another_layout(*[row(position) for position in (2, 3, 7, 100, 10**15)])
    source = JournalSource(journal, 0)
    assert lines(source) == [2, 3, 7, 100, 10**15]
    assert (source.done(), source.size) == (10**15, 10**15)
    assert lines(JournalSource(journal, 3)) == [7, 100, 10**15]
    assert lines(JournalSource(journal, 10**16)) == []


def test_the_events_come_as_they_are_each_time_they_are_read(journal: Journal) -> None:
    events = list(generated(1_203))
    journal.events.append(events)
    source = JournalSource(journal, 0)
    with journal.events.session.snapshot():
        for _ in range(2):
            assert events_of(source) == events
            assert lines(source) == list(range(1, 1_204))
            assert source.done() == source.size == 1_203
        with source.read() as batches:
            next(batches)
        assert source.done() < 1_203
        assert events_of(source) == events


@pytest.mark.parametrize("odd", [row(2, originator_id=ID.upper()), row(2, time="yesterday")], ids=["spelling", "bad"])
def test_events_that_need_a_closer_look_get_it_each_time_they_are_read(odd: Row) -> None:
    source = JournalSource(of_another_layout(row(1), odd, row(3)), 0)
    with source.read() as batches:
        first = list(batches)
    with source.read() as batches:
        again = list(batches)
    assert [(batch.events, list(map(str, batch.bad))) for batch in again] == [
        (batch.events, list(map(str, batch.bad))) for batch in first
    ]
    assert first[0].events[0] == event(1)


def test_sound_events_are_checked_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.events.append(list(generated(1_203)))
    source = JournalSource(journal, 0)
    with journal.events.session.snapshot():
        with source.read() as batches:
            next(batches)
        checked: list[object] = []

        def noted(*columns: Any) -> bool:
            checked.append(columns)
            return are_sound(*columns)

        monkeypatch.setattr(pagebatches, "are_sound", noted)
        # The first reading was not whole.
        for _ in range(3):
            assert lines(source) == list(range(1, 1_204))
            assert len(checked) == 3


def test_events_appended_meanwhile_are_left_for_the_next_time(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, sequence(3))
    cursor = tmp_path / "cursor"
    with open_journal(store_url) as other, open_source(store_url, cursor_file=str(cursor)) as source:
        other.events.append(sequence(5)[3:])
        assert lines(source) == [1, 2, 3]
        other.events.append(event(5))
        assert lines(source) == [1, 2, 3]
        cursor.write_bytes(cursor_line(source.cursor()))
    with open_source(store_url, cursor_file=str(cursor)) as source:
        assert lines(source) == [4, 5, 6]
    with open_source(store_url, after=5) as source:
        assert lines(source) == [6]
        assert source.cursor().global_position == 6


def test_a_source_that_is_changed_meanwhile_is_read_twice_as_it_was(store_url: str) -> None:
    journal_with(store_url, sequence(9))
    with open_journal(store_url) as other, open_source(store_url) as source:
        with other.events.session.connection() as connection:
            table = other.events.session.table_name("stored_events")
            connection.execute(f"DELETE FROM {table} WHERE global_position = 3")
            connection.execute(f"UPDATE {table} SET state = '{{}}' WHERE global_position > 5")
        assert events_of(source) == sequence(9)
        assert events_of(source) == sequence(9)
    with open_source(store_url) as source:
        assert lines(source) == [1, 2, 4, 5, 6, 7, 8, 9]


def test_after_the_last_event_there_is_nothing_and_the_cursor_stays(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, sequence(3))
    cursor = tmp_path / "cursor"
    with open_source(store_url) as source:
        cursor.write_bytes(cursor_line(source.cursor()))
    with open_source(store_url, cursor_file=str(cursor)) as source:
        assert (lines(source), source.size) == ([], 0)
        assert cursor_line(source.cursor()) == cursor.read_bytes()


def test_a_journal_that_is_not_there_and_a_cursor_of_another_are_refused(store_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound), open_source(str(tmp_path / "none.db")):
        pass
    journal_with(store_url, sequence(1))
    (tmp_path / "cursor").write_text('{"journal_id":"x","global_position":0,"event_sha256":null}')
    with pytest.raises(InvalidCursor), open_source(store_url, cursor_file=str(tmp_path / "cursor")):
        pass


@pytest.mark.long
def test_memory_stays_flat_however_long_the_journal_is(journal: Journal) -> None:
    import_events(journal, (batch_of_page("x", [row_of(found, 1)]) for found in generated(20_000)))

    def peak(after: int) -> int:
        tracemalloc.start()
        with journal.events.session.snapshot():
            for _ in JournalSource(journal, after).batches():
                pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(18_000)
    assert peak(0) < 1.5 * peak(18_000)


def test_another_layout_in_the_same_place_is_another_journal(journal: Journal) -> None:
    assert is_same_journal(journal, journal)
    assert not is_same_journal(journal, replace(journal, journal_id="0b7d9d5e-8a53-4c0c-8a43-0f7f9e1f4a11"))


# A file


def test_a_file_is_read_as_often_as_needed(tmp_path: Path) -> None:
    events = sequence(30, of=OTHER_ID)
    file = file_with(tmp_path / "e.ndjson", events)
    with open_source(str(file)) as source:
        for _ in range(2):
            assert events_of(source) == [found._replace(global_position=at) for at, found in enumerate(events, 1)]
            assert source.done() == source.size == file.stat().st_size
        with pytest.raises(InvalidCursor, match="has no cursor"):
            source.cursor()


def test_a_seal_is_checked_before_parts_of_a_file_are_written(tmp_path: Path) -> None:
    file = file_with(tmp_path / "e.ndjson", sequence(2))
    file.write_text(file.read_text() + '{"seal":{"events":2,"bytes":1,"sha256":"' + "0" * 64 + '"}}\n')
    with open_source(str(file)):
        pass
    with pytest.raises(InvalidLine, match="does not match its seal"), open_source(str(file), in_parts=True):
        pass


def test_a_file_that_is_not_there_or_cannot_be_read_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="No such file"), open_source(str(tmp_path / "none.ndjson")):
        pass
    os.mkfifo(tmp_path / "pipe.ndjson")
    with pytest.raises(UnusableFile, match="cannot be read twice"), open_source(str(tmp_path / "pipe.ndjson")):
        pass
    file_with(tmp_path / "a1.ndjson", sequence(1))
    with pytest.raises(UnusableFile, match="cannot be read twice"), open_source(str(tmp_path / "a*.ndjson")):
        pass

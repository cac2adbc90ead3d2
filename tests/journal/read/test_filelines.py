"""The events of a file: positions, times, and what is read of a file that is not sound."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.rules import MAX_VERSION
from esjournal.domain.model.sequencenames import id_of_name, name_of_id, named_id
from esjournal.exceptions import InvalidLine
from esjournal.interchange import decompression, ndjson
from esjournal.interchange.batches import batches_of
from esjournal.journal.read.criteria import EVERY_EVENT
from esjournal.journal.read.filelines import as_recorded, open_lines
from esjournal.journal.read.pages import read_journal
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import importing
from tests.helpers.events import TIME, event
from tests.helpers.stores import file_with


def positions(given: Sequence[int | None], size: int = 2) -> list[int]:
    events = enumerate((event(at)._replace(global_position=position) for at, position in enumerate(given)), 1)
    return [at for batch in as_recorded(batches_of("e", events, size), TIME) for at in batch.columns[-1]]


def written(path: Path, events: Sequence[RecordedEvent]) -> str:
    lines = [ndjson.line_of(found, omitted={"global_position"} if found[-1] is None else set()) for found in events]
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([None, None, None], [1, 2, 3]),
        ([7, 9, 10, 400], [7, 9, 10, 400]),
        ([7, None, 9, None, None], [7, 8, 9, 10, 11]),
        ([None, 1, 5], [1, 2, 5]),
        # Two exports, one after the other.
        ([1, 2, 5, 1, 2, 5], [1, 2, 5, 6, 7, 8]),
        ([3, 3, 3, 9], [3, 4, 5, 9]),
        ([MAX_VERSION], [MAX_VERSION]),
    ],
)
def test_an_event_has_the_position_of_its_line_or_follows_the_one_before(
    given: list[int | None], expected: list[int]
) -> None:
    assert positions(given) == expected


@given(st.lists(st.none() | st.integers(1, 20)), st.lists(st.none() | st.integers(1, 20)), st.integers(1, 5))
def test_positions_rise_and_lines_that_are_added_change_none(
    given: list[int | None], added: list[int | None], size: int
) -> None:
    found = positions(given, size)
    assert all(one < other for one, other in pairwise([0, *found]))
    assert positions(given + added, size)[: len(given)] == found


def test_there_are_no_positions_after_the_highest() -> None:
    with pytest.raises(InvalidLine, match="e:3: no global position is left after 9223372036854775807"):
        positions([5, MAX_VERSION, None, None])


@pytest.mark.parametrize("given", [[None] * 6, [4, 6, 7, 8, 20, 21], [None, 9, 3, 12, None, 12]])
def test_a_file_that_is_imported_has_the_positions_of_its_lines(tmp_path: Path, given: list[int | None]) -> None:
    path = written(tmp_path / "e.ndjson", [event(at)._replace(global_position=each) for at, each in enumerate(given)])
    with open_to_read(path) as journal, open_lines(path) as pages:
        imported = list(chain.from_iterable(read_journal(journal)))
        assert [found[-1] for found in imported] == positions(given)
        assert list(map(tuple, chain.from_iterable(pages))) == list(map(tuple, imported))


def test_events_of_named_sequences_have_the_positions_of_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 2)
    monkeypatch.setattr(decompression, "BLOCK_BYTES", 400)
    names = ("order-1", "order-2", None, "order-1", "order-3", "order-3")
    named = [
        event(at)._replace(originator_id=event(at)[0] if name is None else named_id(id_of_name(name), name))
        for at, name in enumerate(names)
    ]
    path = written(tmp_path / "e.ndjson", [each._replace(global_position=at * 5) for at, each in enumerate(named, 1)])
    with open_to_read(path) as journal:
        found = list(chain.from_iterable(read_journal(journal)))
    assert [each[-1] for each in found] == [5, 10, 15, 20, 25, 30]
    assert [name_of_id(each[0]) for each in found] == list(names)


def test_events_that_come_twice_are_in_the_lines_twice_and_in_the_journal_once(tmp_path: Path) -> None:
    twice = [event(0), event(1), event(0), event(2)]
    path = written(tmp_path / "e.ndjson", [each._replace(global_position=at) for at, each in enumerate(twice, 5)])
    with open_to_read(path) as journal, open_lines(path) as pages:
        assert [found[-1] for found in chain.from_iterable(read_journal(journal))] == [5, 6, 8]
        assert [found[-1] for found in chain.from_iterable(pages)] == [5, 6, 7, 8]


def test_the_line_of_a_conflict_is_named_where_positions_have_gaps(tmp_path: Path) -> None:
    events = [event(0), event(1), event(0, '{"other":1}')]
    path = written(tmp_path / "e.ndjson", [each._replace(global_position=at * 7) for at, each in enumerate(events, 1)])
    with pytest.raises(InvalidLine, match=":3: sequence"), open_to_read(path):
        pass


def test_a_time_that_is_not_known_is_that_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "e.ndjson", [event(0)._replace(recorded_at=None), event(1)])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with open_lines(path) as pages:
        assert [found[4] for found in chain.from_iterable(pages)] == ["2023-11-14T22:13:20.000000Z", TIME]


def test_the_lines_before_a_bad_one_are_read_and_then_it_is_raised(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", map(event, range(3)))
    with path.open("ab") as file:
        file.write(b"nonsense\n" + ndjson.line_of(event(3)).encode())
    with open_lines(str(path)) as pages:
        assert [found[1] for found in next(pages)] == [0, 1, 2]
        with pytest.raises(InvalidLine, match=":4: the line is not a JSON object"):
            next(pages)


def test_the_seal_of_a_file_is_checked(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", map(event, range(3)))
    with path.open("a") as file:
        file.write(f'{{"seal":{{"events":3,"bytes":1,"sha256":"{"0" * 64}"}}}}\n')
    with open_lines(str(path)) as pages, pytest.raises(InvalidLine, match=":4: the file does not match its seal"):
        list(pages)


def test_no_more_is_read_than_is_wanted(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", (event(at, '{"x":"' + "x" * 500 + '"}') for at in range(2_000)))
    with path.open("a") as file:
        file.write("nonsense\n")
    with open_lines(str(path), limit=3) as pages:
        assert [each[1] for page in pages for each in page] == [0, 1, 2]


def test_only_a_sequence_and_a_time_have_to_be_looked_up() -> None:
    assert EVERY_EVENT.in_lines() is not None
    assert replace(EVERY_EVENT, as_of=5).in_lines() is not None
    assert replace(EVERY_EVENT, as_of=TIME).in_lines() is None
    assert replace(EVERY_EVENT, sequences=["9b"]).in_lines() is None

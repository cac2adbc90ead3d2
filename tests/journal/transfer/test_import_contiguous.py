"""Imports that require contiguous versions: an event that skips some is bad, whatever precedes it."""

from __future__ import annotations

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.importing import import_events
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.given import content, counts, given


def versions(*numbers: int, of: str = ID) -> list[RecordedEvent]:
    return [event(number, f'{{"n":{number}}}', of=of) for number in numbers]


def refused_by(journal: Journal, *events: RecordedEvent) -> list[tuple[int, str]]:
    """Import into a journal, and return the line and the reason of each bad event."""
    aside: list[Problem] = []
    outcome = import_events(journal, given(*events), require_contiguous=True, put_aside=aside.append)
    assert outcome.committed
    assert outcome.bad_lines == len(aside) == outcome.problems
    return [(found.line, str(found).partition(f"sequence {ID}: ")[2]) for found in aside]


@pytest.mark.parametrize("first", [0, 1])
def test_a_new_sequence_may_begin_at_zero_or_one(journal: Journal, chunk_size: int, first: int) -> None:
    assert refused_by(journal, *versions(first, first + 1, first + 2)) == []
    assert len(content(journal)) == 3


@pytest.mark.parametrize("first", [2, 7, 2**63 - 1])
def test_a_new_sequence_begins_nowhere_else(journal: Journal, chunk_size: int, first: int) -> None:
    assert refused_by(journal, *versions(first)) == [(1, f"version {first} follows no event: the sequence is new")]
    assert content(journal) == []


def test_everything_after_a_gap_in_the_file_is_bad(journal: Journal, chunk_size: int) -> None:
    refused = refused_by(journal, *versions(0, 1, 3, 4), *versions(0, 1, of=OTHER_ID), *versions(2))
    assert refused == [
        (3, "version 3 follows no event: the sequence is at version 1"),
        (4, "version 4 follows no event: the sequence is at version 1"),
    ]
    assert content(journal) == [found[:4] for found in [*versions(0, 1), *versions(0, 1, of=OTHER_ID), *versions(2)]]


def test_events_follow_what_is_stored(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*sequence(3)))
    assert refused_by(journal, *versions(3, 4)) == []
    assert refused_by(journal, *versions(6, 5, 6)) == [(1, "version 6 follows no event: the sequence is at version 4")]
    assert len(content(journal)) == 7


def test_the_order_of_the_file_decides(journal: Journal, chunk_size: int) -> None:
    assert refused_by(journal, *versions(0, 2, 1)) == [(2, "version 2 follows no event: the sequence is at version 0")]
    assert content(journal) == [found[:4] for found in versions(0, 1)]


def test_events_that_are_there_already_pass(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*versions(5, 6, 9)))
    outcome = import_events(journal, given(*versions(5, 6, 9, 10)), require_contiguous=True)
    assert counts(outcome) == (4, 1, 3, 0, 0)


def test_a_different_event_in_a_taken_place_is_a_conflict_and_not_bad(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*sequence(3)))
    outcome = import_events(journal, given(event(1, '{"x":1}'), *versions(3)), require_contiguous=True)
    assert counts(outcome) == (2, 1, 0, 1, 0)
    assert not outcome.committed
    assert len(content(journal)) == 3


def test_without_anything_to_take_the_gaps_nothing_is_written(journal: Journal, chunk_size: int) -> None:
    outcome = import_events(journal, given(*versions(0, 1, 3)), require_contiguous=True)
    assert counts(outcome) == (3, 2, 0, 0, 1)
    assert not outcome.committed
    assert outcome.first_bad_lines[0].event == versions(3)[0]
    assert content(journal) == []


def test_a_file_with_a_gap_in_one_part_is_contiguous_up_to_the_part_before(journal: Journal, chunk_size: int) -> None:
    outcome = import_events(journal, given(*versions(0, 1, 2, 3, 5, 6)), require_contiguous=True, commit_every=2)
    assert counts(outcome)[1:] == (4, 0, 0, 2)
    assert content(journal) == [found[:4] for found in versions(0, 1, 2, 3)]

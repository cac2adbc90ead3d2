"""Imports that reject what does not fit: everything else is written, and every rejected event is reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import InvalidLine
from esjournal.interchange.batches import Batch
from esjournal.interchange.rejects import ConflictingEvent, Problem
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.verdicts import KEPT_PROBLEMS
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.given import BAD, content, counts, given, positions


def places(problems: list[Problem]) -> list[tuple[type, str, int]]:
    return [(type(found), found.source, found.line) for found in problems]


def test_bad_lines_and_conflicts_are_put_aside_with_their_places_and_the_rest_is_written(
    journal: Journal, chunk_size: int
) -> None:
    import_events(journal, given(*sequence(2)))
    aside: list[Problem] = []
    files = [
        *given(event(0, '{"n":0}'), BAD, event(1, '{"x":1}'), event(2), source="first"),
        *given(BAD, event(3), event(2, '{"x":1}'), event(0, of=OTHER_ID), source="second"),
    ]
    outcome = import_events(journal, iter(files), put_aside=aside.append)
    assert counts(outcome) == (8, 3, 1, 2, 2)
    assert outcome.committed
    assert sorted(places(aside), key=str) == sorted(
        [
            (InvalidLine, "first", 2),
            (ConflictingEvent, "first", 3),
            (InvalidLine, "second", 1),
            (ConflictingEvent, "second", 3),
        ],
        key=str,
    )
    assert content(journal) == [found[:4] for found in [*sequence(2), event(2), event(3), event(0, of=OTHER_ID)]]
    assert positions(journal) == [1, 2, 3, 4, 5]


def test_a_conflict_says_where_its_sequence_is(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*sequence(3)))
    aside: list[Problem] = []
    import_events(journal, given(event(1, '{"x":1}')), put_aside=aside.append)
    [conflict] = aside
    assert isinstance(conflict, ConflictingEvent)
    assert conflict.event.state == '{"x":1}'
    assert "version 1 is taken by a different event, the sequence is at version 2" in str(conflict)


def test_all_are_put_aside_though_only_the_first_are_kept_to_be_shown(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*sequence(25)))
    aside: list[Problem] = []
    outcome = import_events(
        journal, given(*[BAD] * 25, *[event(n, '{"x":1}') for n in range(25)]), put_aside=aside.append
    )
    assert [found.line for found in aside] == list(range(1, 51))
    assert len(outcome.first_bad_lines) == len(outcome.first_conflicts) == KEPT_PROBLEMS


@pytest.mark.parametrize("allowed", [0, 1, 2])
@pytest.mark.parametrize("events", [(BAD, event(0), BAD, BAD), (event(0), event(0, '{"x":1}'), BAD, BAD)])
def test_more_bad_lines_than_allowed_and_nothing_is_written(
    journal: Journal, chunk_size: int, events: tuple[RecordedEvent | str, ...], allowed: int
) -> None:
    aside: list[Problem] = []
    outcome = import_events(journal, given(*events), put_aside=aside.append, max_put_aside=allowed)
    assert not outcome.committed
    assert len(aside) == allowed
    assert outcome.problems == allowed + 1
    assert content(journal) == []
    assert list(journal.events.append(event(0))) == [1]


def test_as_many_as_are_allowed_are_put_aside(journal: Journal, chunk_size: int) -> None:
    aside: list[Problem] = []
    events: list[RecordedEvent | str] = [event(0), event(0, '{"x":1}'), BAD, event(1), BAD]
    outcome = import_events(journal, given(*events), put_aside=aside.append, max_put_aside=3)
    assert outcome.committed
    assert (len(aside), len(content(journal))) == (3, 2)


def test_a_dry_run_puts_aside_and_writes_nothing(journal: Journal, chunk_size: int) -> None:
    aside: list[Problem] = []
    outcome = import_events(journal, given(event(0), BAD, event(0, '{"x":1}')), put_aside=aside.append, dry_run=True)
    assert counts(outcome) == (3, 1, 0, 1, 1)
    assert (len(aside), content(journal)) == (2, [])


def test_in_parts_the_rest_is_written_to_its_end(journal: Journal, chunk_size: int) -> None:
    aside: list[Problem] = []
    events: list[RecordedEvent | str] = [event(0), BAD, event(0, '{"x":1}'), BAD, event(1), event(2)]
    outcome = import_events(journal, given(*events), put_aside=aside.append, commit_every=2)
    assert counts(outcome) == (6, 3, 0, 1, 2)
    assert outcome.committed
    assert [found.line for found in sorted(aside, key=lambda found: found.line)] == [2, 3, 4]
    assert positions(journal) == [1, 2, 3]


def test_given_up_in_parts_what_was_committed_stays_and_is_counted(journal: Journal, chunk_size: int) -> None:
    events: list[RecordedEvent | str] = [event(0), event(1), event(2), BAD, event(3), BAD, event(4)]
    outcome = import_events(journal, given(*events), put_aside=lambda _: None, max_put_aside=1, commit_every=2)
    assert not outcome.committed
    assert (outcome.appended, len(content(journal))) == (3, 3)


def test_nothing_is_written_where_putting_aside_fails(journal: Journal, chunk_size: int) -> None:
    def fail(problem: Problem) -> None:
        raise OSError("full")

    def batches() -> Iterator[Batch]:
        yield from given(event(0), event(1), BAD, event(2))

    with pytest.raises(OSError, match="full"):
        import_events(journal, batches(), put_aside=fail)
    assert content(journal) == []
    assert list(journal.events.append(event(0))) == [1]

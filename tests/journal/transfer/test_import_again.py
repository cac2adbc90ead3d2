"""Importing files again: each event is found at its place, without a look-up if the order is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction
from esjournal.journal.journal import Journal
from esjournal.journal.transfer import importing
from esjournal.journal.transfer.importing import import_events
from tests.helpers.events import OTHER_ID, event, generated, sequence
from tests.helpers.given import content, counts, given, positions

COUNT = 60


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of events in each look-up."""
    found: list[int] = []
    look_up = Transaction.stored_at

    def counting(self: Transaction[RecordedEvent], items: Sequence[RecordedEvent]) -> object:
        found.append(len(items))
        return look_up(self, items)

    monkeypatch.setattr(Transaction, "stored_at", counting)
    return found


@pytest.fixture
def events(journal: Journal) -> list[RecordedEvent]:
    """Events that are in the journal."""
    found = list(generated(COUNT, sequences=7))
    import_events(journal, given(*found))
    return found


def test_a_new_file_is_not_looked_up(journal: Journal, chunk_size: int, looked_up: list[int]) -> None:
    import_events(journal, given(*sequence(9)))
    import_events(journal, given(*sequence(9, of=OTHER_ID)))
    assert looked_up == []


@pytest.mark.parametrize("commit_every", [None, 20])
def test_in_the_same_order_no_event_is_looked_up_but_those_of_a_first_chunk(
    journal: Journal,
    events: list[RecordedEvent],
    looked_up: list[int],
    monkeypatch: pytest.MonkeyPatch,
    commit_every: int | None,
) -> None:
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 5)
    outcome = import_events(journal, given(*events, size=5), commit_every=commit_every)
    assert counts(outcome) == (COUNT, 0, COUNT, 0, 0)
    assert looked_up == [5]


def test_in_another_order_every_event_is_found_all_the_same(
    journal: Journal, chunk_size: int, events: list[RecordedEvent]
) -> None:
    assert counts(import_events(journal, given(*reversed(events)))) == (COUNT, 0, COUNT, 0, 0)
    assert counts(import_events(journal, given(*sorted(events)))) == (COUNT, 0, COUNT, 0, 0)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_new_tail_is_appended_after_what_is_there(
    journal: Journal, chunk_size: int, events: list[RecordedEvent], size: int
) -> None:
    tail = sequence(9, of=OTHER_ID)
    outcome = import_events(journal, given(*events, *tail, size=size))
    assert counts(outcome) == (COUNT + 9, 9, COUNT, 0, 0)
    assert content(journal) == [found[:4] for found in [*events, *tail]]


@pytest.mark.parametrize("change", [{"state": "{}"}, {"event_type": "other"}])
def test_one_event_that_is_changed_is_the_one_conflict(
    journal: Journal, chunk_size: int, events: list[RecordedEvent], change: dict[str, Any]
) -> None:
    for at in (0, 1, 30, COUNT - 1):
        changed = [*events]
        changed[at] = events[at]._replace(**change)
        outcome = import_events(journal, given(*changed))
        assert counts(outcome) == (COUNT, 0, COUNT - 1, 1, 0), at
        assert outcome.first_conflicts[0].line == at + 1
        assert content(journal) == [found[:4] for found in events], at


def test_a_file_with_a_hole_is_read_further_after_it(
    journal: Journal, chunk_size: int, events: list[RecordedEvent]
) -> None:
    for at in (0, 1, 30, COUNT - 1):
        outcome = import_events(journal, given(*events[:at], *events[at + 1 :]))
        assert counts(outcome) == (COUNT - 1, 0, COUNT - 1, 0, 0), at


@pytest.mark.parametrize("at", [0, 1, 30, COUNT])
def test_a_file_that_lacks_an_event_gets_it_after_its_last(
    journal: Journal, chunk_size: int, events: list[RecordedEvent], at: int
) -> None:
    more = event(0, of=OTHER_ID)
    outcome = import_events(journal, given(*events[:at], more, *events[at:]))
    assert counts(outcome) == (COUNT + 1, 1, COUNT, 0, 0)
    assert content(journal) == [found[:4] for found in [*events, more]]
    assert positions(journal) == list(range(1, COUNT + 2))


def test_what_others_appended_in_between_does_not_matter(journal: Journal, chunk_size: int) -> None:
    first, last = sequence(9), list(generated(9, sequences=2))
    import_events(journal, given(*first))
    journal.events.append(event(version, of=OTHER_ID) for version in range(4))
    import_events(journal, given(*last))
    outcome = import_events(journal, given(*first, *last, event(4, of=OTHER_ID)))
    assert counts(outcome) == (19, 1, 18, 0, 0)
    assert len(content(journal)) == 23


def test_an_event_twice_in_a_file_that_comes_again_is_there_twice_already(
    journal: Journal, chunk_size: int, events: list[RecordedEvent]
) -> None:
    twice = [found for found in events for _ in range(2)]
    assert counts(import_events(journal, given(*twice))) == (2 * COUNT, 0, 2 * COUNT, 0, 0)


def test_when_it_was_recorded_does_not_count(journal: Journal, chunk_size: int, events: list[RecordedEvent]) -> None:
    later = [found._replace(recorded_at=None) for found in events]
    assert counts(import_events(journal, given(*later))) == (COUNT, 0, COUNT, 0, 0)

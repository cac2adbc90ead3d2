"""Imports that commit in parts: committed parts stay, and the same command continues."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange.batches import Batch
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.transfer.importing import import_events
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.given import BAD, content, counts, given, positions, refilled


def up_to(count: int, *events: RecordedEvent | str) -> Iterator[Batch]:
    """Yield the first `count` events, one by one, and then fail."""
    yield from given(*events[:count], size=1)
    raise KeyboardInterrupt


def test_every_part_that_was_read_to_its_end_is_committed(journal: Journal, chunk_size: int) -> None:
    events = sequence(8)
    for size, at in product([1, 3, 7], [0, 1, 3, 6, 8]):
        refilled(journal, [])
        with pytest.raises(KeyboardInterrupt):
            import_events(journal, up_to(at, *events), commit_every=size)
        # The first chunk of a transaction is read before it begins; a part is committed before the next event is read.
        assert content(journal) == [found[:4] for found in events[: at - at % size]], (size, at)


@pytest.mark.parametrize("batch_size", [1, 5, 50])
def test_another_reader_sees_whole_parts_while_the_import_is_on_its_way(
    journal: Journal, store_url: str, chunk_size: int, batch_size: int
) -> None:
    seen: list[int] = []
    with open_journal(store_url) as reader:

        def watched() -> Iterator[Batch]:
            for batch in given(*sequence(10), *sequence(2, of=OTHER_ID), size=batch_size):
                seen.append(len(content(reader)))
                yield batch

        for size in (1, 3, 20):
            refilled(journal, [])
            seen.clear()
            outcome = import_events(journal, watched(), commit_every=size)
            assert outcome.committed
            assert seen == sorted(seen)
            assert all(count % size == 0 for count in seen), (size, seen)
            assert positions(journal) == list(range(1, 13))


@pytest.mark.parametrize("problem", [BAD, event(0, '{"x":1}')])
@pytest.mark.parametrize("at", [0, 1, 4])
def test_the_import_stops_at_the_first_part_with_a_problem_and_keeps_those_before(
    journal: Journal, chunk_size: int, problem: RecordedEvent | str, at: int
) -> None:
    import_events(journal, given(event(0, of=OTHER_ID)))
    events: list[RecordedEvent | str] = [*sequence(6)]
    events.insert(at, problem if isinstance(problem, str) else problem._replace(originator_id=OTHER_ID))
    outcome = import_events(journal, given(*events), commit_every=2)
    kept = at - at % 2
    assert not outcome.committed
    assert outcome.problems == 1
    assert (outcome.appended, outcome.already_there) == (kept, 0)
    assert outcome.read <= len(events)
    assert content(journal)[1:] == [found[:4] for found in sequence(6)[:kept]]


def test_run_again_it_continues_and_reaches_the_same_end(journal: Journal, chunk_size: int) -> None:
    events = [*sequence(7), *sequence(4, of=OTHER_ID)]
    for at in (2, 5, 9):
        with pytest.raises(KeyboardInterrupt):
            import_events(journal, up_to(at, *events), commit_every=3)
    outcome = import_events(journal, given(*events), commit_every=3)
    assert counts(outcome) == (11, 2, 9, 0, 0)
    assert outcome.committed
    assert content(journal) == [found[:4] for found in events]
    assert positions(journal) == list(range(1, 12))


def test_after_a_fix_it_continues_too(journal: Journal, chunk_size: int) -> None:
    events: list[RecordedEvent | str] = [*sequence(7)]
    assert not import_events(journal, given(*events[:5], BAD, *events[5:]), commit_every=2).committed
    assert counts(import_events(journal, given(*events), commit_every=2)) == (7, 3, 4, 0, 0)


@pytest.mark.parametrize("identical", [True, False])
def test_twins_meet_within_a_part_and_across_parts(journal: Journal, chunk_size: int, identical: bool) -> None:
    twin = event(0, '{"n":0}' if identical else "{}")
    outcome = import_events(journal, given(*sequence(3), twin, event(3)), commit_every=2)
    assert outcome.committed is identical
    assert counts(outcome)[1:] == ((4, 1, 0, 0) if identical else (2, 0, 1, 0))
    assert len(content(journal)) == (4 if identical else 2)


def test_no_events_at_all_are_committed_too(journal: Journal) -> None:
    outcome = import_events(journal, iter([]), commit_every=1)
    assert outcome.committed
    assert counts(outcome) == (0, 0, 0, 0, 0)


def test_an_append_between_two_parts_gets_the_next_position(journal: Journal, store_url: str, chunk_size: int) -> None:
    with open_journal(store_url) as other:

        def shared() -> Iterator[Batch]:
            for number, batch in enumerate(given(*sequence(6), size=1)):
                # If a part is as long as a chunk, no transaction is open between two parts.
                if number == 2 and chunk_size >= 2:
                    assert list(other.events.append(event(0, of=OTHER_ID))) == [3]
                yield batch

        outcome = import_events(journal, shared(), commit_every=2)
    assert counts(outcome) == (6, 6, 0, 0, 0)
    assert positions(journal) == list(range(1, 8 if chunk_size >= 2 else 7))

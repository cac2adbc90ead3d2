"""Imports: the result for every event, and all of a file or nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import SequencedItemConflict
from esjournal.interchange.batches import Batch
from esjournal.journal.journal import Journal
from esjournal.journal.transfer import importing
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.verdicts import KEPT_PROBLEMS
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.given import BAD, content, counts, given


def test_new_events_are_appended_in_the_order_of_the_file(journal: Journal, chunk_size: int) -> None:
    events = [*sequence(4), *sequence(3, of=OTHER_ID)]
    outcome = import_events(journal, given(*events))
    assert counts(outcome) == (7, 7, 0, 0, 0)
    assert outcome.committed
    stored = list(journal.events.all_items())
    assert stored == [found._replace(global_position=position) for position, found in enumerate(events, 1)]


def test_versions_that_begin_late_or_stand_in_another_order_are_kept(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(event(7), event(3), event(5)))
    assert [found.originator_version for found in journal.events.all_items()] == [7, 3, 5]


def test_an_import_of_the_same_file_again_appends_nothing(journal: Journal, chunk_size: int) -> None:
    events = sequence(7)
    import_events(journal, given(*events))
    outcome = import_events(journal, given(*events))
    assert counts(outcome) == (7, 0, 7, 0, 0)
    assert outcome.committed
    assert len(content(journal)) == 7


def test_an_event_is_already_there_whenever_it_was_recorded(journal: Journal) -> None:
    import_events(journal, given(event(0)))
    later = event(0)._replace(recorded_at="2027-01-01T00:00:00.000000Z")
    assert counts(import_events(journal, given(later))) == (1, 0, 1, 0, 0)
    assert next(journal.events.all_items()).recorded_at == event(0).recorded_at


def test_an_import_completes_a_sequence_that_is_partly_there(journal: Journal, chunk_size: int) -> None:
    events = sequence(7)
    import_events(journal, given(*events[1:6:2]))
    assert counts(import_events(journal, given(*events))) == (7, 4, 3, 0, 0)
    assert sorted(content(journal)) == [found[:4] for found in events]


def test_the_same_event_twice_in_a_file_is_appended_once(journal: Journal, chunk_size: int) -> None:
    assert counts(import_events(journal, given(event(0), event(1), event(0), event(1)))) == (4, 2, 2, 0, 0)
    assert len(content(journal)) == 2


@pytest.mark.parametrize("other", [event(1, '{"other":1}'), event(1, '{"n": 1}'), event(1, '{"n":1}', event_type="b")])
def test_a_different_event_in_a_taken_place_is_a_conflict_and_nothing_is_written(
    journal: Journal, chunk_size: int, other: RecordedEvent
) -> None:
    import_events(journal, given(*sequence(3)))
    outcome = import_events(journal, given(*sequence(4, of=OTHER_ID), event(0, '{"n":0}'), other))
    assert counts(outcome) == (6, 4, 1, 1, 0)
    assert not outcome.committed
    [conflict] = outcome.first_conflicts
    assert conflict.line == 6
    assert str(conflict.error) == (
        f"sequence {ID}: version 1 is taken by a different event, the sequence is at version 2; "
        f"read it again and append after that"
    )
    assert len(content(journal)) == 3


def test_two_different_events_for_one_place_in_a_file_are_a_conflict(journal: Journal, chunk_size: int) -> None:
    outcome = import_events(journal, given(event(0), event(1), event(0, '{"other":1}')))
    assert counts(outcome) == (3, 2, 0, 1, 0)
    assert outcome.first_conflicts[0].line == 3
    assert content(journal) == []


@pytest.mark.parametrize("events", [(BAD, event(0)), (event(0), BAD), (event(0), BAD, event(1))])
def test_one_bad_line_is_enough_for_nothing_to_be_written(
    journal: Journal, chunk_size: int, events: tuple[RecordedEvent | str, ...]
) -> None:
    outcome = import_events(journal, given(*events))
    assert counts(outcome) == (len(events), len(events) - 1, 0, 0, 1)
    assert not outcome.committed
    assert content(journal) == []


def test_all_of_a_file_is_looked_at_though_it_has_bad_lines_and_conflicts(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(event(0, '{"other":1}', of=OTHER_ID)))
    outcome = import_events(journal, given(event(0), BAD, event(1), event(0, of=OTHER_ID), BAD))
    assert counts(outcome) == (5, 2, 0, 1, 2)
    assert [str(bad) for bad in outcome.first_bad_lines] == ["events.ndjson:2: bad", "events.ndjson:5: bad"]
    assert not outcome.committed
    assert len(content(journal)) == 1


def test_problems_are_all_counted_and_the_first_are_kept(journal: Journal) -> None:
    import_events(journal, given(*sequence(30)))
    outcome = import_events(journal, given(*[event(n, '{"x":1}') for n in range(30)], *[BAD] * 30))
    assert counts(outcome) == (60, 0, 0, 30, 30)
    kept = KEPT_PROBLEMS
    assert [conflict.line for conflict in outcome.first_conflicts] == list(range(1, kept + 1))
    assert [bad.line for bad in outcome.first_bad_lines] == list(range(31, 31 + kept))


def test_a_dry_run_finds_out_everything_and_writes_nothing(journal: Journal, chunk_size: int) -> None:
    import_events(journal, given(*sequence(2)))
    outcome = import_events(journal, given(*sequence(5), event(0, '{"x":1}'), BAD), dry_run=True)
    assert counts(outcome) == (7, 3, 2, 1, 1)
    assert not outcome.committed
    assert len(content(journal)) == 2


def test_an_import_after_one_that_was_given_up_leaves_no_gap_in_the_positions(journal: Journal) -> None:
    import_events(journal, given(*sequence(3), BAD))
    import_events(journal, given(*sequence(3)))
    assert [found.global_position for found in journal.events.all_items()] == [1, 2, 3]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_written_when_reading_ends_in_an_error(
    journal: Journal, chunk_size: int, failure: type[BaseException]
) -> None:
    def broken() -> Iterator[Batch]:
        yield from given(*sequence(7))
        raise failure

    with pytest.raises(failure):
        import_events(journal, broken())
    assert content(journal) == []


def test_progress_is_reported_once_for_each_chunk(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 3)
    told: list[int] = []
    import_events(journal, given(*sequence(8)), on_progress=told.append)
    assert told == [3, 6, 8]


def test_the_next_batch_is_read_while_a_chunk_is_written(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 3)
    read: list[Batch] = []

    def noted() -> Iterator[Batch]:
        for batch in given(*sequence(8), size=1):
            read.append(batch)
            yield batch

    told: list[tuple[int, int]] = []
    import_events(journal, noted(), on_progress=lambda events: told.append((events, len(read))))
    assert told == [(3, 4), (6, 7), (8, 8)]


def test_an_append_meets_what_an_import_wrote(journal: Journal) -> None:
    import_events(journal, given(*sequence(3)))
    assert list(journal.events.append(event(None))) == [4]
    with pytest.raises(SequencedItemConflict) as caught:
        journal.events.append(event(1, '{"n":1}'))
    assert (caught.value.last_position, caught.value.identical) == (3, True)

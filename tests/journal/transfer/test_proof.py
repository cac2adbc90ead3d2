"""The proof of a copy: it holds if every event is there, or says how many are missing and where the first one is."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.inspect.digest import digest_of
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.proof import Proof, prove
from esjournal.journal.transfer.source import JournalSource
from esjournal.journal.transfer.target import counterparts_in_file, counterparts_in_journal, write_file
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated, row_of, sequence
from tests.helpers.given import given, of_another_layout

LATER = "2026-02-01T00:00:00.000000Z"


def proven(journal: Journal, *events: RecordedEvent, size: int = 3, put_aside: Sequence[int] = ()) -> Proof:
    """Compare events with a journal, as if they had been copied there from old.db."""
    return prove(given(*events, source="old.db", size=size), counterparts_in_journal(journal), put_aside=put_aside)


def digest(*events: RecordedEvent) -> str:
    return digest_of([[row_of(found, position) for position, found in enumerate(events, 1)]])


def test_a_copy_that_is_already_there_is_proven_with_the_digest_of_verify(journal: Journal) -> None:
    events = list(generated(1_203))
    journal.events.append(events)
    proof = proven(journal, *events, size=500)
    assert proof == Proof(events=1_203, digest=digest_of(journal.events.pages()))
    assert proof.holds
    assert proof.digest == digest(*events)


def test_of_nothing_the_proof_holds(journal: Journal) -> None:
    proof = proven(journal)
    assert (proof.events, proof.holds, proof.digest) == (0, True, digest())


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_digest_goes_by_the_order_of_the_source(journal: Journal, size: int) -> None:
    events = list(generated(20, sequences=3))
    journal.events.append([*sequence(4, of=OTHER_ID), *sorted(events)])
    assert proven(journal, *events, size=size) == Proof(events=20, digest=digest(*events))


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_missing_events_are_counted_and_the_first_is_named(journal: Journal, size: int) -> None:
    events = sequence(9)
    journal.events.append([*events[:4], *events[6:8]])
    proof = proven(journal, *events, size=size)
    assert (proof.events, proof.missing, proof.differing, proof.digest) == (9, 3, 0, None)
    assert not proof.holds
    assert proof.first == f"old.db:5: sequence {ID}, version 4 is missing"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_differences_are_counted_and_reported(journal: Journal, size: int) -> None:
    events = sequence(9)
    stored = [*events]
    stored[3] = event(3, '{"n":33}')
    stored[7] = stored[7]._replace(event_type="other")
    journal.events.append(stored)
    proof = proven(journal, *events, size=size)
    assert (proof.events, proof.missing, proof.differing, proof.digest) == (9, 0, 2, None)
    assert proof.first == f"old.db:4: sequence {ID}, version 3 is different: state.n is 33 there and 3 here"


@pytest.mark.parametrize("change", [{"state": '{"n":0} '}, {"event_type": "a.b#c"}, {"originator_id": OTHER_ID}])
def test_the_smallest_change_is_found(journal: Journal, change: dict[str, Any]) -> None:
    journal.events.append([*sequence(1), event(1)])
    assert not proven(journal, sequence(1)[0]._replace(**change), event(1)).holds


def test_a_different_time_in_the_target_is_reported_and_left_out_of_the_digest(journal: Journal) -> None:
    stored = sequence(5)
    stored[2] = stored[2]._replace(recorded_at=LATER)
    journal.events.append(stored)
    proof = proven(journal, *sequence(5))
    without = sequence(5)
    without[2] = without[2]._replace(recorded_at=None)
    assert proof == Proof(events=5, dated_otherwise=1, digest=digest(*without))
    assert proof.holds
    assert proof.digest not in (digest(*stored), digest(*sequence(5)))


def test_a_time_that_one_side_does_not_know_is_left_out_of_the_digest(journal: Journal) -> None:
    journal.events.append(sequence(5))
    given_events = [found._replace(recorded_at=None if found.originator_version else TIME) for found in sequence(5)]
    proof = proven(journal, *given_events)
    assert proof == Proof(events=5, undated=4, digest=digest(*given_events))


def test_rejects_are_not_part_of_the_proof(journal: Journal) -> None:
    events = sequence(9)
    journal.events.append(event(version, "{}") if version in (0, 3, 4, 8) else events[version] for version in range(9))
    for size in (1, 2, 4, 100):
        proof = proven(journal, *events, size=size, put_aside=array("q", [1, 4, 5, 9]))
        copied = [found for found in events if found.originator_version not in (0, 3, 4, 8)]
        assert proof == Proof(events=5, digest=digest(*copied))
        assert proven(journal, *events, size=size, put_aside=array("q", [1, 4, 5])).differing == 1


def test_a_source_with_gaps_and_unknown_times_is_proven(journal: Journal, tmp_path: Path) -> None:
    events = sequence(7)
    journal.events.append(events)
    rows = [(*found[:4], None, None, None, 10 * position) for position, found in enumerate(events, 1)]
    source = JournalSource(of_another_layout(*rows), 20)
    proof = prove(source.batches(), counterparts_in_journal(journal))
    assert (proof.events, proof.undated, proof.holds) == (5, 5, True)
    write_file(str(tmp_path / "e.ndjson"), source.batches())
    with counterparts_in_file(str(tmp_path / "e.ndjson")) as find:
        assert prove(source.batches(), find) == Proof(events=5, digest=proof.digest)


def test_a_file_that_was_changed_is_not_proven(journal: Journal, tmp_path: Path) -> None:
    journal.events.append(sequence(7))
    file = tmp_path / "e.ndjson"
    with journal.events.session.snapshot():
        write_file(str(file), JournalSource(journal, 0).batches())
    whole = file.read_text()
    for changed, missing, differing in (
        (whole, 0, 0),
        (whole.replace('{"n":3}', '{"n":4}'), 0, 1),
        ("".join(whole.splitlines(keepends=True)[:-1]), 1, 0),
        ("", 7, 0),
    ):
        file.write_text(changed)
        with counterparts_in_file(str(file)) as find, journal.events.session.snapshot():
            proof = prove(JournalSource(journal, 0).batches(), find)
        assert (proof.missing, proof.differing) == (missing, differing)


def test_progress_is_reported(journal: Journal) -> None:
    journal.events.append(sequence(7))
    told: list[int] = []
    prove(given(*sequence(7), size=3), counterparts_in_journal(journal), on_progress=told.append)
    assert told == [3, 6, 7]

"""The sequences of a journal, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.model.typepatterns import Patterns
from esjournal.journal.inspect.sequences import list_sequences
from esjournal.journal.journal import Journal
from tests.helpers.events import ID, OTHER_ID, TIME, event, sequence
from tests.helpers.given import refilled

IDS = [f"{start}-0000-0000-0000-000000000000" for start in ("00000000", "9b300000", "9b3fffff", "ffffffff")]


def recorded(of: str, version: int, kind: str, minute: int) -> RecordedEvent:
    return RecordedEvent(of, version, kind, "{}", f"2026-01-31T12:{minute:02}:00.000000Z")


def ids(journal: Journal, **options: Any) -> list[str]:
    return [found.originator_id for found in list_sequences(journal, **options)]


def test_a_summary_tells_of_the_first_and_the_last_event_by_their_versions(journal: Journal) -> None:
    refilled(journal, [recorded(ID, 7, "a#Late", 1), recorded(ID, 2, "a#Early", 5), recorded(ID, 3, "a#Between", 9)])
    assert list(list_sequences(journal)) == [
        SequenceSummary(ID, 3, 2, 7, "a#Late", "2026-01-31T12:05:00.000000Z", "2026-01-31T12:01:00.000000Z")
    ]


def test_an_empty_journal_has_no_sequences(journal: Journal) -> None:
    assert ids(journal) == []
    assert ids(journal, types=Patterns(["a*"])) == []


@settings(max_examples=20)
@given(
    owners=st.lists(st.integers(0, 3), max_size=15),
    order=st.sampled_from(SequenceOrder),
    limit=st.none() | st.integers(0, 4),
    prefix=st.sampled_from(["", "0", "9", "9b3", "9b30", "f", "a"]),
    kinds=st.sampled_from([[], ["a#1"], ["a#*"], ["a#1", "b*"], ["none*"], ["none"]]),
)
def test_orders_limits_prefixes_and_types(
    journal: Journal, owners: list[int], order: SequenceOrder, limit: int | None, prefix: str, kinds: list[str]
) -> None:
    events = [
        event(owners[:at].count(owner), of=IDS[owner], event_type=("a#1", "a#2", "b")[at % 3])
        for at, owner in enumerate(owners)
    ]
    refilled(journal, events)
    patterns = Patterns(kinds)
    expected = [
        one
        for one in IDS
        if one.startswith(prefix)
        and any(found.originator_id == one and patterns.match(found.event_type) for found in events)
    ]
    positions = {one: [at for at, owner in enumerate(owners) if IDS[owner] == one] for one in IDS}
    ranks = {
        SequenceOrder.ID: lambda one: one,
        # None of them has a name.
        SequenceOrder.NAME: lambda one: one,
        SequenceOrder.EVENTS: lambda one: -len(positions[one]),
        SequenceOrder.FIRST: lambda one: positions[one][0],
        SequenceOrder.LAST: lambda one: -positions[one][-1],
    }
    expected.sort(key=ranks[order])
    assert ids(journal, prefix=prefix, types=patterns, order=order, limit=limit) == expected[:limit]


def test_more_sequences_than_come_at_a_time_all_come(journal: Journal) -> None:
    events = [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(1_201)]
    refilled(journal, events)
    assert ids(journal) == [found.originator_id for found in events]
    found = list_sequences(journal)
    assert next(found).originator_id == events[0].originator_id
    # A half-read list does not block writers.
    journal.events.append(event(1))
    assert next(found).originator_id == events[1].originator_id


def test_summaries_carry_times_in_canonical_form(journal: Journal) -> None:
    refilled(journal, [*sequence(2), event(of=OTHER_ID)])
    found = list(list_sequences(journal))
    assert {each.first_recorded_at for each in found} == {each.last_recorded_at for each in found} == {TIME}


@pytest.mark.parametrize("kind", ["%", "_", "a'b", "Envelope`1[[Created, Shop]]", "*Order"])
def test_types_are_no_part_of_a_statement(journal: Journal, kind: str) -> None:
    refilled(journal, [event(event_type="a"), event(1, event_type=kind)])
    assert ids(journal, types=Patterns([kind])) == [ID]

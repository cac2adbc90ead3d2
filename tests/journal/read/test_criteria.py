"""What a reader asks for before a journal is open, and as of which time or position it is read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from esjournal.domain.state.where import field_condition
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.read.criteria import Criteria, position_as_of
from esjournal.journal.read.pages import read_journal
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.stores import journal_with

# An imported event may be older than those before it: the third one is.
MINUTES = [1, 5, 2, 7, 7]


def at(minute: int, second: str = "00.000000") -> str:
    return f"2026-01-31T12:{minute:02}:{second}Z"


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    events = [
        event(number, f'{{"n":{number}}}')._replace(
            originator_id=OTHER_ID if number % 2 else ID, recorded_at=at(minute)
        )
        for number, minute in enumerate(MINUTES)
    ]
    with open_journal(journal_with(store_url, events)) as journal:
        yield journal


@pytest.mark.parametrize(
    ("as_of", "position"),
    [
        (0, 0),
        (3, 3),
        (99, 99),
        (at(0), 0),
        (at(1), 1),
        (at(2), 3),
        # The event at minute 5 is before one of minute 2, which was there by then.
        (at(4, "59.999999"), 3),
        (at(5), 3),
        (at(6, "59.999999"), 3),
        (at(7), 5),
        (at(59), 5),
    ],
)
def test_a_time_means_the_last_event_recorded_by_then(journal: Journal, as_of: int | str, position: int) -> None:
    assert position_as_of(journal, as_of) == position


def test_criteria_become_a_selection_of_the_journal(journal: Journal) -> None:
    def found(criteria: Criteria, after: int = 0) -> list[int]:
        pages = read_journal(journal, criteria.in_journal(journal), after=after)
        return [position for page in pages for *_, position in page]

    assert found(Criteria()) == [1, 2, 3, 4, 5]
    assert found(Criteria(as_of=3)) == [1, 2, 3]
    assert found(Criteria(as_of=3), after=1) == [2, 3]
    assert found(Criteria(as_of=at(6))) == [1, 2, 3]
    assert found(Criteria(as_of=0)) == []
    assert found(Criteria(as_of=4, sequences=[OTHER_ID[:8]])) == [2, 4]
    assert found(Criteria(as_of=4, field_conditions=[field_condition("n > 1")])) == [3, 4]
    assert found(Criteria(since=at(2), until=at(7))) == [2, 3]
    assert found(Criteria(since=at(7), until=at(8))) == [4, 5]


def test_spans_that_follow_each_other_have_each_event_once(journal: Journal) -> None:
    ends = [at(minute) for minute in range(10)]
    found = [
        position
        for since, until in pairwise(ends)
        for page in read_journal(journal, Criteria(since=since, until=until).in_journal(journal))
        for *_, position in page
    ]
    assert sorted(found) == [1, 2, 3, 4, 5]

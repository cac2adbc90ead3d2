"""Deliveries: how events are put together, and where the cursor of each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.journal.cursor import cursor_at
from esjournal.journal.journal import Journal
from esjournal.journal.read.deliveries import Delivery, deliveries
from esjournal.journal.read.follow import Followed, follow, read_on
from esjournal.journal.read.selection import EVERYTHING, Selection
from tests.helpers.events import event, sequence

ODD = Selection(types=Patterns(["odd"]))


def alternating(count: int) -> list[RecordedEvent]:
    return [event(n, f'{{"n":{n}}}', event_type="odd" if n % 2 else "even") for n in range(count)]


def shown(journal: Journal, found: Iterable[Delivery]) -> list[tuple[list[int], int]]:
    """The positions of each delivery, and that of its cursor, which fits the journal."""
    positions = []
    for delivery in found:
        assert delivery.cursor == cursor_at(journal, delivery.cursor.global_position)
        positions.append(([event[-1] for event in delivery.events], delivery.cursor.global_position))
    return positions


def delivered(
    journal: Journal, size: int, selection: Selection = EVERYTHING, after: int = 0
) -> list[tuple[list[int], int]]:
    return shown(journal, deliveries(journal, read_on(journal, selection, after=after), size=size))


def test_the_cursor_is_after_the_last_event_of_each(journal: Journal) -> None:
    journal.events.append(sequence(5))
    assert delivered(journal, 2) == [([1, 2], 2), ([3, 4], 4), ([5], 5)]
    assert delivered(journal, 1, after=3) == [([4], 4), ([5], 5)]
    assert delivered(journal, 9) == [([1, 2, 3, 4, 5], 5)]
    assert delivered(journal, 1, after=5) == []


def test_the_cursor_passes_unwanted_events_but_none_that_is_not_handled(journal: Journal) -> None:
    journal.events.append(alternating(5))
    assert delivered(journal, 1, ODD) == [([2], 2), ([4], 4), ([], 5)]
    assert delivered(journal, 2, ODD) == [([2, 4], 4), ([], 5)]
    assert delivered(journal, 9, Selection(types=Patterns(["none"]))) == [([], 5)]


@pytest.mark.parametrize("size", [1, 7, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE])
@pytest.mark.parametrize("selection", [EVERYTHING, ODD], ids=["all", "odd"])
def test_batches_are_full_whatever_the_pages_are(journal: Journal, size: int, selection: Selection) -> None:
    count = 2 * PAGE_SIZE
    journal.events.append(alternating(count))
    wanted = [n for n in range(1, count + 1) if selection is EVERYTHING or n % 2 == 0]
    expected = [wanted[begin : begin + size] for begin in range(0, len(wanted), size)]
    following = deliveries(journal, follow(journal, selection, after=0), size=size)
    for found in (delivered(journal, size, selection), shown(journal, islice(following, len(expected)))):
        assert [positions for positions, _ in found if positions] == expected
        assert found[-1][1] == count


def test_a_follower_does_not_wait_for_a_batch_to_be_full(journal: Journal) -> None:
    journal.events.append(sequence(3))
    coming = deliveries(journal, follow(journal, after=0), size=2)
    assert shown(journal, islice(coming, 2)) == [([1, 2], 2), ([3], 3)]
    journal.events.append(event(3))
    assert shown(journal, islice(coming, 1)) == [([4], 4)]


def test_a_follower_passes_unwanted_events(journal: Journal) -> None:
    journal.events.append(alternating(5))
    coming = deliveries(journal, follow(journal, ODD, after=0), size=1)
    assert shown(journal, islice(coming, 2)) == [([2], 2), ([4], 5)]
    journal.events.append(event(5, event_type="even"))
    assert shown(journal, islice(coming, 1)) == [([], 6)]


@pytest.mark.parametrize("lasts", [[False, True], [True, True], [False, False, True]])
def test_what_is_left_of_a_page_goes_with_the_next_one(journal: Journal, lasts: Sequence[bool]) -> None:
    journal.events.append(sequence(3 * len(lasts)))
    [rows] = journal.events.pages()
    pages = [
        Followed(rows[3 * n : 3 * n + 3], cursor_at(journal, 3 * n + 3), is_last) for n, is_last in enumerate(lasts)
    ]
    found = shown(journal, deliveries(journal, pages, size=2))
    assert [position for positions, _ in found for position in positions] == list(range(1, 3 * len(lasts) + 1))
    assert all(positions[-1] == cursor for positions, cursor in found)


def test_reading_on_ends_with_the_last_event_that_was_there(journal: Journal) -> None:
    journal.events.append(sequence(2))
    coming = deliveries(journal, read_on(journal, after=0), size=1)
    first = shown(journal, islice(coming, 1))
    journal.events.append(event(2))
    assert [*first, *shown(journal, coming)] == [([1], 1), ([2], 2)]

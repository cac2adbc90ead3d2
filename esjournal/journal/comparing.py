"""Comparing two journals: both are read once, in the order of their places, side by side."""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from typing import Any

from esjournal.domain.model.changes import Changes, changes_of_states
from esjournal.domain.model.differences import Counts, EventDifference, SequenceComparison, Status
from esjournal.domain.model.fields import shortened
from esjournal.exceptions import StoreDamaged
from esjournal.interchange.beside import second_process, second_process_pays
from esjournal.interchange.values import differing_members, mean_the_same
from esjournal.journal.collecting import uncollected
from esjournal.journal.opening import Journal

Event = tuple[Any, ...]
Page = Sequence[Event]
Difference = EventDifference | SequenceComparison

# From here on a second process saves more than it takes to begin.
EVENTS_FOR_TWO = 50_000

_ID = itemgetter(0)
# Before the first sequence and behind the last one.
_NONE = ""


class Comparison:
    """One comparison of two journals, each up to the last event there when it begins.

    Events are the same if their types and states are; when they were recorded does not count, and is counted. `until`
    has the global position of the last event on each side; `events` and `sequences` are whole when the last difference
    was given.

    Args:
        a: an open journal.
        b: another one, or the same.
        by_value: whether states that are JSON are compared as JSON values, and not as text.
    """

    def __init__(self, a: Journal, b: Journal, *, by_value: bool = False) -> None:
        self.until = (a.events.settled_position(), b.events.settled_position())
        self.events = Counts()
        self.sequences = Counts()
        self._journals = (a, b)
        self._by_value = by_value
        self._current = SequenceComparison(_NONE)
        self._wants_every_sequence = False
        # Since the last page; a generator for each event would take longer than all else.
        self._found: list[Difference] = []

    @property
    def is_same(self) -> bool:
        """Whether no difference was found."""
        return self.events.same == self.events.in_a == self.events.in_b

    def differences(
        self, on_progress: Callable[[int], None] = lambda events: None, *, every_sequence: bool = False
    ) -> Generator[Difference, None, None]:
        """Yield what differs, in the order of places; however much it is, memory stays flat.

        A sequence comes behind those of its events that differ. Where only one side has it, none of its events comes.

        Args:
            on_progress: is told again and again how many events were read, of both sides together.
            every_sequence: whether sequences come that are the same on both sides, too.
        """
        self._wants_every_sequence = every_sequence
        with uncollected(), self._both_sides() as (pages_a, pages_b):
            for found in self._compared(pages_a, pages_b, on_progress):
                yield from found

    @contextmanager
    def _both_sides(self) -> Iterator[tuple[Iterator[Page], Iterator[Page]]]:
        """Give the pages of both sides, where it pays those of one from a second process."""
        (a, b), (until_a, until_b) = self._journals, self.until
        shared = [journal for journal in (b, a) if journal.events.session.is_shared]
        if not shared or min(self.until) < EVENTS_FOR_TWO or not second_process_pays():
            yield _pages(a, until_a), _pages(b, until_b)
            return
        there, until = (b, until_b) if shared[0] is b else (a, until_a)

        def pages_there() -> Iterator[bytes]:
            there.events.session.forget_connections()
            # For text and numbers: there and back it takes 0.7 microseconds an event, where pickle takes 1.15.
            return (marshal.dumps(list(page)) for page in _pages(there, until))

        with second_process(pages_there) as received:
            beside = map(marshal.loads, received)
            yield (_pages(a, until_a), beside) if there is b else (beside, _pages(b, until_b))

    def _compared(
        self, pages_a: Iterator[Page], pages_b: Iterator[Page], on_progress: Callable[[int], None]
    ) -> Iterator[list[Difference]]:
        """Yield what is found, page by page."""
        a: Page = ()
        b: Page = ()
        read = 0
        while True:
            if not a:
                a = next(pages_a, ())
                read += len(a)
            if not b:
                b = next(pages_b, ())
                read += len(b)
            if not a and not b:
                break
            on_progress(read)
            used_a = used_b = min(len(a), len(b))
            # Nearly always all is equal, which is seen at once: 0.1 microseconds an event, and one by one 1.
            if used_a and a[:used_a] == b[:used_b]:
                self._note_same(a[:used_a])
            else:
                used_a, used_b = self._one_by_one(a, b)
            a, b = a[used_a:], b[used_b:]
            yield self._taken()
        self._move_to(_NONE)
        yield self._taken()

    def _taken(self) -> list[Difference]:
        found, self._found = self._found, []
        return found

    def _note_same(self, page: Page) -> None:
        for originator_id, count in Counter(map(_ID, page)).items():
            events = self._events_of(originator_id)
            events.in_a += count
            events.in_b += count
            events.same += count

    def _one_by_one(self, a: Page, b: Page) -> tuple[int, int]:
        """Compare events until those of one side are used up, and return how many were used of each.

        A side that has no more at all is empty.
        """
        if not a or not b:
            for event in a or b:
                self._note_on_one_side(event, Status.ONLY_IN_A if a else Status.ONLY_IN_B, None)
            return len(a), len(b)
        at_a = at_b = 0
        while at_a < len(a) and at_b < len(b):
            one, other = a[at_a], b[at_b]
            if one[1] == other[1] and one[0] == other[0]:
                at_a += 1
                at_b += 1
                self._note_at_one_place(one, other)
            elif one[:2] < other[:2]:
                at_a += 1
                self._note_on_one_side(one, Status.ONLY_IN_A, other)
            else:
                at_b += 1
                self._note_on_one_side(other, Status.ONLY_IN_B, one)
        return at_a, at_b

    def _note_at_one_place(self, one: Event, other: Event) -> None:
        originator_id, version, type_a, state_a, recorded_a = one
        _, _, type_b, state_b, recorded_b = other
        events = self._events_of(originator_id)
        events.in_a += 1
        events.in_b += 1
        if type_a == type_b and (state_a == state_b or (self._by_value and mean_the_same(state_a, state_b))):
            events.same += 1
            # What one side does not know is not compared.
            if recorded_a != recorded_b and None not in (recorded_a, recorded_b):
                events.recorded_otherwise += 1
        else:
            events.different += 1
            self._note(EventDifference(originator_id, version, (type_a, state_a), (type_b, state_b), self._by_value))

    def _note_on_one_side(self, event: Event, side: Status, next_of_other: Event | None) -> None:
        originator_id, version, event_type, state, _ = event
        events = self._events_of(originator_id)
        events.count(side)
        other_has_some = events.in_b if side is Status.ONLY_IN_A else events.in_a
        if other_has_some or (next_of_other is not None and next_of_other[0] == originator_id):
            content = (event_type, state)
            a, b = (content, None) if side is Status.ONLY_IN_A else (None, content)
            self._note(EventDifference(originator_id, version, a, b, self._by_value))

    def _note(self, difference: EventDifference) -> None:
        if self._current.departs_at is None:
            self._current.departs_at = difference.originator_version
        self._found.append(difference)

    def _events_of(self, originator_id: str) -> Counts:
        if self._current.originator_id != originator_id:
            self._move_to(originator_id)
        return self._current.events

    def _move_to(self, originator_id: str) -> None:
        done = self._current
        if done.originator_id != _NONE:
            self.events.add(done.events)
            self.sequences.count(done.status)
            if self._wants_every_sequence or done.status is not Status.SAME:
                self._found.append(done)
        self._current = SequenceComparison(originator_id)


def changes_of(difference: EventDifference) -> Changes | None:
    """Return what is added, changed and removed in a state on the way from A to B.

    Args:
        difference: a place at which the journals differ.

    Returns:
        The changes, or None where not both sides have an event there whose state is a JSON object.
    """
    if difference.a is None or difference.b is None:
        return None
    one, other = differing_members(difference.a[1], difference.b[1])
    return changes_of_states(one, other, by_value=difference.by_value)


def _pages(journal: Journal, until: int) -> Iterator[Page]:
    """Return the events of a journal in the order of their places, as they are when the reading begins."""
    for page in journal.events.pages_by_place(until=until):
        ids, versions, types, states, _ = zip(*page, strict=True)
        # A table of SQLite that is not strict takes anything anywhere.
        if set(map(type, versions)) != {int} or set(map(type, chain(ids, types, states))) != {str}:
            first, last = (shortened(f"{ids[at]}@{versions[at]}") for at in (0, -1))
            raise StoreDamaged(
                journal.shown_url, f"between {first} and {last} a field of an event is no text, or a version no number"
            )
        yield page

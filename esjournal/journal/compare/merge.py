"""Two streams of events, side by side: what only one of them has, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

from esjournal.journal.compare.result import (
    Content,
    Counts,
    EventDifference,
    SequenceComparison,
    Status,
    is_same_content,
)

# An event without its global position, which is not compared; and some of them, in the order of their places.
PlacedEvent = tuple[str, int, str, str, str | None, str | None, str | None]
PlacedEvents = Sequence[PlacedEvent]
Difference = EventDifference | SequenceComparison

_ID = itemgetter(0)
# The id of no sequence: before the first one, and after the last.
_NONE = ""


class Merge:
    """The state of comparing two streams.

    `read` counts the events read from both, `event_differences` the places that differ in sequences that both have.
    `events` and `sequences` are complete once the last difference has been yielded.

    Args:
        by_value: compare states that are JSON as JSON values, not as text.
        every_sequence: yield sequences that are the same on both sides, too.
        most: yield at most this many event differences; the rest are only counted.
    """

    def __init__(self, *, by_value: bool, every_sequence: bool, most: int | None) -> None:
        self.read = 0
        self.event_differences = 0
        self.events = Counts()
        self.sequences = Counts()
        self._by_value = by_value
        self._every_sequence = every_sequence
        self._most = most
        self._current = SequenceComparison(_NONE)
        # Found since the last page; a generator for each event would take longer than everything else.
        self._found: list[Difference] = []

    def differences(
        self, pages_a: Iterator[PlacedEvents], pages_b: Iterator[PlacedEvents]
    ) -> Iterator[list[Difference]]:
        """Yield what is found, page by page.

        Args:
            pages_a: the events of A in the order of their places, without global positions.
            pages_b: those of B.
        """
        a: PlacedEvents = ()
        b: PlacedEvents = ()
        while True:
            if not a:
                a = next(pages_a, ())
                self.read += len(a)
            if not b:
                b = next(pages_b, ())
                self.read += len(b)
            if not a and not b:
                break
            used_a = used_b = min(len(a), len(b))
            # Nearly always all is equal: compared at once, that takes 0.1 microseconds an event, and one by one 1.
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

    def _note_same(self, page: PlacedEvents) -> None:
        for originator_id, count in Counter(map(_ID, page)).items():
            events = self._events_of(originator_id)
            events.in_a += count
            events.in_b += count
            events.same += count

    def _one_by_one(self, a: PlacedEvents, b: PlacedEvents) -> tuple[int, int]:
        """Compare events until one side is used up, and return how many were used of each.

        A side that has ended is empty.
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

    def _note_at_one_place(self, one: PlacedEvent, other: PlacedEvent) -> None:
        originator_id, version, type_a, state_a, recorded_a, *about_a = one
        _, _, type_b, state_b, recorded_b, *about_b = other
        events = self._events_of(originator_id)
        events.in_a += 1
        events.in_b += 1
        is_equal = (type_a, state_a, about_a) == (type_b, state_b, about_b)
        # Only now, because making them takes as long as everything else.
        a, b = (None, None) if is_equal else (Content(type_a, state_a, *about_a), Content(type_b, state_b, *about_b))
        if a is None or b is None or is_same_content(a, b, by_value=self._by_value):
            events.same += 1
            # A time that one side does not have is not compared.
            if recorded_a != recorded_b and None not in (recorded_a, recorded_b):
                events.recorded_otherwise += 1
        else:
            events.different += 1
            if self._noted(version):
                self._found.append(EventDifference(originator_id, version, a, b, self._by_value))

    def _note_on_one_side(self, event: PlacedEvent, side: Status, next_of_other: PlacedEvent | None) -> None:
        originator_id, version, event_type, state, _, metadata, event_id = event
        events = self._events_of(originator_id)
        events.count(side)
        other_has_some = events.in_b if side is Status.ONLY_IN_A else events.in_a
        both_have_some = other_has_some or (next_of_other is not None and next_of_other[0] == originator_id)
        if both_have_some and self._noted(version):
            content = Content(event_type, state, metadata, event_id)
            a, b = (content, None) if side is Status.ONLY_IN_A else (None, content)
            self._found.append(EventDifference(originator_id, version, a, b, self._by_value))

    def _noted(self, version: int) -> bool:
        """Count a difference at a version of the current sequence, and say whether to yield it."""
        if self._current.departs_at is None:
            self._current.departs_at = version
        self.event_differences += 1
        return self._most is None or self.event_differences <= self._most

    def _events_of(self, originator_id: str) -> Counts:
        if self._current.originator_id != originator_id:
            self._move_to(originator_id)
        return self._current.events

    def _move_to(self, originator_id: str) -> None:
        done = self._current
        if done.originator_id != _NONE:
            self.events.add(done.events)
            self.sequences.count(done.status)
            if self._every_sequence or done.status is not Status.SAME:
                self._found.append(done)
        self._current = SequenceComparison(originator_id)

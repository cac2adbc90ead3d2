"""Comparing two journals: both are read once, side by side, in the order of their places."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from operator import itemgetter

from esjournal.domain.state.changes import Changes, changes_of_states
from esjournal.domain.state.equality import differing_members
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.secondprocess import second_process
from esjournal.journal.compare.merge import Difference, Merge, PlacedEvents
from esjournal.journal.compare.result import Counts, EventDifference
from esjournal.journal.journal import Journal
from esjournal.journal.read.secondreader import second_reader_pays

# Number of events sampled to find an id that splits them in half.
_SAMPLE = 64


class Comparison:
    """A comparison of two journals, each up to a position, or to its last event when the comparison begins.

    Events are the same if their types and states are. Recording times are not compared, but events whose times differ
    are counted. `until` has the global position of the last event on each side. `event_differences` is the number of
    places that differ in sequences that both sides have. It, `events` and `sequences` are complete once the last
    difference has been yielded.

    Args:
        a: an open journal.
        b: another one, or the same.
        by_value: compare states that are JSON as JSON values, not as text.
        until: the last global position to compare in A and in B; None is the last one there is.
    """

    def __init__(
        self, a: Journal, b: Journal, *, by_value: bool = False, until: tuple[int | None, int | None] = (None, None)
    ) -> None:
        self.until = (_end(a, until[0]), _end(b, until[1]))
        self.events = Counts()
        self.sequences = Counts()
        self.event_differences = 0
        self._journals = (a, b)
        self._by_value = by_value

    @property
    def is_same(self) -> bool:
        """Whether no difference was found."""
        return self.events.same == self.events.in_a == self.events.in_b

    def differences(
        self,
        on_progress: Callable[[int], None] = lambda events: None,
        *,
        every_sequence: bool = False,
        most: int | None = None,
    ) -> Generator[Difference, None, None]:
        """Yield what differs, in the order of places and in constant memory.

        A sequence comes after those of its events that differ. If only one side has it, none of its events come.

        Args:
            on_progress: called repeatedly with the number of events read so far, on both sides together.
            every_sequence: yield sequences that are the same on both sides, too.
            most: yield at least this many event differences; the rest may only be counted.
        """

        def new_merge() -> Merge:
            return Merge(by_value=self._by_value, every_sequence=every_sequence, most=most)

        with uncollected():
            if all(map(second_reader_pays, self._journals, self.until)):
                yield from self._in_halves(new_merge, on_progress)
                return
            merge = new_merge()
            for found in merge.differences(*self._sides()):
                on_progress(merge.read)
                yield from found
            self._add(merge)

    def _add(self, merge: Merge) -> None:
        self.events.add(merge.events)
        self.sequences.add(merge.sequences)
        self.event_differences += merge.event_differences

    def _in_halves(
        self, new_merge: Callable[[], Merge], on_progress: Callable[[int], None]
    ) -> Generator[Difference, None, None]:
        """Compare half of the sequences in this process, and the other half in a second one.

        Each process reads both sides. A process for each side took a fifth longer: all events of one side went through
        the pipe, and only this process compared.
        """
        middle = self._middle()

        def there() -> Iterator[tuple[list[Difference], Merge]]:
            for journal in self._journals:
                journal.events.session.forget_connections()
            merge = new_merge()
            for found in merge.differences(*self._sides(first_id=middle)):
                if found:
                    yield found, merge
            yield [], merge

        with second_process(there) as received:
            merge = new_merge()
            for found in merge.differences(*self._sides(before_id=middle)):
                # The other process has usually read as much.
                on_progress(min(2 * merge.read, sum(self.until)))
                yield from found
            self._add(merge)
            for found, upper in received:
                on_progress(max(2 * merge.read, merge.read + upper.read))
                yield from found
        self._add(upper)

    def _sides(self, **bounds: str) -> tuple[Iterator[PlacedEvents], Iterator[PlacedEvents]]:
        (a, b), (until_a, until_b) = self._journals, self.until
        return _pages(a, until_a, **bounds), _pages(b, until_b, **bounds)

    def _middle(self) -> str:
        """Return an id with about half of the events before it."""
        journal, until = max(zip(self._journals, self.until, strict=True), key=itemgetter(1))
        ids = sorted(map(str, journal.events.sampled_ids(_SAMPLE, until)))
        return ids[len(ids) // 2]


def changes_of(difference: EventDifference) -> Changes | None:
    """Return what was added, changed and removed in a state from A to B.

    Args:
        difference: a place at which the journals differ.

    Returns:
        The changes; None if a side has no event there, or one whose state is not a JSON object.
    """
    if difference.a is None or difference.b is None:
        return None
    one, other = differing_members(difference.a.state, difference.b.state)
    return changes_of_states(one, other, by_value=difference.by_value)


def _end(journal: Journal, until: int | None) -> int:
    settled = journal.events.settled_position()
    return settled if until is None else min(settled, until)


def _pages(journal: Journal, until: int, **bounds: str) -> Iterator[PlacedEvents]:
    """Return the events of a journal in the order of their places, as they are when reading begins."""
    return journal.events.pages_by_place(until=until, **bounds)

"""Comparing two journals: both are read once, in the order of their places, side by side."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter

from esjournal.domain.state.changes import Changes, changes_of_states
from esjournal.domain.state.equality import differing_members
from esjournal.domain.text import shortened
from esjournal.exceptions import StoreDamaged
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.secondprocess import second_process, second_process_pays
from esjournal.journal.compare.merge import Difference, Merge, Page
from esjournal.journal.compare.result import Counts, EventDifference
from esjournal.journal.journal import Journal

# From here on a second process saves more than it takes to begin.
EVENTS_FOR_TWO = 50_000
# So many events are asked to which sequences they belong, to know which id half of the events are before.
_SAMPLE = 64


class Comparison:
    """One comparison of two journals, each up to the last event there when it begins.

    Events are the same if their types and states are; when they were recorded does not count, and is counted. `until`
    has the global position of the last event on each side. `events`, `sequences` and `event_differences`, the number of
    places at which the events of sequences that both have differ, are whole when the last difference was given.

    Args:
        a: an open journal.
        b: another one, or the same.
        by_value: whether states that are JSON are compared as JSON values, and not as text.
    """

    def __init__(self, a: Journal, b: Journal, *, by_value: bool = False) -> None:
        self.until = (a.events.settled_position(), b.events.settled_position())
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
        """Yield what differs, in the order of places; however much it is, memory stays flat.

        A sequence comes behind those of its events that differ. Where only one side has it, none of its events comes.

        Args:
            on_progress: is told again and again how many events were read, of both sides together.
            every_sequence: whether sequences come that are the same on both sides, too.
            most: so many differences of events come for certain; others may be left out, and are counted all the same.
        """

        def new_merge() -> Merge:
            return Merge(by_value=self._by_value, every_sequence=every_sequence, most=most)

        shared = [journal.events.session.is_shared for journal in self._journals]
        two = min(self.until) >= EVENTS_FOR_TWO and second_process_pays()
        with uncollected():
            if two and all(shared):
                yield from self._in_halves(new_merge, on_progress)
            else:
                merge = new_merge()
                with self._both_sides(beside=two and any(shared)) as (pages_a, pages_b):
                    for found in merge.differences(pages_a, pages_b):
                        on_progress(merge.read)
                        yield from found
                self._add(merge)

    def _add(self, merge: Merge) -> None:
        self.events.add(merge.events)
        self.sequences.add(merge.sequences)
        self.event_differences += merge.event_differences

    @contextmanager
    def _both_sides(self, *, beside: bool) -> Iterator[tuple[Iterator[Page], Iterator[Page]]]:
        """Give the pages of both sides, those of one from a second process where that is asked for."""
        (a, b), (until_a, until_b) = self._journals, self.until
        if not beside:
            yield _pages(a, until_a), _pages(b, until_b)
            return
        there, until = (b, until_b) if b.events.session.is_shared else (a, until_a)

        def pages_there() -> Iterator[bytes]:
            there.events.session.forget_connections()
            # For text and numbers: there and back it takes 0.7 microseconds an event, where pickle takes 1.15.
            return (marshal.dumps(list(page)) for page in _pages(there, until))

        with second_process(pages_there) as received:
            pages = map(marshal.loads, received)
            yield (_pages(a, until_a), pages) if there is b else (pages, _pages(b, until_b))

    def _in_halves(
        self, new_merge: Callable[[], Merge], on_progress: Callable[[int], None]
    ) -> Generator[Difference, None, None]:
        """Compare half of the sequences in this process, and the others in a second one.

        Both read both sides: to have one of them read by the other process took a fifth longer, for what goes through
        the pipe, and left all comparing to this one.
        """
        middle = self._middle()

        def there() -> Iterator[tuple[list[Difference], Merge]]:
            for journal in self._journals:
                journal.events.session.forget_connections()
            merge = new_merge()
            for found in merge.differences(*self._halves(first_id=middle)):
                if found:
                    yield found, merge
            yield [], merge

        with second_process(there) as received:
            merge = new_merge()
            for found in merge.differences(*self._halves(before_id=middle)):
                # The other process mostly is as far.
                on_progress(min(2 * merge.read, sum(self.until)))
                yield from found
            self._add(merge)
            for found, upper in received:
                on_progress(max(2 * merge.read, merge.read + upper.read))
                yield from found
        self._add(upper)

    def _halves(self, **bounds: str) -> tuple[Iterator[Page], Iterator[Page]]:
        (a, b), (until_a, until_b) = self._journals, self.until
        return _pages(a, until_a, **bounds), _pages(b, until_b, **bounds)

    def _middle(self) -> str:
        """Return an id with about half of the events before it."""
        journal, until = max(zip(self._journals, self.until, strict=True), key=itemgetter(1))
        ids = []
        for part in range(_SAMPLE):
            page = next(iter(journal.events.pages(after=until * part // _SAMPLE, until=until, size=1)))
            ids.append(page[0][0])
        return str(sorted(ids)[_SAMPLE // 2])


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


def _pages(journal: Journal, until: int, **bounds: str) -> Iterator[Page]:
    """Return the events of a journal in the order of their places, as they are when the reading begins."""
    for page in journal.events.pages_by_place(until=until, **bounds):
        ids, versions, types, states, _ = zip(*page, strict=True)
        # A table of SQLite that is not strict takes anything anywhere.
        texts = set(map(type, chain(ids, types, states)))
        if set(map(type, versions)) != {int} or not all(issubclass(kind, str) for kind in texts):
            first, last = (shortened(f"{ids[at]}@{versions[at]}") for at in (0, -1))
            raise StoreDamaged(
                journal.shown_url, f"between {first} and {last} a field of an event is no text, or a version no number"
            )
        yield page

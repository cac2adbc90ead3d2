"""Every sequence of a journal: its first and last event are looked up, or found by sorting all events.

Events are committed in order: up to one global position, each statement and each process sees the same sequences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import itemgetter

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model import rules
from esjournal.exceptions import StoreFull
from esjournal.infrastructure.sqlalchemy.activerecords import NO_LIMIT
from esjournal.infrastructure.sqlalchemy.items.statements import Row
from esjournal.infrastructure.sqlalchemy.reports.sequencesummaries import Sequences
from esjournal.interchange.secondprocess import second_process
from esjournal.interchange.sharedwork import shared_work
from esjournal.journal.journal import Journal
from esjournal.journal.read.secondreader import second_reader_pays
from esjournal.journal.read.selection import ALL_NAMES

# The first ones are looked up: their lines come at once, and a second process takes 20 milliseconds to start.
FEW_SEQUENCES = 5_000
# From this many events on, looking up two of them is faster than sorting all: for 1,500,000 events in sequences of four
# it takes 2.4 seconds, compared with 2.8, and in sequences of three 3.5, compared with 2.9.
LONG_SEQUENCE = 4
EVENTS_OF_A_PART = 5_000
# The ids of this many events of a part say where it ends. With fewer, the parts would differ more in size.
SAMPLES_OF_A_PART = 4
# The last global position may be far away from the others.
MOST_PARTS = 10_000


def every_sequence(journal: Journal, sequences: Sequences) -> Iterator[list[Row]]:
    """Yield the rows of all sequences, sorted by id; see `Sequences.summary_rows`.

    Args:
        journal: an open journal.
        sequences: its sequences.
    """
    until = journal.events.last_global_position()
    lowest, highest = rules.ids_that_start_with("")
    count, events, after = 0, 0, ""
    with journal.events.session.on_one_server():
        for rows in _looked_up(sequences, lowest, highest, until=until, limit=FEW_SEQUENCES):
            count, events, after = count + len(rows), events + sum(map(itemgetter(1), rows)), rows[-1][0]
            yield rows
        if count == FEW_SEQUENCES:
            rest = _Rest(journal, sequences, after, highest, until)
            yield from rest.by_index() if events >= count * LONG_SEQUENCE else rest.by_sort()


def _looked_up(
    sequences: Sequences, first: str, last: str, *, until: int, limit: int = NO_LIMIT, after_first: bool = False
) -> Iterator[list[Row]]:
    return sequences.summary_rows(
        first, last, None, ALL_NAMES, SequenceOrder.ID, limit, after_first=after_first, until=until
    )


@dataclass(frozen=True)
class _Rest:
    """The sequences after an id, up to a last one, of the events up to a global position."""

    journal: Journal
    sequences: Sequences
    after: str
    last: str
    until: int

    def by_sort(self) -> Iterator[list[Row]]:
        """Sort their events; in a second process if that pays, while this one uses the rows."""
        if not self._second_process_pays():
            yield from self._by_sort_here()
            return

        def there() -> Iterator[list[Row]]:
            self.journal.events.session.forget_connections()
            return self._by_sort_here()

        with second_process(there) as lists:
            yield from lists

    def _by_sort_here(self) -> Iterator[list[Row]]:
        after = self.after
        try:
            for rows in self.sequences.sorted_summary_rows(after, self.last, self.until):
                yield rows
                after = rows[-1][0]
        except StoreFull:
            # A sort takes most of its room before its first row, and may take more later.
            yield from self._between(after, self.last)

    def by_index(self) -> Iterator[list[Row]]:
        """Look up their first and last events; two processes share the spans of ids if that pays."""
        if not self._second_process_pays():
            yield from self._between(self.after, self.last)
            return
        spans = self._spans()

        def rows_of_parts(numbers: Iterator[int]) -> Iterator[list[Row]]:
            for number in numbers:
                yield list(chain.from_iterable(self._between(*spans[number])))

        with shared_work(len(spans), rows_of_parts, self.journal.events.session.forget_connections) as lists:
            yield from lists

    def _second_process_pays(self) -> bool:
        # A server has the second core already, while SQLite works in this process.
        is_in_this_process = self.journal.events.session.url.path is not None
        return is_in_this_process and second_reader_pays(self.journal, self.until)

    def _between(self, after: str, last: str) -> Iterator[list[Row]]:
        return _looked_up(self.sequences, after, last, until=self.until, after_first=True)

    def _spans(self) -> list[tuple[str, str]]:
        """Split the ids into spans with about as many events each.

        Each span begins after its first id, and ends with its last.
        """
        parts = min(self.until // EVENTS_OF_A_PART + 1, MOST_PARTS)
        sampled = map(str, self.journal.events.sampled_ids(parts * SAMPLES_OF_A_PART, self.until))
        ids = sorted({each for each in sampled if self.after < each < self.last})
        return list(pairwise([self.after, *ids[SAMPLES_OF_A_PART::SAMPLES_OF_A_PART], self.last]))

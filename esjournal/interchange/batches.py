"""Batches: what stands on some lines that follow one another in a file, good and bad."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from esjournal.exceptions import InvalidLine
from esjournal.infrastructure.sequenceditem import RecordedEvent

Read = tuple[int, RecordedEvent | InvalidLine]


@dataclass(frozen=True, slots=True)
class Batch:
    """Events, and what is wrong with the lines between them.

    `source` is the file's name, `lines` has the line of each event, `bad` is in the order of the file too, and
    `left_out` is how many more events stood there and are not wanted.
    """

    source: str
    lines: Sequence[int]
    events: Sequence[RecordedEvent]
    bad: Sequence[InvalidLine] = ()
    left_out: int = 0

    @property
    def size(self) -> int:
        """How many events are wanted, bad ones included."""
        return len(self.events) + len(self.bad)

    def split(self, count: int) -> tuple[Batch, Batch]:
        """Return the first so many events, bad ones included, and the rest."""
        if not self.bad:
            return self._part(0, count, 0, 0, self.left_out), self._part(count, len(self.events), 0, 0)
        bad_lines = [bad.line for bad in self.bad]
        last = sorted([*self.lines, *bad_lines])[count - 1]
        events, bad = bisect_right(self.lines, last), bisect_right(bad_lines, last)
        return self._part(0, events, 0, bad, self.left_out), self._part(events, len(self.events), bad, len(self.bad))

    def _part(self, start: int, end: int, bad_start: int, bad_end: int, left_out: int = 0) -> Batch:
        return Batch(self.source, self.lines[start:end], self.events[start:end], self.bad[bad_start:bad_end], left_out)


def batch_of(source: str, reads: Iterable[Read]) -> Batch:
    """Return the batch of some lines, each with its event or with what is wrong."""
    lines = array("q")
    events, bad = [], []
    for line, read in reads:
        if isinstance(read, InvalidLine):
            bad.append(read)
        else:
            lines.append(line)
            events.append(read)
    return Batch(source, lines, events, bad)


def batches_of(source: str, reads: Iterable[Read], size: int) -> Iterator[Batch]:
    """Yield batches of so many lines."""
    remaining = iter(reads)
    while some := list(islice(remaining, size)):
        yield batch_of(source, some)

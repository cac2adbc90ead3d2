"""Batches: the events of consecutive lines of a file, and the bad lines among them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import any_named, ids_and_names, named_ids
from esjournal.exceptions import InvalidLine
from esjournal.interchange.seals import WholeJournal

Read = tuple[int, RecordedEvent | InvalidLine]
Columns = tuple[Sequence[Any], ...]
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of some lines, and the bad lines among them.

    `source` is the name of the file, and `lines` has the line of each event. `columns` are the ids, versions, types,
    states and recording times: columns, because events become rows of a database, and hardly any is looked at alone.
    `bad` has the bad lines, in the order of the file. `left_out` is the number of events that are not wanted. `whole`
    is what the seal of a file says about the journal that the file is; a reader that asks gets it in the last batch.
    `positions` has the global position that each line gives, None for a line without one, and is empty if no line has
    one; only a reader of a file as a journal uses them.
    """

    source: str
    lines: Sequence[int]
    columns: Columns
    bad: Sequence[InvalidLine] = ()
    left_out: int = 0
    whole: WholeJournal | None = None
    positions: Sequence[int | None] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process makes the batch of.

        An id that carries a name takes pickle four times as long as its text and its name do, of which one text is made
        for all events.
        """
        if any_named(self.columns[0]):
            ids, names = map(_SEPARATOR.join, ids_and_names(self.columns[0]))
            # The names of other libraries' sequences may have any character.
            if names.count(_SEPARATOR) == len(self.lines) - 1:
                rest = (self.bad, self.left_out, self.whole, self.positions)
                return _received, (self.source, self.lines, ids, names, self.columns[1:], *rest)
        return Batch, (self.source, self.lines, self.columns, self.bad, self.left_out, self.whole, self.positions)

    @property
    def size(self) -> int:
        """The number of events that are wanted, including bad lines."""
        return len(self.lines) + len(self.bad)

    @property
    def events(self) -> list[RecordedEvent]:
        """The events, built for each call."""
        return list(map(RecordedEvent, *self.columns))

    def part(self, start: int, end: int | None = None) -> Batch:
        """Return some of the events, by their index in the batch, without bad lines."""
        columns = tuple(column[start:end] for column in self.columns)
        return Batch(self.source, self.lines[start:end], columns, positions=self.positions[start:end])

    def split(self, count: int) -> tuple[Batch, Batch]:
        """Return the first `count` events, including bad lines, and the rest."""
        events = bad = count
        if self.bad:
            bad_lines = [bad_line.line for bad_line in self.bad]
            last = sorted([*self.lines, *bad_lines])[count - 1]
            events, bad = bisect_right(self.lines, last), bisect_right(bad_lines, last)
        first = replace(self.part(0, events), bad=self.bad[:bad], left_out=self.left_out)
        return first, replace(self.part(events), bad=self.bad[bad:])


def _received(source: str, lines: Sequence[int], ids: str, names: str, others: Columns, *rest: Any) -> Batch:
    return Batch(source, lines, (named_ids(ids.split(_SEPARATOR), names.split(_SEPARATOR)), *others), *rest)


def batch_of(source: str, reads: Iterable[Read]) -> Batch:
    """Return the batch of some lines, each with its event or its error."""
    lines = array("q")
    events, bad = [], []
    for line, read in reads:
        if isinstance(read, InvalidLine):
            bad.append(read)
        else:
            lines.append(line)
            events.append(read)
    *columns, positions = zip(*events, strict=True) if events else ((),) * len(RecordedEvent._fields)
    return Batch(source, lines, tuple(columns), bad, positions=known_positions(positions))


def known_positions(positions: Sequence[int | None]) -> Sequence[int | None]:
    """Return the positions that lines give, none if no line gives one."""
    return () if positions.count(None) == len(positions) else positions


def batches_of(source: str, reads: Iterable[Read], size: int) -> Iterator[Batch]:
    """Yield batches of `size` lines."""
    remaining = iter(reads)
    while some := list(islice(remaining, size)):
        yield batch_of(source, some)

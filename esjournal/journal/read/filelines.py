"""The events of a file as its lines have them, with the positions and the times that a journal would give them.

An event has the global position that its line gives, so that a part of a journal is read with the journal's positions.
One without a position, or with one that is not above those before it, follows the event before it. So lines that are
added to a file change no position of those before them, and cursors stay valid.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from operator import lt
from pathlib import Path

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import EventRow
from esjournal.exceptions import InvalidLine
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.interchange.batches import Batch
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.read.pages import Page, limited
from esjournal.journal.read.selection import EVERYTHING, Selection


@contextmanager
def open_lines(
    path: str, selection: Selection = EVERYTHING, *, after: int = 0, last: int | None = None, limit: int | None = None
) -> Iterator[Iterator[Page]]:
    """Open a file of events to read it as it stands, and yield the pages of the wanted events, streaming.

    Events that are in the file twice come twice, and a line that is not an event ends the reading when it is reached.

    Args:
        path: an NDJSON or CSV file, compressed or not.
        selection: which events are wanted.
        after: the global position to start after.
        last: only the last n events, which are kept in memory until the file has been read.
        limit: at most this many of these.

    Raises:
        UnusableFile: the file cannot be read.
        InvalidLine: a line is not an event, or the file does not match its seal; raised while the pages are read.
    """
    with read_beside(Files([path])) as batches:
        pages = _wanted(as_recorded(batches, written_at(path)), selection, after)
        yield limited(pages if last is None else _last(pages, last), limit)


def written_at(path: str) -> str:
    """Return the time at which a file was last written, in canonical form."""
    return rules.recorded_at_text(datetime.fromtimestamp(Path(path).stat().st_mtime, UTC))


def as_recorded(batches: Iterable[Batch], unknown_time: str) -> Iterator[Batch]:
    """Yield batches with all columns of recorded events: global positions come last, and every time is known.

    Args:
        batches: the events of a file.
        unknown_time: the time of events without one, in canonical form.

    Raises:
        InvalidLine: an event follows one at the highest position that there is.
    """
    last = 0
    for batch in dated(batches, unknown_time):
        positions = _positions(last, batch)
        last = positions[-1] if positions else last
        if last > rules.MAX_VERSION:
            line = batch.lines[bisect_left(positions, rules.MAX_VERSION + 1)]
            raise InvalidLine(batch.source, line, f"no global position is left after {rules.MAX_VERSION}")
        yield replace(batch, columns=(*batch.columns, positions))


def dated(batches: Iterable[Batch], unknown_time: str) -> Iterator[Batch]:
    """Yield batches in which the time of every event is known.

    Args:
        batches: events.
        unknown_time: the time of those without one, in canonical form.
    """
    for batch in batches:
        ids, versions, types, states, times, *others = batch.columns
        known = [unknown_time if time is None else time for time in times]
        yield replace(batch, columns=(ids, versions, types, states, known, *others))


def _positions(last: int, batch: Batch) -> Sequence[int]:
    if not batch.positions:
        return range(last + 1, last + 1 + len(batch.lines))
    given = [position for position in batch.positions if position is not None]
    if len(given) == len(batch.lines) and last < given[0] and all(map(lt, given, given[1:])):
        return given
    positions = []
    for position in batch.positions:
        last = last + 1 if position is None or position <= last else position
        positions.append(last)
    return positions


def _wanted(batches: Iterable[Batch], selection: Selection, after: int) -> Iterator[Page]:
    for batch in batches:
        end = bisect_left(batch.lines, batch.bad[0].line) if batch.bad else None
        begin = bisect_left(batch.columns[-1], after + 1)
        page: list[EventRow] = list(zip(*(column[begin:end] for column in batch.columns), strict=True))
        if wanted := selection.wanted(page):
            yield wanted
        for bad_line in batch.bad:
            raise bad_line


def _last(pages: Iterable[Page], count: int) -> Iterator[Page]:
    events = iter(deque(chain.from_iterable(pages), maxlen=count))
    while page := list(islice(events, PAGE_SIZE)):
        yield page

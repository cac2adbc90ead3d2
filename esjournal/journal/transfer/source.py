"""The source of a copy: the events of a journal or a file, as batches that can be read as often as needed.

One process reads, checks and writes. While each page was a statement, a second process that reads saved up to a sixth
of the time into SQLite, and none into PostgreSQL. One statement for all pages saves as much, and keeps the snapshot in
one process, where the proof has to read too.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import any_named
from esjournal.exceptions import InvalidCursor, UnusableFile
from esjournal.interchange.batches import Batch
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.cursor import Cursor, cursor_at, position_after
from esjournal.journal.journal import Journal
from esjournal.journal.read.criteria import EVERY_EVENT, Criteria, Slice
from esjournal.journal.read.selection import EVERYTHING, Selection
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer.pagebatches import batch_of_page, sound_batch


class Source(Protocol):
    """What is copied: `journal` is None for a file; `size` is the amount to read."""

    journal: Journal | None
    size: int

    def done(self) -> int:
        """Return the amount read since the last reading began."""

    def read(self) -> AbstractContextManager[Iterator[Batch]]:
        """Yield all events, with what is wrong with those between; each call starts from the beginning."""

    def fields_in_use(self) -> frozenset[str]:
        """Return those of the fields `metadata`, `event_id` and `sequence_name` that an event has."""

    def cursor(self) -> Cursor:
        """Return the cursor of the last event to read; a file has none."""


class JournalSource:
    """The events of a journal after a global position, up to its last one when the copy begins.

    It is read inside a snapshot of the journal's session, so that each reading gives the same events.

    Args:
        journal: an open journal.
        after: the global position to start after.
        until: the global position to end with, by default the last one.
        selection: which events are wanted; those that no journal can hold are given too, because nobody can say what
            they are.
        limit: give at most this many events.
    """

    def __init__(
        self,
        journal: Journal,
        after: int,
        until: int | None = None,
        *,
        selection: Selection = EVERYTHING,
        limit: int | None = None,
    ) -> None:
        self.journal: Journal | None = journal
        self._journal = journal
        # How far the reader has come in the end, also past events that are not wanted.
        self._reached = max(after, journal.events.last_global_position() if until is None else until)
        self._selection = selection
        self._limit = limit
        self.after, self.until = after, self._reached
        if limit == 0:
            self.until = self._reached = after
        elif not selection.is_everything:
            self.after, self.until = selection.span(journal, after, self._reached)
        # A span may end before the position to start after.
        self.size = max(0, self.until - self.after)
        self._at = self.after
        # Whether no event of a whole reading needed a closer look: the next one reads the same events.
        self._is_sound = False

    def read(self) -> AbstractContextManager[Iterator[Batch]]:
        """Yield all events from the beginning, as `batches` does."""
        return closing(self.batches())

    def done(self) -> int:
        """Return how many global positions were read since the last reading began."""
        return self._at - self.after

    def batches(self) -> Generator[Batch, None, None]:
        """Yield all events, with what is wrong with those that no journal can hold; a line is a global position.

        Raises:
            StoreError: the journal cannot be read.
        """
        self._at = self.after
        events, left = self._journal.events, self._limit
        conditions = self._selection.conditions(self._journal)
        name, are_sound = self._journal.shown_url, True
        with closing(events.pages_in_one_statement(after=self.after, until=self.until, conditions=conditions)) as pages:
            for page in pages:
                self._at = page[-1][-1]
                sound = sound_batch(name, page, checked=self._is_sound)
                are_sound = are_sound and sound is not None
                batch = self._wanted(batch_of_page(name, page) if sound is None else sound)
                if left is not None and len(batch.lines) >= left:
                    self._reached = batch.lines[left - 1]
                    yield _up_to(batch, left)
                    return
                left = None if left is None else left - len(batch.lines)
                yield batch
        self._is_sound = are_sound

    def _wanted(self, batch: Batch) -> Batch:
        if self._selection.is_everything:
            return batch
        events = list(zip(*batch.columns, batch.lines, strict=True))
        wanted = self._selection.wanted(events)
        return batch if len(wanted) == len(events) else _with_events(batch, wanted)

    def fields_in_use(self) -> frozenset[str]:
        """Return those of the fields `metadata`, `event_id` and `sequence_name` that an event has."""
        return self._journal.events.fields_in_use()

    def cursor(self) -> Cursor:
        """Return the cursor of the last event to read, or of the last one that the limit allows, once it is read."""
        return cursor_at(self._journal, self._reached)


class FileSource:
    """The events of a file.

    Args:
        path: an NDJSON or CSV file, compressed or not.
        busy: how many other processes are at work.
        in_parts: whether events are committed before the end of the file is reached, so that its seal has to be checked
            first.

    Raises:
        UnusableFile: the file cannot be read, or not more than once.
        InvalidLine: the file is not what its seal says.
    """

    def __init__(self, path: str, busy: int, in_parts: bool) -> None:
        self.journal: Journal | None = None
        self._path = path
        self._busy = busy
        self._files = Files([path])
        if self._files.size is None or not Path(path).is_file():
            raise UnusableFile(f"{path} cannot be read twice, as the proof of a copy needs: import it, or name a file")
        self.size = self._files.size
        if in_parts:
            self._files.check_ahead()

    def done(self) -> int:
        """Return how many bytes were read since the last reading began."""
        return self._files.bytes_read()

    @contextmanager
    def read(self) -> Iterator[Iterator[Batch]]:
        """Yield all events, with what is wrong with the lines between.

        Raises:
            InvalidLine: nothing after this line can be read.
            UnusableFile: the file cannot be read.
        """
        self._files = Files([self._path])
        with read_beside(self._files, self._busy) as batches:
            yield batches

    def fields_in_use(self) -> frozenset[str]:
        """Return those of the fields `metadata`, `event_id` and `sequence_name` that an event has; reads the file."""
        found: set[str] = set()
        with self.read() as batches:
            for batch in batches:
                for name, column in zip(RecordedEvent._fields, batch.columns, strict=False):
                    if name in ADDED_FIELDS and any(value is not None for value in column):
                        found.add(name)
                if any_named(batch.columns[0]):
                    found.add(SEQUENCE_NAME)
        return frozenset(found)

    def cursor(self) -> Cursor:
        """Refuse, because a file is read as a whole."""
        raise InvalidCursor(f"{self._path} is a file, which has no cursor: copy all of it")


@contextmanager
def open_source(
    url: str,
    *,
    after: int | None = None,
    cursor_file: str | None = None,
    criteria: Criteria = EVERY_EVENT,
    limit: int | None = None,
    busy: int = 1,
    in_parts: bool = False,
) -> Iterator[Source]:
    """Open a journal, in one snapshot, or a file to copy from, and close it afterwards.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed or not.
        after: the global position to start after.
        cursor_file: the file of a journal's cursor to start after instead; it need not exist yet.
        criteria: only events that meet them; with any, with `after` or with `limit`, a file is read as a journal.
        limit: how many events at most.
        busy: for a file, how many other processes are at work.
        in_parts: whether events of a file are committed before its end is reached.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened.
        SequenceNotFound: there is no such sequence.
        InvalidCursor: the cursor is another journal's, or its event is no longer in the journal.
        UnusableFile: a file cannot be read.
        InvalidLine: a file is not what its seal says, or a line of one that is read as a journal is not an event.
        OutOfOrder: events with lower positions may come later.
    """
    if is_file_of_events(url) and Slice(criteria, after or 0, limit).is_whole:
        yield FileSource(url, busy, in_parts)
        return
    with open_to_read(url) as journal:
        journal.events.check_order()
        # Before the snapshot, which would not have the events that these wait for, of a standby that lags behind the
        # cursor, and of writers.
        begin = position_after(journal, cursor_file) if cursor_file is not None else after or 0
        until = journal.events.settled_position()
        with journal.events.session.snapshot():
            selection = criteria.in_journal(journal)
            yield JournalSource(journal, begin, until, selection=selection, limit=limit)


def _with_events(batch: Batch, events: Sequence[EventRow]) -> Batch:
    *columns, positions = zip(*events, strict=True) if events else ((),) * (len(batch.columns) + 1)
    # In little memory, because an import into an empty file keeps them all to its end.
    return replace(batch, columns=tuple(columns), lines=array("q", positions))


def _up_to(batch: Batch, count: int) -> Batch:
    """Return the first events of a batch, with what is wrong with those before the last of these."""
    last = batch.lines[count - 1]
    return replace(batch.part(0, count), bad=[bad for bad in batch.bad if bad.line < last])

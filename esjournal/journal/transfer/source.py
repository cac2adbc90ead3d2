"""The source of a copy: the events of a journal or a file, as batches that can be read as often as needed.

One process reads, checks and writes. While each page was a statement, a second process that reads saved up to a sixth
of the time into SQLite, and none into PostgreSQL. One statement for all pages saves as much, and keeps the snapshot in
one process, where the proof has to read too.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.rules import are_sound
from esjournal.domain.model.sequencenames import any_named, name_of_id
from esjournal.domain.state.batchcheck import doubtful
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidCursor, InvalidData, InvalidLine, UnusableFile
from esjournal.interchange.batches import Batch, batch_of
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.cursor import Cursor, cursor_at, position_after
from esjournal.journal.journal import Journal, open_journal

_CLASSES = (str, int, str, str, str, str, str)
_OPTIONAL = ("recorded_at", *ADDED_FIELDS)


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
    """

    def __init__(self, journal: Journal, after: int, until: int | None = None) -> None:
        self.journal: Journal | None = journal
        self._journal = journal
        self._until = max(after, journal.events.last_global_position() if until is None else until)
        self.size = self._until - after
        self._after = after
        self._at = after

    def read(self) -> AbstractContextManager[Iterator[Batch]]:
        """Yield all events from the beginning, as `batches` does."""
        return closing(self.batches())

    def done(self) -> int:
        """Return how many global positions were read since the last reading began."""
        return self._at - self._after

    def batches(self) -> Generator[Batch, None, None]:
        """Yield all events, with what is wrong with those that no journal can hold; a line is a global position.

        Raises:
            StoreError: the journal cannot be read.
        """
        self._at = self._after
        for page in self._journal.events.pages_in_one_statement(after=self._after, until=self._until):
            self._at = page[-1][-1]
            yield batch_of_page(self._journal.shown_url, page)

    def fields_in_use(self) -> frozenset[str]:
        """Return those of the fields `metadata`, `event_id` and `sequence_name` that an event has."""
        return self._journal.events.fields_in_use()

    def cursor(self) -> Cursor:
        """Return the cursor of the last event to read."""
        return cursor_at(self._journal, self._until)


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
    url: str, *, after: int | None = None, cursor_file: str | None = None, busy: int = 1, in_parts: bool = False
) -> Iterator[Source]:
    """Open a journal, in one snapshot, or a file to copy from, and close it afterwards.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed or not.
        after: the global position of a journal to start after.
        cursor_file: the file of a cursor to start after instead; it need not exist yet.
        busy: for a file, how many other processes are at work.
        in_parts: whether events of a file are committed before its end is reached.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened.
        InvalidCursor: the cursor is another journal's, or its event is no longer in the journal.
        UnusableFile: a file cannot be read.
        InvalidLine: a file is not what its seal says.
        OutOfOrder: events with lower positions may come later.
    """
    if is_file_of_events(url):
        yield FileSource(url, busy, in_parts)
        return
    with open_journal(url) as journal:
        journal.events.check_order()
        # Before the snapshot, which would not have the events of the writers that this waits for.
        until = journal.events.settled_position()
        with journal.events.session.snapshot():
            begin = position_after(journal, cursor_file) if cursor_file is not None else after or 0
            yield JournalSource(journal, begin, until)


def batch_of_page(source: str, page: Iterable[EventRow]) -> Batch:
    """Return the events of a page as a batch, in which those that no journal can hold are bad.

    A journal has no bad events unless it is damaged, but another library's tables may: a whole page is checked at once.
    States are not parsed: any text is a state, even if it is not a JSON object. Metadata has to be one.

    Args:
        source: the name of the journal in messages.
        page: events as plain tuples of the fields of RecordedEvent.
    """
    ids, versions, types, states, times, metadata, event_ids, positions = zip(*page, strict=True)
    if (
        are_sound(ids, versions, types, _known(times))
        and rules.are_storable(states)
        and _are_objects(_known(metadata))
        and _are_texts(_known(event_ids))
        and rules.are_canonical_ids(_known(event_ids))
    ):
        return Batch(source, _compact(positions), (ids, versions, types, states, times, metadata, event_ids))
    return batch_of(source, ((event[-1], _checked(source, event)) for event in page))


def _are_objects(texts: Sequence[Any]) -> bool:
    return _are_texts(texts) and not doubtful(texts)


def _are_texts(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {str}


def _known(values: Sequence[str | None]) -> Sequence[str]:
    return [value for value in values if value is not None]


def _compact(positions: Sequence[int]) -> Sequence[int]:
    """Return ascending positions in little memory, because an import into an empty file keeps them all to its end."""
    first, last = positions[0], positions[-1]
    return range(first, last + 1) if last - first + 1 == len(positions) else array("q", positions)


def _checked(source: str, event: EventRow) -> RecordedEvent | InvalidLine:
    try:
        return _in_canonical_form(event)
    except InvalidData as error:
        raw = RecordedEvent(*event)
        name = name_of_id(raw.originator_id)
        text = json.dumps(raw._asdict() | ({} if name is None else {"sequence_name": name}), default=repr)
        return InvalidLine(source, event[-1], str(error), text)


def _in_canonical_form(event: EventRow) -> RecordedEvent:
    for name, cls, value in zip(RecordedEvent._fields, _CLASSES, event, strict=False):
        # In Python, True is an int.
        is_of_class = isinstance(value, cls) and not isinstance(value, bool)
        if not is_of_class and not (name in _OPTIONAL and value is None):
            raise InvalidData(f"{name} {shortened(value)} is {type(value).__name__}, not {cls.__name__}")
    originator_id, version, event_type, state, recorded_at, metadata, event_id, _ = event
    return RecordedEvent(
        # An id that was made from a name is in canonical form, and has the name.
        rules.originator_id(originator_id) if name_of_id(originator_id) is None else originator_id,
        rules.originator_version(str(version)),
        rules.event_type(event_type),
        rules.state_text(state),
        None if recorded_at is None else rules.recorded_at(recorded_at),
        None if metadata is None else rules.json_object(metadata, "metadata"),
        None if event_id is None else rules.originator_id(event_id, "event_id"),
    )

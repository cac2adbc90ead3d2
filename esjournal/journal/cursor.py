"""Cursors: how far a journal has been read, kept in a file from one reading to the next."""

from __future__ import annotations

import hashlib
import json
import stat
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import SEQUENCE_NAME, EventRow
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidCursor, StoreBehind, UnusableFile
from esjournal.infrastructure.sqlalchemy.continuedjournals import continued_journals
from esjournal.infrastructure.sqlalchemy.session import never
from esjournal.interchange import ndjson
from esjournal.interchange.outputfiles import replacing
from esjournal.journal.journal import Journal

# A cursor takes about 200 bytes; anything much longer is another kind of file, and is not read to its end.
_MOST_BYTES = 4_096
# The interval at which a server that lags behind a cursor is looked at again.
_CATCHING_UP_SECONDS = 0.1


@dataclass(frozen=True)
class Cursor:
    """How far one journal has been read.

    `journal_id` is the journal's, `global_position` that of the last event read, or 0, and `event_sha256` the digest of
    that event's NDJSON line, including its line end, or None at position 0. In a journal, the line is without the name
    of the sequence.
    """

    journal_id: str
    global_position: int
    event_sha256: str | None

    def to_text(self) -> str:
        """Return it as one line of JSON, as a cursor file has it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Return the cursor that `to_text` made a text of.

        Args:
            text: a line of JSON.

        Raises:
            InvalidCursor: it is another text.
        """
        if (cursor := _parsed(text)) is None:
            raise InvalidCursor(f"{shortened(text)} is not a cursor")
        return cursor


def cursor_at(journal: Journal, position: int) -> Cursor:
    """Return the cursor of a position.

    Args:
        journal: an open journal.
        position: the global position of an event in it, or 0.

    Raises:
        InvalidCursor: there is no event at the position.
        StoreBehind: another server fills the store, and the position has not come here yet.
        OutOfOrder: events with lower positions may come later.
    """
    journal.events.check_order()
    digest = _digest_at(journal, position)
    if position and digest is None:
        raise InvalidCursor(f"{journal.shown_url} has no event at global position {position}")
    return Cursor(journal.journal_id, position, digest)


def cursor_of(journal: Journal, event: EventRow) -> Cursor:
    """Return the cursor of an event that was read from a journal, given as the fields of RecordedEvent."""
    *_, position = event
    return Cursor(journal.journal_id, position, _digest(journal, event))


def position_after(journal: Journal, path: str, *, on_behind: Callable[[StoreBehind], None] | None = None) -> int:
    """Return the global position after which to continue, or 0 if there is no cursor file yet.

    A standby that lags behind the cursor is waited for: as long as for a lock, or indefinitely for a follower.

    Args:
        journal: an open journal.
        path: the cursor's file.
        on_behind: for a follower: called when the waiting begins.

    Raises:
        InvalidCursor: the file is not a cursor, or is another journal's, or its event is no longer in the journal.
        StoreBehind: another server fills the store, and the cursor's event has not come here in time.
        UnusableFile: the file cannot be read.
        OutOfOrder: events with lower positions may come later.
    """
    journal.events.check_order()
    cursor = read_cursor(path)
    if cursor is None:
        return 0
    if on_behind is not None:
        return position_once_there(journal, cursor, path, on_behind=on_behind)
    deadline = time.monotonic() + journal.events.session.url.timeout
    return position_once_there(journal, cursor, path, is_over=lambda: time.monotonic() > deadline)


def position_once_there(
    journal: Journal,
    cursor: Cursor,
    path: str | None = None,
    *,
    on_behind: Callable[[StoreBehind], None] = lambda error: None,
    is_over: Callable[[], bool] = never,
) -> int:
    """Return what `position_of` returns, and wait for it while another server has not brought the event yet.

    Args:
        journal: an open journal.
        cursor: how far the reader has come.
        path: the cursor's file, if it is in one.
        on_behind: called when the waiting begins.
        is_over: called after each attempt; the waiting ends when it returns True.

    Raises:
        InvalidCursor: the journal cannot be read on from it.
        StoreBehind: the waiting is over.
    """
    is_waiting = False
    while True:
        try:
            return position_of(journal, cursor, path)
        except StoreBehind as error:
            if is_over():
                raise
            if not is_waiting:
                on_behind(error)
            is_waiting = True
        time.sleep(_CATCHING_UP_SECONDS)


@dataclass(frozen=True)
class _Words:
    """What messages call a cursor that is refused, and what they advise."""

    name: str
    is_of: str
    own: str
    again: str

    @classmethod
    def of(cls, path: str | None) -> _Words:
        if path is None:
            own = "begin with a cursor of its own, or without one"
            return cls("the cursor", "the cursor is of", own, "begin again without a cursor")
        return cls(path, f"{path} is a cursor of", "name a cursor file of its own", f"remove {path} to start again")


def position_of(journal: Journal, cursor: Cursor, path: str | None = None) -> int:
    """Return the global position after which a journal is read on from a cursor.

    It is the cursor's own one, or that of the same event if the cursor is of a journal that this one continues.

    Args:
        journal: an open journal.
        cursor: how far the reader has come.
        path: the cursor's file, if it is in one.

    Raises:
        InvalidCursor: the journal cannot be read on from it; the message says why, and what to do.
        StoreBehind: another server fills the store, and the cursor's event has not come here yet.
    """
    words = _Words.of(path)
    if cursor.journal_id != journal.journal_id:
        return _position_of_earlier(journal, cursor, words)
    if there := mismatch(journal, cursor):
        raise InvalidCursor(
            f"{words.name} is at global position {cursor.global_position}, where {journal.shown_url} {there}, or the "
            f"journal was restored from a backup, or a standby that lacked it became the primary: compare what you "
            f"exported with it, and {words.again}"
        )
    return cursor.global_position


def _position_of_earlier(journal: Journal, cursor: Cursor, words: _Words) -> int:
    """Return the position here of the event that a cursor of another journal is at."""
    url, position = journal.shown_url, cursor.global_position
    is_journal = journal.layout is None
    noted = continued_journals(journal.events.session, journal.journal_id) if is_journal else ()
    continued = next((each for each in noted if each.journal_id == cursor.journal_id), None)
    if continued is None:
        raise InvalidCursor(
            f"{words.is_of} the journal {cursor.journal_id}, but {url} is {journal.journal_id}: {words.own}"
        )
    there = f"{words.name} is at global position {position} of the journal {cursor.journal_id}, which {url} continues"
    if position > continued.position_there:
        raise InvalidCursor(
            f"{there} from its position {continued.position_there} only: copy the events after that from it too, or "
            f"{words.own}"
        )
    if position == 0:
        return 0
    # Events that were deleted there before the move left gaps, so an event may be here at a lower position, by as many
    # as all gaps together at most.
    gaps = continued.position_there - continued.position_here
    for page in journal.events.pages(after=max(0, position - gaps - 1), until=position, ascending=False):
        for *fields, here in page:
            if _digest(journal, (*fields, position)) == cursor.event_sha256:
                return int(here)
    raise InvalidCursor(
        f"{there}, but its event is not here: it was changed or deleted, or the cursor is of a restored journal: "
        f"compare what you exported with it, or {words.own}"
    )


def mismatch(journal: Journal, cursor: Cursor) -> str | None:
    """Return what a journal has at a cursor's position instead of the cursor's event; None if it has that event.

    Raises:
        StoreBehind: another server fills the store, and the position has not come here yet.
    """
    digest = _digest_at(journal, cursor.global_position)
    if digest == cursor.event_sha256:
        return None
    return (
        "has no event, because it was deleted"
        if digest is None
        else "has another event, because the one there was changed or deleted"
    )


def cursor_line(cursor: Cursor) -> bytes:
    """Return the content of a cursor file; `outputfiles.replacing` writes all of it or nothing."""
    return f"{cursor.to_text()}\n".encode()


def save_cursor(path: str, cursor: Cursor) -> None:
    """Replace a cursor file; it is on the disk when this returns.

    Raises:
        UnusableFile: the file cannot be written.
    """
    with replacing(path) as stream:
        stream.write(cursor_line(cursor))


def read_cursor(path: str) -> Cursor | None:
    """Return the cursor in a file, None if there is no file.

    Raises:
        InvalidCursor: it is another kind of file.
        UnusableFile: the file cannot be read.
    """
    try:
        # Opening a pipe would wait for a writer.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise InvalidCursor(f"{path} is not a regular file, as a cursor file has to be: name another")
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(f"the cursor {path} cannot be read: {reason}") from None
    cursor = _parsed(data)
    if cursor is None:
        shown = shortened(data.decode(errors="backslashreplace"), 40)
        raise InvalidCursor(f"{path} is not a cursor file: it begins with {shown}; name another, or remove it")
    return cursor


def _parsed(data: bytes | str) -> Cursor | None:
    try:
        cursor = Cursor(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    position, digest = cursor.global_position, cursor.event_sha256
    # To Python, true is an integer.
    if type(position) is not int or not 0 <= position <= rules.MAX_VERSION or not isinstance(cursor.journal_id, str):
        return None
    return cursor if (digest is None if position == 0 else isinstance(digest, str)) else None


def _digest_at(journal: Journal, position: int) -> str | None:
    digest = _digest_found_at(journal, position)
    if digest is not None or position == 0:
        return digest
    # Asked before the last position, which may be a later one by then, and never an earlier one.
    replica = journal.events.session.replica(journal.events.table)
    if replica is None:
        return None
    if (last := journal.events.last_global_position()) < position:
        raise StoreBehind(
            f"{journal.shown_url} is {replica.what} and has only come to global position {last}, and the cursor is at "
            f"{position}: try again later, or name {replica.source}"
        )
    # It may have come between the two questions.
    return _digest_found_at(journal, position)


def _digest_found_at(journal: Journal, position: int) -> str | None:
    pages = journal.events.pages(after=position - 1, until=position) if position else ()
    for page in pages:
        return _digest(journal, page[0])
    return None


def _digest(journal: Journal, event: EventRow) -> str:
    # A sequence of a journal may get its name after an event was read.
    omitted = {SEQUENCE_NAME} if journal.layout is None else set()
    return hashlib.sha256(ndjson.lines_of([event], omitted=omitted).encode()).hexdigest()

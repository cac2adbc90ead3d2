"""Following a journal: every event once, in order, as it is committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from esjournal.exceptions import (
    InvalidCursor,
    StatementCancelled,
    StoreBehind,
    StoreChanged,
    StoreError,
    StoreLocked,
    StoreUnreachable,
    UnfinishedWrite,
)
from esjournal.infrastructure.sqlalchemy.session import never
from esjournal.journal.cursor import Cursor, cursor_at, cursor_of, mismatch
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import Page
from esjournal.journal.read.selection import EVERYTHING, Selection

# How long to wait before a store that cannot be read is tried again: the first time, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
# The errors that a follower waits out, however long it takes: other programs end what causes them.
_PASSING = (StoreUnreachable, StoreLocked, StatementCancelled, StoreBehind, StoreChanged, UnfinishedWrite)


@dataclass(frozen=True)
class Followed:
    """A page of new events: those that are wanted, perhaps none, and the cursor after all that were read.

    `is_last` says whether no more events were there when it was read.
    """

    page: Page
    cursor: Cursor
    is_last: bool


def follow(
    journal: Journal,
    selection: Selection = EVERYTHING,
    *,
    after: int,
    on_lost: Callable[[StoreError], None] = lambda error: None,
    on_found: Callable[[], None] = lambda: None,
    is_over: Callable[[], bool] = never,
) -> Iterator[Followed]:
    """Yield events as they are committed, without an end of its own.

    Positions are committed in order and without gaps, so all new events are after the last position, however many
    programs write at the same time. It waits while the server is gone, the store is locked, a writer to another
    library's table takes longer than the timeout, a write that was cut off is not undone yet, or a standby that answers
    now has not come as far as the one before. It notices that a
    journal was restored or replaced once that journal has more or fewer events than were followed, even if the server
    was never gone.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position of the event to start after, or 0.
        on_lost: called when the store cannot be read for now.
        on_found: called when it can be read again.
        is_over: called after each wait of a fraction of a second; the following ends when it returns True.

    Raises:
        StoreError: the store cannot be read; one that may pass is raised only if it is over meanwhile.
        InvalidCursor: there is no event at `after`, or the journal is no longer the one that was followed.
        OutOfOrder: events with lower positions may come later.
    """
    cursor = cursor_at(journal, after)
    while True:
        try:
            for _ in journal.events.session.changes(is_over):
                if journal.events.last_global_position() == cursor.global_position:
                    continue
                journal.events.check_order()
                last = journal.events.settled_position()
                _check_same(journal, cursor)
                pages = journal.events.pages(after=cursor.global_position, until=last)
                for page, is_last in _with_the_last_marked(pages):
                    cursor = cursor_of(journal, page[-1])
                    yield Followed(selection.wanted(page), cursor, is_last)
            return
        except _PASSING as error:
            on_lost(error)
            _wait_for(journal, cursor, error, is_over)
            on_found()


def read_on(journal: Journal, selection: Selection = EVERYTHING, *, after: int) -> Iterator[Followed]:
    """Yield the events after a position, up to the last one when reading begins.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position of the event to start after, or 0.

    Raises:
        OutOfOrder: events with lower positions may come later.
    """
    journal.events.check_order()
    last = journal.events.settled_position()
    pages = journal.events.pages(after=after, until=last, conditions=selection.conditions(journal))
    wanted = (found for page in pages if (found := selection.wanted(page)))
    reached = after
    for page, is_last in _with_the_last_marked(wanted):
        *_, reached = page[-1]
        yield Followed(page, cursor_of(journal, page[-1]), is_last)
    if last > reached:
        # The database left out the others.
        yield Followed((), cursor_at(journal, last), is_last=True)


def _with_the_last_marked(pages: Iterable[Page]) -> Iterator[tuple[Page, bool]]:
    coming = iter(pages)
    page = next(coming, None)
    while page is not None:
        following = next(coming, None)
        yield page, following is None
        page = following


def _wait_for(journal: Journal, cursor: Cursor, error: StoreError, is_over: Callable[[], bool]) -> None:
    seconds = _FIRST_WAIT
    while True:
        time.sleep(seconds)
        try:
            # Another server may be answering now.
            journal.events.check_order()
            journal.events.settled_position()
            _check_same(journal, cursor)
            return
        except _PASSING as latest:
            error = latest
            seconds = min(2 * seconds, _LONGEST_WAIT)
        if is_over():
            raise error


def _check_same(journal: Journal, cursor: Cursor) -> None:
    is_another = journal.layout is None and journal.events.session.identity().journal_id != journal.journal_id
    if is_another or mismatch(journal, cursor):
        raise InvalidCursor(
            f"{journal.shown_url} is no longer the journal that was followed to global position "
            f"{cursor.global_position}: its events were deleted or changed, or it was restored or replaced, or a "
            "standby that lacked some became the primary: look at it before you continue"
        )

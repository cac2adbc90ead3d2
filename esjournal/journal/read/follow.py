"""Following a journal: every event once, in order, as it is committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from esjournal.exceptions import InvalidCursor, StatementCancelled, StoreError, StoreLocked, StoreUnreachable
from esjournal.journal.cursor import Cursor, cursor_at, cursor_of, departure
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import Page
from esjournal.journal.read.selection import EVERYTHING, Selection

# How long to wait before a store that cannot be read is asked again, the first time and at the most.
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
# What a follower waits for, however long it takes.
_PASSING = (StoreUnreachable, StoreLocked, StatementCancelled)


@dataclass(frozen=True)
class Followed:
    """What has come: the events that are wanted, perhaps none, and the cursor behind all that was looked at."""

    page: Page
    cursor: Cursor


def follow(
    journal: Journal,
    selection: Selection = EVERYTHING,
    *,
    after: int,
    on_lost: Callable[[StoreError], None] = lambda error: None,
    on_found: Callable[[], None] = lambda: None,
) -> Iterator[Followed]:
    """Yield events as they are committed, without an end.

    Positions are committed in order and without gaps, so what is behind the last one is all that is new, however many
    write at the same time. A server that is gone is waited for, and so is whoever keeps a store locked, or writes to a
    table of another library for longer than the timeout. A journal that was restored or made anew is noticed as soon as
    it has more or fewer events than were followed, also where the server was never gone.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position of an event to begin behind, or 0.
        on_lost: is told when the store cannot be read for now.
        on_found: is told when it can be again.

    Raises:
        InvalidCursor: there is no event at `after`, or the journal is no longer the one that was followed.
        OutOfOrder: events with lower positions may come later.
    """
    cursor = cursor_at(journal, after)
    while True:
        try:
            for _ in journal.events.session.changes():
                if journal.events.last_global_position() == cursor.global_position:
                    continue
                journal.events.check_order()
                last = journal.events.settled_position()
                _check_same(journal, cursor)
                for page in journal.events.pages(after=cursor.global_position, until=last):
                    cursor = cursor_of(journal, page[-1])
                    yield Followed(selection.wanted(page), cursor)
        except _PASSING as error:
            on_lost(error)
            _wait_for(journal, cursor)
            on_found()


def _wait_for(journal: Journal, cursor: Cursor) -> None:
    seconds = _FIRST_WAIT
    while True:
        time.sleep(seconds)
        try:
            # What answers now may be another server.
            journal.events.check_order()
            journal.events.settled_position()
            _check_same(journal, cursor)
            return
        except _PASSING:
            seconds = min(2 * seconds, _LONGEST_WAIT)


def _check_same(journal: Journal, cursor: Cursor) -> None:
    made_anew = journal.layout is None and journal.events.session.identity().journal_id != journal.journal_id
    if made_anew or departure(journal, cursor):
        raise InvalidCursor(
            f"{journal.shown_url} is no longer the journal that was followed to global position "
            f"{cursor.global_position}: its events were deleted or changed, or it was restored or made anew: look at "
            "it before you go on"
        )

"""Following on the command line: past events first, then new ones, with a cursor after what was printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from esjournal.cli.exits import say
from esjournal.cli.signals import interruption_postponed
from esjournal.exceptions import StoreError
from esjournal.interchange.outputfiles import sync
from esjournal.journal.cursor import Cursor, cursor_at, position_after, save_cursor
from esjournal.journal.journal import Journal
from esjournal.journal.read.follow import Followed, follow
from esjournal.journal.read.pages import Page, read_journal
from esjournal.journal.read.selection import Selection

# How many past events are shown by default, as with `tail -f`.
LAST_BY_DEFAULT = 10


def followed(
    journal: Journal, selection: Selection, *, after: int | None, last: int | None, cursor_file: str | None
) -> Iterator[Page]:
    """Yield pages to print; a printed page is flushed when the next one is requested.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position to start after.
        last: start with the last n events.
        cursor_file: the file of a cursor to start after instead; it advances with what was printed.
    """
    # Before anything is printed, because a follower without an order would miss events.
    journal.events.check_order()
    if cursor_file is not None:
        begin = position_after(journal, cursor_file, on_behind=say_waiting)
        # Written at once, to fail early if it cannot be.
        _save(cursor_file, cursor_at(journal, begin))
    else:
        begin = journal.events.settled_position()
        if last is None and after is None and selection.since is None:
            last = LAST_BY_DEFAULT
        for page in read_journal(journal, selection, after=after or 0, until=begin, last=last):
            yield page
            sys.stdout.flush()
        begin = max(begin, after or 0)
    for found in new_events(journal, selection, after=begin):
        # An interruption here would leave printed events after the cursor.
        with interruption_postponed():
            if found.page:
                yield found.page
                sys.stdout.flush()
            if cursor_file is not None:
                _save(cursor_file, found.cursor)


def say_waiting(error: StoreError) -> None:
    """Say what is waited for."""
    say(f"{error}; waiting for it")


def _save(path: str, cursor: Cursor) -> None:
    sync(sys.stdout.buffer)
    save_cursor(path, cursor)


def new_events(journal: Journal, selection: Selection, *, after: int) -> Iterator[Followed]:
    """Follow a journal, and say when it cannot be read for now.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position to start after.
    """
    return follow(
        journal,
        selection,
        after=after,
        on_lost=say_waiting,
        on_found=lambda: say(f"{journal.shown_url} is available again"),
    )

"""Following on the command line: what was there first, then what comes, with a cursor behind what is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from esjournal.cli.exits import say
from esjournal.cli.signals import interruption_put_off
from esjournal.interchange.outputfiles import replacing, sync
from esjournal.journal.cursor import Cursor, cursor_at, cursor_line, position_after
from esjournal.journal.journal import Journal
from esjournal.journal.read.follow import follow
from esjournal.journal.read.pages import Page, read_journal
from esjournal.journal.read.selection import Selection

# What is shown of the past where nothing is said, as `tail -f` does.
LAST_BY_DEFAULT = 10


def followed(
    journal: Journal, selection: Selection, *, after: int | None, last: int | None, cursor_file: str | None
) -> Iterator[Page]:
    """Yield pages to be printed one by one; what was printed before is flushed when the next one is asked for.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position to begin behind.
        last: how many events to begin with, the last ones there.
        cursor_file: where to begin instead, and what is moved on behind what was printed.
    """

    # Before anything is printed that would promise more.
    journal.events.check_order()
    if cursor_file is not None:
        begin = position_after(journal, cursor_file)
        # At once, to find out in time that it cannot be.
        _save(cursor_file, cursor_at(journal, begin))
    else:
        begin = journal.events.settled_position()
        if last is None and after is None and selection.since is None:
            last = LAST_BY_DEFAULT
        for page in read_journal(journal, selection, after=after or 0, until=begin, last=last):
            yield page
            sys.stdout.flush()
        begin = max(begin, after or 0)
    coming = follow(
        journal,
        selection,
        after=begin,
        on_lost=lambda error: say(f"{error}; waiting for it"),
        on_found=lambda: say(f"{journal.shown_url} is there again"),
    )
    for found in coming:
        # An interruption in the middle would leave events printed that the cursor knows nothing of.
        with interruption_put_off():
            if found.page:
                yield found.page
                sys.stdout.flush()
            if cursor_file is not None:
                _save(cursor_file, found.cursor)


def _save(path: str, cursor: Cursor) -> None:

    sync(sys.stdout.buffer)
    with replacing(path) as stream:
        stream.write(cursor_line(cursor))

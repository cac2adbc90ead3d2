"""How far a cursor is behind its journal, and whether it still fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from esjournal.exceptions import InvalidCursor, UnusableFile
from esjournal.journal.cursor import position_of, read_cursor
from esjournal.journal.journal import Journal

_RECORDED_AT = 4


@dataclass(frozen=True)
class Lag:
    """How far a cursor is behind a journal.

    `url` has no password. `journal_id` and `global_position` are the cursor's. `misfit` says why the journal cannot be
    read on from it, and is None if it can. If it can, `events_behind` counts the events after the cursor, and
    `seconds_behind` says for how long the first of them has been there: 0 if there is none, and None if it is not known
    when it was recorded.
    """

    cursor_file: str
    url: str
    journal_id: str
    global_position: int
    last_global_position: int
    misfit: str | None
    events_behind: int | None
    seconds_behind: float | None


def lag(journal: Journal, path: str, *, now: datetime) -> Lag:
    """Return how far a cursor is behind a journal.

    Args:
        journal: an open journal.
        path: the cursor's file.
        now: the present time.

    Raises:
        InvalidCursor: the file is not a cursor.
        UnusableFile: there is no file, or it cannot be read.
        OutOfOrder: events with lower positions may come later.
    """
    journal.events.check_order()
    cursor = read_cursor(path)
    if cursor is None:
        raise UnusableFile(f"there is no cursor file {path}: the first run of a command that uses it makes it")
    last = journal.events.settled_position()
    reason, after = None, 0
    try:
        after = position_of(journal, cursor, path)
    except InvalidCursor as error:
        reason = str(error)
    return Lag(
        cursor_file=path,
        url=journal.shown_url,
        journal_id=cursor.journal_id,
        global_position=cursor.global_position,
        last_global_position=last,
        misfit=reason,
        events_behind=None if reason else journal.events.count_between(after, last),
        seconds_behind=None if reason else _waiting(journal, after, last, now),
    )


def _waiting(journal: Journal, after: int, last: int, now: datetime) -> float | None:
    for page in journal.events.pages(after=after, until=last, size=1):
        recorded_at = page[0][_RECORDED_AT]
        if recorded_at is None:
            return None
        # A writer's clock may be ahead.
        return max(0.0, (now - datetime.fromisoformat(recorded_at).astimezone(UTC)).total_seconds())
    return 0.0

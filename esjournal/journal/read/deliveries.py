"""Deliveries: the events that a consumer gets at a time, each with the cursor for when it has handled them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from esjournal.domain.model.recordedevent import EventRow
from esjournal.journal.cursor import Cursor, cursor_of
from esjournal.journal.journal import Journal
from esjournal.journal.read.follow import Followed
from esjournal.journal.read.pages import Page


@dataclass(frozen=True)
class Delivery:
    """Events to handle together, and the cursor after them; without events, only the cursor has moved."""

    events: Page
    cursor: Cursor


def deliveries(journal: Journal, coming: Iterable[Followed], *, size: int) -> Iterator[Delivery]:
    """Yield events in batches; one that is not full does not wait for events that are not there yet.

    The cursor of a delivery is past all events that are not wanted, up to the next one that is.

    Args:
        journal: the open journal that the events are from.
        coming: what is read of it.
        size: the largest number of events to handle together.
    """
    waiting: list[EventRow] = []
    for found in coming:
        waiting += found.page
        begin = 0
        while (left := len(waiting) - begin) >= size or (left and found.is_last):
            events = waiting[begin : begin + size]
            begin += len(events)
            yield Delivery(events, found.cursor if begin == len(waiting) else cursor_of(journal, events[-1]))
        del waiting[:begin]
        if not waiting and not begin:
            yield Delivery((), found.cursor)

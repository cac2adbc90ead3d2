"""A second process that reads a journal: whether it saves more time than it takes to start."""

from __future__ import annotations

from esjournal.interchange.secondprocess import second_process_pays
from esjournal.journal.journal import Journal

EVENTS_FOR_TWO = 50_000


def second_reader_pays(journal: Journal, events: int) -> bool:
    """Say whether a second process should read part of a journal.

    Args:
        journal: an open journal; no other process can read one in memory or in a temporary file.
        events: the number of events to read.
    """
    return events >= EVENTS_FOR_TWO and journal.events.session.is_shared and second_process_pays()

"""Appending events that may be there already, such as those of an earlier attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import SequencedItemConflict
from esjournal.journal.journal import Journal


def append_if_absent(journal: Journal, events: Sequence[RecordedEvent]) -> list[int]:
    """Append the events that are not there yet, all of them or none.

    An event is there if one with the same type and state is at its place; recording times are not compared.

    Args:
        journal: an open journal.
        events: events with their versions.

    Returns:
        The global position of each event, in the order given.

    Raises:
        SequencedItemConflict: a different event is at the place of one of them; nothing is written.
    """
    while True:
        absent = _absent(journal, events)
        try:
            journal.events.append(absent)
        except SequencedItemConflict as conflict:
            # Another program was faster, perhaps with the same event.
            if not conflict.identical:
                raise
        else:
            there: dict[Any, Any] = journal.events.stored_at(events)
            return [there[event[:2]].global_position for event in events]


def _absent(journal: Journal, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    there = journal.events.stored_at(events)
    absent = []
    for event in events:
        other = there.setdefault(event[:2], event)
        if other is event:
            absent.append(event)
        elif not journal.events.same_content(event, other):
            last = journal.events.get_items(event.originator_id, limit=1, query_ascending=False)
            raise SequencedItemConflict(*event[:2], last[0].originator_version if last else None, False)
    return absent

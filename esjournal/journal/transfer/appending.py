"""Appending events that may be there already, such as those of an earlier attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import Conflict, EventIdTaken, SequencedItemConflict
from esjournal.journal.journal import Journal


def append_if_absent(journal: Journal, events: Sequence[RecordedEvent]) -> list[int]:
    """Append the events that are not there yet, all of them or none.

    An event is there if one with the same type, state and metadata is at its place, and with the same event id if both
    have one; recording times are not compared.

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


def append_once(journal: Journal, event: RecordedEvent) -> int:
    """Append an event unless it is there already, and return its global position.

    Args:
        journal: an open journal.
        event: an event with an event id, by which it is recognised; its version may be the next one.

    Raises:
        EventIdTaken: a different event has the event id, or this one is at another version than the one given.
        SequencedItemConflict: a different event is at its place; nothing is written.
    """
    try:
        [position] = journal.events.append([event])
        return position
    except Conflict:
        there = journal.events.get_item_with_event_id(event.event_id)
        if there is None:
            raise
        version = there.originator_version if event.originator_version is None else event.originator_version
        if there.global_position is None or not journal.events.same_content(
            there, event._replace(originator_version=version)
        ):
            raise EventIdTaken(event.event_id, *there[:2]) from None
        return there.global_position


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

"""The fields of events as they may be shown, and the gaps between their versions."""

from __future__ import annotations

from esjournal.cli.terminal import fields_on_one_line
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import shown_id

# The first and the last of the versions that are missing.
Gap = tuple[int, int]


def shown_fields(event: EventRow | RecordedEvent) -> RecordedEvent:
    """Return the fields of an event as they may be shown: on one line, and the sequence by its name, if it has one."""
    return RecordedEvent._make(fields_on_one_line((shown_id(event[0]), *event[1:])))


def gap_text(gap: Gap) -> str:
    """Return which versions are missing between two events."""
    first, last = gap
    return f"version {first} is missing" if first == last else f"versions {first} to {last} are missing"

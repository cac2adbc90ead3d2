"""What there is to say of a sequence, and what sequences are sorted by; loads nothing, so that help can name it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class SequenceOrder(StrEnum):
    """What sequences are sorted by: id, most events first, first appended to first, or last appended to first."""

    ID = "id"
    EVENTS = "events"
    FIRST = "first"
    LAST = "last"


class SequenceSummary(NamedTuple):
    """How many events a sequence has, and what is known of its first and its last one, by their versions."""

    originator_id: str
    events: int
    first_version: int
    last_version: int
    last_type: str
    first_recorded_at: str
    last_recorded_at: str

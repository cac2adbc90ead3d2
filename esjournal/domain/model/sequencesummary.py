"""What there is to say of one sequence."""

from __future__ import annotations

from typing import NamedTuple


class SequenceSummary(NamedTuple):
    """How many events a sequence has, and what is known of its first and its last one, by their versions."""

    originator_id: str
    events: int
    first_version: int
    last_version: int
    last_type: str
    first_recorded_at: str
    last_recorded_at: str

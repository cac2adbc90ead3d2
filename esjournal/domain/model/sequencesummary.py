"""The summary of one sequence."""

from __future__ import annotations

from typing import NamedTuple


class SequenceSummary(NamedTuple):
    """The number of events of a sequence, its first and last event by version, and its name, if it has one."""

    originator_id: str
    events: int
    first_version: int
    last_version: int
    last_type: str
    first_recorded_at: str
    last_recorded_at: str
    sequence_name: str | None = None

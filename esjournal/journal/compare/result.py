"""What differs between two journals, A and B, as data."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import NamedTuple

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.equality import mean_the_same
from esjournal.domain.text import common_length


class Status(StrEnum):
    """How a sequence or an event of A compares with that of B."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_IN_A = "only_in_a"
    ONLY_IN_B = "only_in_b"


class Content(NamedTuple):
    """What is compared of an event; `event_id` only if both events have one."""

    event_type: str
    state: str
    metadata: str | None = None
    event_id: str | None = None


def content_of(event: RecordedEvent) -> Content:
    """Return the content of an event."""
    return Content(event.event_type, event.state, event.metadata, event.event_id)


def is_same_content(one: Content, other: Content, *, by_value: bool = False) -> bool:
    """Say whether two events are the same.

    Args:
        one: the content of an event.
        other: that of another one.
        by_value: compare states and metadata that are JSON as JSON values, not as text.
    """
    if one.event_type != other.event_type or (
        one.event_id != other.event_id and None not in (one.event_id, other.event_id)
    ):
        return False
    return _is_same_text(one.state, other.state, by_value) and _is_same_text(one.metadata, other.metadata, by_value)


def _is_same_text(one: str | None, other: str | None, by_value: bool) -> bool:
    if one == other or one is None or other is None:
        return one == other
    return by_value and mean_the_same(one, other)


class EventDifference(NamedTuple):
    """A place at which two journals have different events, or only one has an event.

    `a` and `b` are the event's content on each side, None if it has no event; `by_value` says whether states were
    compared as JSON values, not as text.
    """

    originator_id: str
    originator_version: int
    a: Content | None
    b: Content | None
    by_value: bool = False

    @property
    def status(self) -> Status:
        """Whether both sides have an event, or which one does."""
        if self.a is None:
            return Status.ONLY_IN_B
        return Status.ONLY_IN_A if self.b is None else Status.DIFFERENT

    def differs_at(self) -> int | None:
        """Return the first character, counted from 1, at which the texts of both states differ, or None."""
        if self.a is None or self.b is None or self.a.state == self.b.state:
            return None
        return common_length(self.a.state, self.b.state) + 1


@dataclass(slots=True)
class Counts:
    """How many events, or sequences, A and B have, and how they compare.

    `in_a` is the sum of `same`, `different` and `only_in_a`, and `in_b` likewise. `recorded_otherwise` is how many of
    the same events have different recording times.
    """

    in_a: int = 0
    in_b: int = 0
    same: int = 0
    different: int = 0
    only_in_a: int = 0
    only_in_b: int = 0
    recorded_otherwise: int = 0

    def add(self, other: Counts) -> None:
        """Add other counts to these."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def count(self, status: Status) -> None:
        """Count one with a status."""
        self.in_a += status is not Status.ONLY_IN_B
        self.in_b += status is not Status.ONLY_IN_A
        setattr(self, status, getattr(self, status) + 1)


_COUNTED = [counted.name for counted in fields(Counts)]


@dataclass(slots=True)
class SequenceComparison:
    """A sequence, and how its events on both sides compare.

    `departs_at` is the first version that is missing on one side or differs, if both have the sequence.
    """

    originator_id: str
    events: Counts = field(default_factory=Counts)
    departs_at: int | None = None

    @property
    def status(self) -> Status:
        """Whether it is the same on both sides, or only one has it."""
        if not self.events.in_b:
            return Status.ONLY_IN_A
        if not self.events.in_a:
            return Status.ONLY_IN_B
        return Status.SAME if self.departs_at is None else Status.DIFFERENT

"""Which events a reader wants, and which of its conditions a database can check."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from esjournal.domain.model.recordedevent import EventRow
from esjournal.domain.model.sequencenames import name_of_id
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.state import values
from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.items.conditions import Conditions
from esjournal.journal.journal import Journal

ALL_TYPES = ALL_NAMES = Patterns()


@dataclass(frozen=True)
class Selection:
    """The conditions that an event must meet; one that is empty or None leaves nothing out.

    `types` and `names` are patterns; `originator_ids` are in canonical form; `since` and `until` are times in canonical
    form, and an event recorded at `until` is left out, so that consecutive spans share no event; `last_position` is the
    last global position; `field_conditions` are about fields of the state and of the metadata; `pattern` is searched in
    the text of the state, as stored and with its escapes resolved.
    """

    types: Patterns = ALL_TYPES
    names: Patterns = ALL_NAMES
    originator_ids: Collection[str] = ()
    since: str | None = None
    until: str | None = None
    last_position: int | None = None
    field_conditions: Sequence[FieldCondition] = ()
    pattern: re.Pattern[str] | None = None

    @cached_property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return not (
            self.types
            or self.names
            or self.originator_ids
            or self.field_conditions
            or any(given is not None for given in (self.since, self.until, self.last_position, self.pattern))
        )

    def conditions(self, journal: Journal) -> Conditions:
        """Return the conditions that a database can check; they may let more events through than are wanted."""
        return Conditions(
            sequence_ids=[journal.events.bound_id(originator_id) for originator_id in self.originator_ids],
            names=self.names.whole,
            name_patterns=self.names.with_magic,
            topics=self.types.whole,
            topic_patterns=self.types.with_magic,
            field_conditions=self.field_conditions,
        )

    def span(self, journal: Journal, after: int, until: int) -> tuple[int, int]:
        """Return the global positions to read, one to start after and one to end with.

        Args:
            journal: an open journal.
            after: the earliest position to start after.
            until: the latest position to end with.
        """
        if self.last_position is not None:
            until = min(until, self.last_position)
        if self.since is None and self.until is None:
            return after, until
        found = journal.events.positions_between(self.since, self.until)
        return (until, until) if found is None else (max(after, found[0] - 1), min(until, found[1]))

    def wanted(self, page: Sequence[EventRow]) -> Sequence[EventRow]:
        """Return the wanted events of a page, whose fields are in the order of RecordedEvent."""
        return page if self.is_everything else [event for event in page if self._wants(event)]

    def _wants(self, event: EventRow) -> bool:
        originator_id, _, event_type, state, recorded_at, metadata, _, position = event
        return (
            self.types.match(event_type)
            and (not self.names or self.names.match(name_of_id(originator_id) or ""))
            and (not self.originator_ids or originator_id in self.originator_ids)
            # An event without a recording time is not known to be in any span.
            and (self.since is None or (recorded_at is not None and recorded_at >= self.since))
            and (self.until is None or (recorded_at is not None and recorded_at < self.until))
            and (self.last_position is None or position <= self.last_position)
            and (self.pattern is None or _is_found(self.pattern, state))
            and _meets(state, self._of_state)
            and _meets(metadata, self._of_metadata)
        )

    @cached_property
    def _of_state(self) -> Sequence[FieldCondition]:
        return [condition for condition in self.field_conditions if not condition.of_metadata]

    @cached_property
    def _of_metadata(self) -> Sequence[FieldCondition]:
        return [condition for condition in self.field_conditions if condition.of_metadata]


def _meets(text: str | None, conditions: Sequence[FieldCondition]) -> bool:
    """Say whether a state, or metadata, meets all conditions; a text that is not a JSON object meets none."""
    if not conditions:
        return True
    fields = None if text is None else values.parsed(text)
    return fields is not None and all(condition.holds(fields) for condition in conditions)


def _is_found(pattern: re.Pattern[str], state: str) -> bool:
    r"""Say whether a state has a match, as stored or with its escapes resolved: `M\u00fcller` has a Müller too."""
    if pattern.search(state):
        return True
    # Whether it is JSON, where escapes mean something, is checked last, because that takes the longest.
    return "\\" in state and pattern.search(values.unescaped(state)) is not None and values.parsed(state) is not None


EVERYTHING = Selection()

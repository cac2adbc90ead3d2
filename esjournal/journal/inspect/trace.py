"""The tree of causes: what caused an event, and what that caused in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from esjournal.domain.causes import Key, causes_of, key_of, keys_of
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.infrastructure.sqlalchemy.items.conditions import Conditions
from esjournal.journal.eventreference import find_event
from esjournal.journal.journal import Journal


@dataclass(frozen=True)
class TracedEvent:
    """An event in the tree of causes.

    `depth` is the number of causes above it. At depth 0, `missing_cause` is what the metadata gives as the cause, if no
    event of the journal is that, and `is_in_cycle` says whether the cause is one of the event's own effects.
    """

    event: RecordedEvent
    depth: int
    missing_cause: str | None = None
    is_in_cycle: bool = False


def trace(journal: Journal, given: str) -> Sequence[TracedEvent]:
    """Return the events that led to an event, and all that these caused, each after its cause.

    Events that have the same correlation belong to them as well. The effects of an event are in global order. The
    journal is read once from beginning to end, but only events with metadata, and memory grows with the result only. So
    an effect that comes before its cause is found only if it has the correlation.

    Args:
        journal: an open journal.
        given: a global position, an event id, a place (the id or the name of a sequence, a slash and a version), or a
            correlation id.

    Raises:
        AmbiguousId: the beginning of an id, before a slash, is that of several sequences.
    """
    until = journal.events.settled_position()
    related = _Related(journal)
    start = find_event(journal, given)
    related.names |= _names_of(given) if start is None else related.add_with_causes(start)
    for page in journal.events.pages(until=until, conditions=Conditions(has_metadata=True)):
        for event in map(RecordedEvent._make, page):
            if not related.names.isdisjoint(_names_of(*causes_of(event.metadata))):
                related.add(event)
    related.add_other_causes()
    return related.in_order()


def _names_of(*references: str | None) -> set[Key]:
    """Return references as they are written, because a correlation may be any text, and what they lead to."""
    names: set[Key] = set()
    for reference in references:
        if reference is not None:
            names.add(reference)
            if (key := key_of(reference)) is not None:
                names.add(key)
    return names


class _Related:
    """The events of a tree, as they are found, by their global positions.

    `names` are the correlations and references that make an event one of them, if its metadata has one.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._events: dict[int, RecordedEvent] = {}
        self._positions: dict[Key, int] = {}
        self.names: set[Key] = set()

    def add(self, event: RecordedEvent) -> None:
        """Add an event."""
        if (position := event.global_position) is not None:
            self._events[position] = event
            keys = keys_of(event)
            self._positions.update(dict.fromkeys(keys, position))
            self.names.update(keys)

    def add_with_causes(self, event: RecordedEvent) -> set[Key]:
        """Add an event, its cause, the cause of that, and so on, and return their correlations."""
        correlations: set[Key] = set()
        cause: RecordedEvent | None = event
        while cause is not None and cause.global_position not in self._events:
            self.add(cause)
            causes = causes_of(cause.metadata)
            correlations |= _names_of(causes.correlation)
            cause = self._look_up(causes.causation)
        return correlations

    def add_other_causes(self) -> None:
        """Add the causes of the events that are not among them, such as events of another correlation."""
        missing: set[str] = set()
        for event in list(self._events.values()):
            reference = causes_of(event.metadata).causation
            if reference is None or reference in missing or self._position(reference) is not None:
                continue
            if (cause := self._look_up(reference)) is None:
                missing.add(reference)
            else:
                self.add_with_causes(cause)

    def in_order(self) -> Sequence[TracedEvent]:
        """Return the events, each after its cause, and once."""
        references = {
            position: causes_of(self._events[position].metadata).causation for position in sorted(self._events)
        }
        causes = {position: self._position(reference) for position, reference in references.items()}
        effects: dict[int | None, list[int]] = {}
        for position, cause in causes.items():
            effects.setdefault(cause, []).append(position)
        traced: dict[int, TracedEvent] = {}

        def add_with_effects(root: int, missing_cause: str | None = None, *, is_in_cycle: bool = False) -> None:
            # A list of our own: recursion would run out of stack.
            rest = [(root, TracedEvent(self._events[root], 0, missing_cause, is_in_cycle))]
            while rest:
                position, each = rest.pop()
                if position not in traced:
                    traced[position] = each
                    below = reversed(effects.get(position, []))
                    rest.extend((effect, TracedEvent(self._events[effect], each.depth + 1)) for effect in below)

        for root in effects.get(None, []):
            add_with_effects(root, references[root])
        # Each of the others leads up to a cycle.
        for position in causes:
            if position not in traced:
                add_with_effects(_first_of_cycle(causes, position), is_in_cycle=True)
        return list(traced.values())

    def _position(self, reference: str | None) -> int | None:
        key = None if reference is None else key_of(reference)
        return None if key is None else self._positions.get(key)

    def _look_up(self, reference: str | None) -> RecordedEvent | None:
        key = None if reference is None else key_of(reference)
        if key is None:
            return None
        if isinstance(key, str):
            return self._journal.events.get_item_with_event_id(key)
        return self._journal.events.get_item(*key)


def _first_of_cycle(causes: Mapping[int, int | None], position: int) -> int:
    """Return the lowest position of the cycle that an event leads up to.

    Args:
        causes: the positions of causes by those of their effects.
        position: the event's.
    """
    followed: dict[int, None] = {}
    at: int | None = position
    while at is not None and at not in followed:
        followed[at] = None
        at = causes[at]
    return min(dropwhile(lambda each: each != at, followed), default=position)

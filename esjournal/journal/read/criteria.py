"""What a reader asks for before a journal is open: which events, and as of which time or position."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.state.where import FieldCondition
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.journal import Journal
from esjournal.journal.read.selection import Selection

# A global position, or a time in canonical form.
AsOf = int | str


@dataclass(frozen=True)
class Criteria:
    """The conditions that an event must meet; one that is empty or None leaves nothing out.

    Args:
        types: types, or patterns such as `orders#*`.
        names: names of sequences, or patterns such as `order-*`.
        sequences: names of sequences, their ids, or parts of these as `find_sequence` takes them.
        since: the earliest time of recording, in canonical form.
        until: the time before which they were recorded, in canonical form.
        as_of: the journal is read as it was then: a global position, or a time in canonical form.
        field_conditions: conditions on fields of the state and of the metadata.
        pattern: is searched in the text of the state.
    """

    types: Collection[str] = ()
    names: Collection[str] = ()
    sequences: Collection[str] = ()
    since: str | None = None
    until: str | None = None
    as_of: AsOf | None = None
    field_conditions: Sequence[FieldCondition] = ()
    pattern: re.Pattern[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether they leave nothing out."""
        given = (self.types, self.names, self.sequences, self.field_conditions)
        return not any(given) and all(each is None for each in (self.since, self.until, self.as_of, self.pattern))

    def in_journal(self, journal: Journal) -> Selection:
        """Return the selection that a journal is read with.

        Args:
            journal: an open journal.

        Raises:
            SequenceNotFound: there is no such sequence.
            InvalidData: a part of an id fits several sequences.
        """
        ids = [find_sequence(journal, part) for part in self.sequences]
        return self._selection(ids, None if self.as_of is None else position_as_of(journal, self.as_of))

    def in_lines(self) -> Selection | None:
        """Return the selection that the lines of a file are read with; None if it has to be read as a journal.

        A sequence is looked up by a part of its id, and a time in the past means the last event recorded by then.
        """
        return None if self.sequences or isinstance(self.as_of, str) else self._selection((), self.as_of)

    def _selection(self, originator_ids: Collection[str], last_position: int | None) -> Selection:
        return Selection(
            types=Patterns(self.types),
            names=Patterns(self.names),
            originator_ids=originator_ids,
            since=self.since,
            until=self.until,
            last_position=last_position,
            field_conditions=self.field_conditions,
            pattern=self.pattern,
        )


EVERY_EVENT = Criteria()


@dataclass(frozen=True)
class Slice:
    """The part of a journal that is read.

    Args:
        criteria: only events that meet them.
        after: the global position to start after.
        limit: how many events at most.
    """

    criteria: Criteria = EVERY_EVENT
    after: int = 0
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has all events."""
        return self.criteria.is_everything and not self.after and self.limit is None


WHOLE = Slice()


def position_as_of(journal: Journal, as_of: AsOf) -> int:
    """Return the last global position that a journal had then, 0 if it had no events.

    Events are in the order in which they were committed. A time means the last event that was recorded by then, and
    all events before it, even if some of these say that they were recorded later, as imported ones may.

    Args:
        journal: an open journal.
        as_of: a global position, or a time in canonical form.
    """
    if isinstance(as_of, int):
        return as_of
    found = journal.events.positions_between(None, as_of)
    if found is None:
        return 0
    # Nearly always the first event that is looked at; another library's tables have no index of times.
    for page in journal.events.pages(until=found[1], ascending=False):
        for *_, recorded_at, _, _, position in page:
            if recorded_at is not None and recorded_at <= as_of:
                return int(position)
    return 0

"""What sequences there are, and how each begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import NamedTuple

from esjournal.domain.model import fields
from esjournal.infrastructure.sqlalchemy.activerecords import NO_LIMIT, RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.sequences import SequenceOrder, Sequences
from esjournal.journal.matching import ALL_TYPES, TypePatterns
from esjournal.journal.opening import Journal


class SequenceSummary(NamedTuple):
    """What there is to say of a sequence: how many events, and what is known of its first and its last one."""

    originator_id: str
    events: int
    first_version: int
    last_version: int
    last_type: str
    first_recorded_at: str
    last_recorded_at: str


def list_sequences(
    journal: Journal,
    *,
    prefix: str = "",
    types: TypePatterns = ALL_TYPES,
    order: SequenceOrder = SequenceOrder.ID,
    limit: int | None = None,
) -> Iterator[SequenceSummary]:
    """Return the sequences of a journal, streaming.

    Args:
        journal: an open journal.
        prefix: only sequences whose ids begin with it, in lower case.
        types: only sequences that have an event of one of these types.
        order: what they are sorted by.
        limit: how many at the most.
    """
    sequences = Sequences(journal.events.session, RecordedEventRecord.__table__)
    occurring = None
    if types:
        occurring = [*types.whole]
        if types.with_magic:
            occurring = [found for found in sequences.types() if types.match(found)]
        if not occurring:
            return iter(())
    first, last = fields.ids_that_start_with(prefix)
    pages = sequences.summaries(first, last, occurring, order, NO_LIMIT if limit is None else limit)
    return (summary for page in pages for summary in starmap(SequenceSummary, page))

"""The sequences of a journal, and how each begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model import rules
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.activerecords import NO_LIMIT
from esjournal.infrastructure.sqlalchemy.items.statements import Row
from esjournal.infrastructure.sqlalchemy.reports.sequencesummaries import Sequences
from esjournal.journal.inspect.everysequence import every_sequence
from esjournal.journal.journal import Journal
from esjournal.journal.read.selection import ALL_NAMES, ALL_TYPES


def list_sequences(
    journal: Journal,
    *,
    prefix: str = "",
    names: Patterns = ALL_NAMES,
    types: Patterns = ALL_TYPES,
    order: SequenceOrder = SequenceOrder.ID,
    limit: int | None = None,
) -> Iterator[SequenceSummary]:
    """Return the sequences of a journal, streaming.

    Args:
        journal: an open journal.
        prefix: only sequences whose ids begin with it, in lower case.
        names: only sequences with one of these names.
        types: only sequences that have an event of one of these types.
        order: what they are sorted by.
        limit: return at most this many.
    """
    sequences = Sequences(journal.events.session, journal.events.table, has_names=journal.events.has_names)
    occurring = None
    if types:
        occurring = [whole for whole in types.whole if not rules.has_surrogate(whole)]
        if types.with_magic:
            occurring = [found for found in sequences.types() if types.match(found)]
        if not occurring:
            return iter(())
    is_whole = not (prefix or names or types) and order is SequenceOrder.ID and limit is None
    if is_whole and journal.layout is None:
        # Rows, and not summaries: pickling a million of these takes 2.5 seconds, and of the rows 0.6.
        return _summaries(every_sequence(journal, sequences))
    first, last = rules.ids_that_start_with(prefix)
    # The database finds some that do not match, so the limit is for those that do.
    most = NO_LIMIT if limit is None or names else limit
    found = _summaries(sequences.summary_rows(first, last, occurring, names, order, most))
    return islice((each for each in found if not names or names.match(each.sequence_name or "")), limit)


def _summaries(lists: Iterable[list[Row]]) -> Iterator[SequenceSummary]:
    return map(SequenceSummary._make, chain.from_iterable(lists))

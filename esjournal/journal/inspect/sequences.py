"""The sequences of a journal, and how each begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice, pairwise

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model import rules
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.activerecords import NO_LIMIT
from esjournal.infrastructure.sqlalchemy.items.statements import Row
from esjournal.infrastructure.sqlalchemy.reports.sequencesummaries import Sequences
from esjournal.interchange.sharedwork import shared_work
from esjournal.journal.journal import Journal
from esjournal.journal.read.secondreader import second_reader_pays
from esjournal.journal.read.selection import ALL_NAMES, ALL_TYPES

# A second process takes 20 milliseconds to start, and begins when this many sequences have been listed.
SEQUENCES_FOR_ONE = 5_000
EVENTS_OF_A_PART = 5_000
# The ids of this many events of a part say where it ends. With fewer, the parts would differ more in size.
SAMPLES_OF_A_PART = 4
# The last global position may be far away from the others.
MOST_PARTS = 10_000


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
    # A server has the second core already, while SQLite works in this process.
    if is_whole and journal.layout is None and journal.events.session.url.path is not None:
        until = journal.events.last_global_position()
        if second_reader_pays(journal, until):
            return _in_two_processes(journal, sequences, until)
    first, last = rules.ids_that_start_with(prefix)
    # The database finds some that do not match, so the limit is for those that do.
    most = NO_LIMIT if limit is None or names else limit
    found = _summaries(sequences.summary_rows(first, last, occurring, names, order, most))
    return islice((each for each in found if not names or names.match(each.sequence_name or "")), limit)


def _summaries(lists: Iterable[list[Row]]) -> Iterator[SequenceSummary]:
    return map(SequenceSummary._make, chain.from_iterable(lists))


def _in_two_processes(journal: Journal, sequences: Sequences, until: int) -> Iterator[SequenceSummary]:
    """Yield the sequences of a journal, sorted by id; if there are many, a second process reads some of them.

    Events are committed in order: up to one global position, both read the same sequences, whenever they read them.
    """
    lowest, highest = rules.ids_that_start_with("")
    rows = partial(sequences.summary_rows, types=None, names=ALL_NAMES, order=SequenceOrder.ID, until=until)
    count, after = 0, ""
    for summary in _summaries(rows(lowest, highest, limit=SEQUENCES_FOR_ONE)):
        count, after = count + 1, summary.originator_id
        yield summary
    if count < SEQUENCES_FOR_ONE:
        return
    spans = _spans(journal, after, highest, until)

    # Rows, and not summaries: pickling a million of these takes 2.5 seconds, and of the rows 0.6.
    def rows_of_parts(numbers: Iterator[int]) -> Iterator[list[Row]]:
        for number in numbers:
            yield list(chain.from_iterable(rows(*spans[number], limit=NO_LIMIT, after_first=True)))

    with shared_work(len(spans), rows_of_parts, journal.events.session.forget_connections) as lists:
        yield from _summaries(lists)


def _spans(journal: Journal, after: str, last: str, until: int) -> list[tuple[str, str]]:
    """Split the ids after one of them, up to a last one, into spans with about as many events each.

    Each span begins after its first id, and ends with its last.
    """
    parts = min(until // EVENTS_OF_A_PART + 1, MOST_PARTS)
    sampled = journal.events.sampled_ids(parts * SAMPLES_OF_A_PART, until)
    ids = sorted({each for each in map(str, sampled) if after < each < last})
    return list(pairwise([after, *ids[SAMPLES_OF_A_PART::SAMPLES_OF_A_PART], last]))

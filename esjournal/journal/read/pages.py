"""Reading a sequence, or the journal in global order, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.journal.journal import Journal
from esjournal.journal.read.selection import ALL_TYPES, EVERYTHING, Selection

SEQUENCE_PAGE_SIZE = 1_000

Page = Sequence[EventRow]


def read_sequence(
    journal: Journal,
    originator_id: str,
    *,
    gt: int | None = None,
    gte: int | None = None,
    lt: int | None = None,
    lte: int | None = None,
    limit: int | None = None,
    reverse: bool = False,
    types: Patterns = ALL_TYPES,
    as_of: int | None = None,
) -> Iterator[RecordedEvent]:
    """Return the events of a sequence, streaming.

    Args:
        journal: an open journal.
        originator_id: the sequence, in canonical form.
        gt: only versions above this one.
        gte: only this version and those above.
        lt: only versions below this one.
        lte: only this version and those below.
        limit: return at most this many events.
        reverse: return the latest events first.
        types: only events of these types.
        as_of: only events up to this global position.
    """

    def pages() -> Iterator[RecordedEvent]:
        above, from_, below, up_to = gt, gte, lt, lte
        while True:
            page = journal.events.get_items(
                originator_id, above, from_, below, up_to, SEQUENCE_PAGE_SIZE, not reverse, not reverse
            )
            yield from page
            if len(page) < SEQUENCE_PAGE_SIZE:
                return
            if reverse:
                below, up_to = page[-1].originator_version, None
            else:
                above, from_ = page[-1].originator_version, None

    events = pages()
    if types:
        events = (event for event in events if types.match(event.event_type))
    if as_of is not None:
        events = (event for event in events if (event.global_position or 0) <= as_of)
    return islice(events, limit)


def read_journal(
    journal: Journal,
    selection: Selection = EVERYTHING,
    *,
    after: int = 0,
    until: int | None = None,
    last: int | None = None,
    limit: int | None = None,
    reverse: bool = False,
) -> Iterator[Page]:
    """Return pages of the wanted events in global order, streaming, each event a plain tuple of its fields.

    Args:
        journal: an open journal.
        selection: which events are wanted.
        after: the global position to start after.
        until: the global position to end with; by default the last one when reading begins.
        last: return only the last n events.
        limit: return at most this many of these.
        reverse: return the latest events first.

    Raises:
        OutOfOrder: `after` is given, and events with lower positions may come later.
    """
    if after:
        journal.events.check_order()
    end = journal.events.settled_position() if until is None else until
    begin, end = selection.span(journal, after, end)
    if last is None and not reverse:
        return limited(_forwards(journal, selection, begin, end), limit)
    backwards = limited(_backwards(journal, selection, begin, end, last), last)
    if reverse:
        return limited(backwards, limit)
    # Read again in ascending order, not kept and reversed: memory must not grow with `last`.
    first = min((page[-1][-1] for page in backwards), default=None)
    return iter(()) if first is None else limited(_forwards(journal, selection, first - 1, end), limit)


def _forwards(journal: Journal, selection: Selection, begin: int, end: int) -> Iterator[Page]:
    conditions = selection.conditions(journal)
    return _wanted(selection, journal.events.pages(after=begin, until=end, conditions=conditions, ahead=True))


def _backwards(journal: Journal, selection: Selection, begin: int, end: int, last: int | None) -> Iterator[Page]:
    size = PAGE_SIZE if last is None else max(1, min(PAGE_SIZE, last))
    conditions = selection.conditions(journal)
    pages = journal.events.pages(after=begin, until=end, conditions=conditions, ascending=False, size=size)
    return _wanted(selection, pages)


def _wanted(selection: Selection, pages: Iterable[Page]) -> Iterator[Page]:
    for page in pages:
        if wanted := selection.wanted(page):
            yield wanted


def limited(pages: Iterable[Page], limit: int | None) -> Iterator[Page]:
    """Yield pages until they have as many events as a limit allows; None means no limit."""
    if limit is None:
        yield from pages
        return
    left = limit
    for page in pages:
        if left:
            yield page[:left]
            left -= min(left, len(page))
        if not left:
            return

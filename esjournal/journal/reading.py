"""Reading one sequence, however long it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.journal.opening import Journal

PAGE_SIZE = 1_000


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
    types: Collection[str] = (),
) -> Iterator[RecordedEvent]:
    """Return the events of a sequence, streaming.

    Args:
        journal: an open journal.
        originator_id: the sequence, in canonical form.
        gt: versions above this one.
        gte: versions from this one on.
        lt: versions below this one.
        lte: versions up to this one.
        limit: how many events at the most.
        reverse: whether the last events come first.
        types: only events of these types, where any is named.
    """

    def pages() -> Iterator[RecordedEvent]:
        above, from_, below, up_to = gt, gte, lt, lte
        while True:
            page = journal.events.get_items(
                originator_id, above, from_, below, up_to, PAGE_SIZE, not reverse, not reverse
            )
            yield from page
            if len(page) < PAGE_SIZE:
                return
            if reverse:
                below, up_to = page[-1].originator_version, None
            else:
                above, from_ = page[-1].originator_version, None

    events = pages()
    if types:
        events = (event for event in events if event.event_type in types)
    return islice(events, limit)

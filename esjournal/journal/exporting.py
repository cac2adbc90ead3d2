"""Writing a journal, or a part of it, to a stream."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import IO

from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.interchange.codecs import text_of
from esjournal.interchange.formats import FileFormat
from esjournal.journal.opening import Journal


def export_events(
    journal: Journal,
    stream: IO[bytes],
    file_format: FileFormat,
    *,
    types: Collection[str] = (),
    originator_ids: Collection[str] = (),
    after: int = 0,
    limit: int | None = None,
    csv_safe: bool = False,
) -> int:
    """Write events in global order, up to the last one there at the beginning, in flat memory.

    Args:
        journal: an open journal.
        stream: takes the bytes, UTF-8.
        file_format: what to write.
        types: only events of these types, where any is named.
        originator_ids: only events of these sequences, in canonical form, where any is named.
        after: the global position to begin behind.
        limit: how many events at the most.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.

    Returns:
        How many events were written.
    """
    count = 0

    def counted() -> Iterator[RecordedEvent]:
        nonlocal count
        events = journal.events.all_items(after=after, sequence_ids=originator_ids, topics=types)
        for event in islice(events, limit):
            count += 1
            yield event

    for text in text_of(counted(), file_format, csv_safe=csv_safe):
        stream.write(text.encode())
    return count

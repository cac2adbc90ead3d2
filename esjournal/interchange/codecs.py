"""Events from bytes and to text, in either format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.batches import Batch
from esjournal.interchange.streams import Source


def read_events(source: Source, file_format: FileFormat, *, seal_required: bool = False) -> Iterator[Batch]:
    """Yield batches of events, with what is wrong with the lines between; the reading goes on behind a bad line.

    Args:
        source: where the bytes come from.
        file_format: what they are.
        seal_required: whether NDJSON without a seal is refused.

    Raises:
        InvalidLine: nothing behind this line can be read, or the file is not what its seal says.
    """
    if file_format is FileFormat.CSV:
        return csvtext.read(source)
    return ndjson.read(source, seal_required=seal_required)


def text_of(
    pages: Iterable[Sequence[tuple[Any, ...]]], file_format: FileFormat, *, csv_safe: bool = False
) -> Iterator[str]:
    """Yield the text of events in pieces of many lines.

    Args:
        pages: events with their global positions, many at a time.
        file_format: what to write, NDJSON or CSV.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.
    """
    if file_format is FileFormat.CSV:
        return csvtext.write(map(RecordedEvent._make, chain.from_iterable(pages)), safe=csv_safe)
    return map(ndjson.lines_of, pages)

"""Events from bytes and to text, in either format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esjournal.exceptions import InvalidLine
from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.formats import FileFormat
from esjournal.interchange.streams import Source

Read = tuple[int, RecordedEvent | InvalidLine]


def read_events(source: Source, file_format: FileFormat) -> Iterator[Read]:
    """Yield line numbers and events, or what is wrong with a line; the reading goes on behind a bad line.

    Args:
        source: where the bytes come from.
        file_format: what they are.

    Raises:
        InvalidLine: nothing behind this line can be read.
    """
    return csvtext.read(source) if file_format is FileFormat.CSV else ndjson.read(source)


def text_of(events: Iterable[RecordedEvent], file_format: FileFormat, *, csv_safe: bool = False) -> Iterator[str]:
    """Yield the text of events in pieces of many lines.

    Args:
        events: events with their global positions.
        file_format: what to write.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.
    """
    return csvtext.write(events, safe=csv_safe) if file_format is FileFormat.CSV else ndjson.write(events)

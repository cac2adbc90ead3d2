"""CSV (RFC 4180) with a header, a column for each field of an event, and the state as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import id_with_name, name_of_id
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, Read, batches_of
from esjournal.interchange.bytestreams import ByteStream
from esjournal.interchange.csvrows import filled_rows
from esjournal.interchange.delimiters import delimiter_of
from esjournal.interchange.formats import COLUMNS, COMMA, columns_with
from esjournal.interchange.othertext import reason_not_csv

REQUIRED = COLUMNS[:4]
# The columns that say which sequence an event is of; one of them is enough.
_NAMING = {COLUMNS[0], SEQUENCE_NAME}
_NO_HEADER = (
    f"the file has no header: name {', '.join(REQUIRED)} in its first line; "
    f"`esjournal import --rows` makes events of other rows"
)
BATCH_ROWS = 1_000

# A spreadsheet takes such a cell for a formula (OWASP, "CSV Injection"), also after characters that it may drop:
# spaces, quotes and control characters.
_FORMULA = re.compile("[\t\r\n]|[\\s\x00-\x1f'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def read(stream: ByteStream, delimiter: str | None = None) -> Iterator[Batch]:
    """Yield batches of events and bad rows; the line of an event is the one on which its row begins.

    A state must be a JSON object: a column of text cannot say that a state is meant to be something else.

    Args:
        stream: CSV text.
        delimiter: what separates the fields; by default what the first line or the file's name says.

    Raises:
        InvalidLine: the header is missing or wrong, or quotes do not match.
    """
    return batches_of(stream.name, _reads(stream, delimiter), BATCH_ROWS)


def _reads(stream: ByteStream, given: str | None) -> Iterator[Read]:
    if (reason := reason_not_csv(stream.beginning())) is not None:
        raise InvalidLine(stream.name, 1, reason)
    delimiter = delimiter_of(stream, given)
    header: list[str] | None = None
    for line, row in filled_rows(stream, delimiter, most_fields=len(COLUMNS)):
        if header is None:
            header = _header(row, stream.name, line)
            continue
        try:
            yield line, _event(header, row)
        except InvalidData as error:
            yield line, InvalidLine(stream.name, line, str(error), row_text(row, delimiter))
    if header is None:
        raise InvalidLine(stream.name, 1, _NO_HEADER)


def write(
    events: Iterable[EventRow] | Iterable[RecordedEvent],
    *,
    safe: bool,
    added: Collection[str] = (),
    delimiter: str = COMMA,
) -> Iterator[str]:
    """Yield the header and then the rows of events, many in one text.

    Args:
        events: events with their global positions.
        safe: put an apostrophe before a cell that a spreadsheet would take for a formula; it is not removed on import.
        added: those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
        delimiter: what separates the fields.
    """
    header = columns_with(added)
    cells = itemgetter(*(RecordedEvent._fields.index(name) for name in header if name != SEQUENCE_NAME))
    if SEQUENCE_NAME not in added:
        return table_of(header, map(cells, events), safe=safe, delimiter=delimiter)
    named = ((*cells(event), name_of_id(event[0])) for event in events)
    return table_of(header, named, safe=safe, delimiter=delimiter)


def table_of(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, safe: bool, delimiter: str = COMMA
) -> Iterator[str]:
    """Yield a header and then rows, many in one text.

    Args:
        header: the names of the columns.
        rows: the values of the columns.
        safe: put an apostrophe before a cell that a spreadsheet would take for a formula; it is not removed on import.
        delimiter: what separates the fields.
    """
    yield _text_of([header], delimiter)
    remaining = iter(rows)
    while page := list(islice(remaining, BATCH_ROWS)):
        yield _text_of([[*map(_without_formula, row)] for row in page] if safe else page, delimiter)


def _text_of(rows: Sequence[Sequence[object]], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()
    # Before Python 3.13 the csv module writes a carriage return without quotes, and cannot read it again.
    if "\r" not in text:
        return text
    if len(rows) > 1:
        return "".join(_text_of([row], delimiter) for row in rows)
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue()


def _without_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def row_text(row: list[str], delimiter: str) -> str:
    """Return a row as CSV, without a line end."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(row)
    return buffer.getvalue()


def _header(row: list[str], name: str, line: int) -> list[str]:
    unknown = [column for column in row if column not in COLUMNS]
    missing = [column for column in REQUIRED if column not in row and (column not in _NAMING or not _NAMING & {*row})]
    if missing and len(unknown) == len(row):
        raise InvalidLine(name, line, _NO_HEADER)
    if missing:
        raise InvalidLine(name, line, f"the header has no column {', '.join(missing)}: add it")
    if unknown:
        raise InvalidLine(name, line, f"the header has an unknown column {shortened(unknown[0])}: remove it")
    if len(set(row)) < len(row):
        raise InvalidLine(name, line, "the header names a column twice: remove one of them")
    return row


def _event(header: list[str], row: list[str]) -> RecordedEvent:
    if len(row) != len(header):
        raise InvalidData(f"the row has {len(row)} fields and the header {len(header)}: quote delimiters and line ends")
    cells = dict(zip(header, row, strict=True))
    recorded_at, metadata, event_id = (cells.get(name) or None for name in ("recorded_at", *ADDED_FIELDS))
    position = cells.get("global_position")
    originator_id, name = cells.get("originator_id"), cells.get(SEQUENCE_NAME) or None
    return RecordedEvent(
        id_with_name(originator_id if name is None else originator_id or None, name),
        rules.originator_version(cells["originator_version"]),
        rules.event_type(cells["event_type"]),
        rules.json_object(cells["state"]),
        rules.recorded_at(recorded_at) if recorded_at else None,
        rules.json_object(metadata, "metadata") if metadata else None,
        rules.originator_id(event_id, "event_id") if event_id else None,
        rules.global_position(position) if position else None,
    )

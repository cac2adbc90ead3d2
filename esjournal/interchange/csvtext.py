"""CSV (RFC 4180) with a header, the columns of the interchange, and the state as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.text import counted, shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, Read, batches_of
from esjournal.interchange.bytestreams import Source

COLUMNS = RecordedEvent._fields
REQUIRED = COLUMNS[:4]
BATCH_ROWS = 1_000
# Compressed, some kilobytes can be hundreds of millions of them, each of which takes the csv module its time.
_MOST_BLANK_LINES = 1_000_000

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), also after what it may drop: spaces,
# quotes and control characters.
_FORMULA = re.compile("[\t\r\n]|[\\s\x00-\x1f'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def read(source: Source) -> Iterator[Batch]:
    """Yield batches of events by the lines that their rows begin on, with what is wrong with the rows between.

    A state must be a JSON object: a column of text has no way to say that a state is meant to be something else.

    Raises:
        InvalidLine: the header is missing or wrong, or quotes do not match.
    """
    return batches_of(source.name, _reads(source), BATCH_ROWS)


def _reads(source: Source) -> Iterator[Read]:
    # The csv module keeps one limit for the whole process, and its own is too small for states.
    csv.field_size_limit(source.line_limit)
    lines = _Lines(source)
    rows = csv.reader(lines, strict=True)
    line = 1
    header: list[str] | None = None
    blank = 0
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise InvalidLine(source.name, line, f"the row is no CSV: {error}") from None
        if row is None:
            break
        lines.bytes_of_row = 0
        if not row:
            blank += 1
            if blank > _MOST_BLANK_LINES:
                reason = f"more than {_MOST_BLANK_LINES} blank lines stand one after another: get the file again"
                raise InvalidLine(source.name, line, reason)
            continue
        blank = 0
        if header is None:
            header = _header(row, source.name, line)
            continue
        try:
            yield line, _event(header, row)
        except InvalidData as error:
            yield line, InvalidLine(source.name, line, str(error), _row_text(row))
    if header is None:
        raise InvalidLine(source.name, 1, f"there is no header: the first line names {', '.join(REQUIRED)}")


def write(events: Iterable[RecordedEvent], *, safe: bool) -> Iterator[str]:
    """Yield the header, and then the rows of events, many in one text.

    Args:
        events: events with their global positions.
        safe: put an apostrophe before what a spreadsheet would take for a formula; such a cell does not come back.
    """
    return table_of(COLUMNS, events, safe=safe)


def table_of(header: Sequence[str], rows: Iterable[Sequence[object]], *, safe: bool) -> Iterator[str]:
    """Yield a header, and then rows, many in one text.

    Args:
        header: the names of the columns.
        rows: what the columns hold.
        safe: put an apostrophe before what a spreadsheet would take for a formula; such a cell does not come back.
    """
    yield _text_of([header])
    remaining = iter(rows)
    while page := list(islice(remaining, BATCH_ROWS)):
        yield _text_of([[*map(_without_formula, row)] for row in page] if safe else page)


def _text_of(rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()
    # Before Python 3.13 the csv module leaves a carriage return unquoted, and refuses to read it again.
    if "\r" not in text:
        return text
    if len(rows) > 1:
        return "".join(_text_of([row]) for row in rows)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue()


def _without_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


class _Lines:
    """The lines of a source as text; a row of many lines is held to the limit of one, so that memory stays flat."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.bytes_of_row = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in self._source.lines():
            self.bytes_of_row += len(line) + 1
            if self.bytes_of_row > self._source.line_limit + 1:
                reason = f"the row is longer than {counted(self._source.line_limit, 'byte')}"
                advice = f"close its quotes, or {self._source.advice_for_long_lines()}"
                raise InvalidLine(self._source.name, number, f"{reason}: {advice}")
            try:
                yield line.decode() + "\n"
            except UnicodeDecodeError as error:
                reason = f"byte 0x{line[error.start]:02x} at byte {error.start + 1} is not UTF-8"
                raise InvalidLine(self._source.name, number, reason) from None


def _row_text(row: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(row)
    return buffer.getvalue()


def _header(row: list[str], name: str, line: int) -> list[str]:
    unknown = [column for column in row if column not in COLUMNS]
    missing = [column for column in REQUIRED if column not in row]
    if missing and len(unknown) == len(row):
        raise InvalidLine(name, line, f"there is no header: the first line names {', '.join(REQUIRED)}")
    if missing:
        raise InvalidLine(name, line, f"the header has no column {', '.join(missing)}: add it")
    if unknown:
        raise InvalidLine(name, line, f"the header has an unknown column {shortened(unknown[0])}: remove it")
    if len(set(row)) < len(row):
        raise InvalidLine(name, line, "the header names a column twice: remove one of them")
    return row


def _event(header: list[str], row: list[str]) -> RecordedEvent:
    if len(row) != len(header):
        raise InvalidData(f"the row has {len(row)} fields and the header {len(header)}: quote commas and line ends")
    cells = dict(zip(header, row, strict=True))
    if position := cells.get("global_position"):
        rules.global_position(position)
    recorded_at = cells.get("recorded_at")
    return RecordedEvent(
        rules.originator_id(cells["originator_id"]),
        rules.originator_version(cells["originator_version"]),
        rules.event_type(cells["event_type"]),
        rules.json_object(cells["state"]),
        rules.recorded_at(recorded_at) if recorded_at else None,
        None,
    )

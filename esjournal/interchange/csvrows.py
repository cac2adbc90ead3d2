"""The rows of CSV text: their fields, and the lines on which they begin.

The csv module reads rows of up to 4 MiB. It takes four times the memory of a longer one, far more if that has many
short fields, and a third of a microsecond for each of its lines, before anybody can refuse it. So this module finds the
ends of the fields of longer rows itself, and refuses a row that has none as soon as it is longer than the limit.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain

from esjournal.domain.text import counted
from esjournal.exceptions import InvalidLine
from esjournal.interchange.bytestreams import ADVICE_FOR_LONG_LINES, Block, ByteStream
from esjournal.interchange.delimiters import has_sep_line

_LONG_ROW_BYTES = 4 * 1024 * 1024
# A few compressed kilobytes can be hundreds of millions of blank lines, and the csv module takes time for each.
_MOST_BLANK_LINES = 1_000_000
_LONE_RETURN = r"a carriage return is not in quotes: quote it, or make line feeds of them with `tr '\r' '\n'`"
# The rest of a field after its opening quote, up to the closing one or to the end of the text.
_QUOTED = re.compile(rb'(?:[^"]++|"")*+')


def rows(stream: ByteStream, delimiter: str, *, most_fields: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row begins, and its fields; a blank line is a row without fields.

    A first line that names the delimiter, such as `sep=;`, is skipped.

    Args:
        stream: CSV text.
        delimiter: the character between two fields, as `delimiter_of` returns it.
        most_fields: the largest number of fields of a row of more than 4 MiB.

    Raises:
        InvalidLine: quotes do not match, a byte is not UTF-8, or a row is longer than the limit of a line.
    """
    # The csv module has one limit for the whole process, and its default is too small for states.
    csv.field_size_limit(_LONG_ROW_BYTES)
    named = has_sep_line(stream.beginning())
    lines = _Lines(stream, delimiter)
    if named:
        lines.skip()
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                yield lines.first, row
                lines.begin_row()
            return
        except _LongRow:
            yield lines.first, lines.long_row(most_fields)
            lines.begin_row()
        except csv.Error as error:
            reason = _LONE_RETURN if "new-line character" in str(error) else error
            raise InvalidLine(stream.name, lines.first, f"the row is not CSV: {reason}") from None


def filled_rows(stream: ByteStream, delimiter: str, *, most_fields: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the same rows without blank lines.

    Args:
        stream: CSV text.
        delimiter: the character between two fields, as `delimiter_of` returns it.
        most_fields: the largest number of fields of a row of more than 4 MiB.

    Raises:
        InvalidLine: what `rows` raises, or there are very many blank lines in a row.
    """
    blank = 0
    for line, row in rows(stream, delimiter, most_fields=most_fields):
        if row:
            blank = 0
            yield line, row
            continue
        blank += 1
        if blank > _MOST_BLANK_LINES:
            reason = f"there are more than {counted(_MOST_BLANK_LINES, 'blank line')} in a row: get the file again"
            raise InvalidLine(stream.name, line, reason)


class _LongRow(Exception):
    """The current row is too long for the csv module."""


class _Lines:
    """The lines of a stream as text; `first` is the number of the first line of the current row."""

    def __init__(self, stream: ByteStream, delimiter: str) -> None:
        self.first = 1
        self._stream = stream
        self._delimiter = delimiter.encode()
        self._blocks = stream.blocks()
        self._rest: Iterator[tuple[int, bytes]] = iter(())
        self._row: list[bytes] = []
        self._bytes = 0

    def skip(self) -> None:
        """Skip the next line."""
        next(iter(self), None)
        self.begin_row()

    def begin_row(self) -> None:
        self._row.clear()
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        while True:
            for number, line in self._rest:
                if not self._row:
                    self.first = number
                self._row.append(line)
                self._bytes += len(line) + 1
                if self._bytes > self._stream.line_limit + 1:
                    raise self._too_long()
                if self._bytes > _LONG_ROW_BYTES:
                    raise _LongRow
                try:
                    yield line.decode() + "\n"
                except UnicodeDecodeError as error:
                    raise self._not_utf8(number, line[error.start], error.start + 1) from None
            block = next(self._blocks, None)
            if block is None:
                return
            self._rest = block.numbered_lines()

    def long_row(self, most_fields: int) -> list[str]:
        """Return the fields of the row whose first lines were read; reading continues after it."""
        self._text = bytearray()
        # Not joined, because that would take 80 bytes of memory for each line.
        for line in chain(self._row, (line for _, line in self._rest)):
            self._text += line
            self._text += b"\n"
        fields: list[str] = []
        first, others = re.escape(self._delimiter[:1]), re.escape(self._delimiter[1:])
        self._unquoted = re.compile(rb"(?:[^\r\n%b]++|%b(?!%b))*+" % (first, first, others))
        at, separator = 0, self._delimiter
        while separator == self._delimiter:
            if len(fields) == most_fields:
                reason = f"the row is longer than {counted(_LONG_ROW_BYTES, 'byte')} and has more than {most_fields}"
                raise InvalidLine(self._stream.name, self.first, f"{reason} fields: quote delimiters and line ends")
            start, end, at = self._field(at)
            fields.append(self._decoded(start, end))
            separator = self._separator(at)
            at += len(separator)
        if at > self._stream.line_limit + 1:
            raise self._too_long()
        rest = bytes(self._text[at:])
        if rest:
            lines = self._text.count(b"\n", 0, at)
            self._rest = Block(self.first + lines, rest.count(b"\n"), rest).numbered_lines()
        del self._text
        return fields

    def _field(self, at: int) -> tuple[int, int, int]:
        """Return where a field starts and ends, and where the separator after it is."""
        if self._text[at : at + 1] == b'"':
            start, end = at + 1, self._closing_quote(at + 1)
            after, other = end + 1, f"'{self._delimiter.decode()}' expected after '\"'"
        else:
            start, end = at, self._unquoted.match(self._text, at).end()  # type: ignore[union-attr]
            after, other = end, _LONE_RETURN
        if self._text[after : after + 2] == b"\r\n":
            del self._text[after]
        if not self._separator(after):
            raise InvalidLine(self._stream.name, self.first, f"the row is not CSV: {other}")
        return start, end, after

    def _separator(self, at: int) -> bytes:
        """Return the delimiter or line end at a place, or nothing if something else is there."""
        found = (end for end in (self._delimiter, b"\n") if self._text.startswith(end, at))
        return next(found, b"")

    def _closing_quote(self, at: int) -> int:
        while (at := _QUOTED.match(self._text, at).end()) == len(self._text):  # type: ignore[union-attr]
            if at > self._stream.line_limit:
                raise self._too_long()
            block = next(self._blocks, None)
            if block is None:
                raise InvalidLine(self._stream.name, self.first, "the row is not CSV: unexpected end of data")
            self._text += block.data if block.data.endswith(b"\n") else block.data + b"\n"
        return at

    def _too_long(self) -> InvalidLine:
        reason = f"the row is longer than {counted(self._stream.line_limit, 'byte')}"
        return InvalidLine(self._stream.name, self.first, f"{reason}: close its quotes; {ADVICE_FOR_LONG_LINES}")

    def _decoded(self, start: int, end: int) -> str:
        field = self._text[start:end]
        try:
            text = field.decode()
        except UnicodeDecodeError as error:
            at = start + error.start
            line = self.first + self._text.count(b"\n", 0, at)
            raise self._not_utf8(line, field[error.start], at - self._text.rfind(b"\n", 0, at)) from None
        return text.replace('""', '"') if self._text[start - 1 : start] == b'"' else text

    def _not_utf8(self, line: int, byte: int, number: int) -> InvalidLine:
        reason = f"byte 0x{byte:02x} at byte {number} is not UTF-8"
        advice = "name the encoding, such as `esjournal import --encoding cp1252`"
        return InvalidLine(self._stream.name, line, f"{reason}: {advice}")

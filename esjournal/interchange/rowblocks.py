"""Blocks of rows: ordinary rows of CSV and NDJSON, such as those of orders, on their way to become events."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, ClassVar, Self

import msgspec

from esjournal.domain.model import rules
from esjournal.domain.state import paths, values
from esjournal.domain.state.batchcheck import doubtful
from esjournal.domain.text import counted, shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.bytestreams import ByteStream
from esjournal.interchange.csvrows import filled_rows
from esjournal.interchange.csvtext import row_text
from esjournal.interchange.delimiters import delimiter_of
from esjournal.interchange.jsondocuments import is_json_over_lines
from esjournal.interchange.jsondocuments import values as values_over_lines

ROWS_AT_A_TIME = 1_000
# The most columns that SQLite takes by default; no other database takes more.
_MOST_COLUMNS = 2_000
_BOM = b"\xef\xbb\xbf"

# A number that means the same everywhere: no leading zeros, which codes have, no exponent, and not beyond a double.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,299})(?:\.\d+)?", re.ASCII)
_WORDS = {"": "null", "true": "true", "false": "false"}

_encoder = msgspec.json.Encoder(decimal_format="number")
_rows_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class RowBlock(ABC):
    """Consecutive rows of a file, and what is wrong with the rows between.

    `source` is the name of the file, `lines` has the line of each row, and `bad` the rows that cannot be read.
    """

    # Whether values may be objects and arrays, into which paths lead.
    is_nested: ClassVar[bool] = True

    source: str
    lines: Sequence[int]
    bad: Sequence[InvalidLine]

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The names of the columns that the rows have."""

    @abstractmethod
    def texts(self, name: str) -> Sequence[str]:
        """Return the values of a column: strings as they are, others as JSON, and null or none as an empty text."""

    @abstractmethod
    def json(self, name: str) -> Sequence[str]:
        """Return the values of a column as JSON."""

    @abstractmethod
    def part(self, start: int, end: int) -> Self:
        """Return some of the rows, by their index in the block, without bad ones."""

    def objects(self, names: Sequence[str] | None = None) -> list[str]:
        """Return the rows as JSON objects.

        Args:
            names: the columns to take; by default all of them.
        """
        names = self.names if names is None else names
        return list(objects_of(names, map(self.json, names)))

    def path(self, name: str) -> paths.Path | None:
        """Return where a name of a template leads: to a column, or into one; None if there is no such column."""
        names = self.names
        if name in names:
            return (name,)
        try:
            path = paths.path(name)
        except InvalidData:
            return None
        return path if path[0] in names and (self.is_nested or len(path) == 1) else None

    def texts_at(self, path: paths.Path | None) -> Sequence[str]:
        """Return the values that a path leads to, in the form of `texts`."""
        if path is None:
            return [""] * len(self.lines)
        if len(path) == 1:
            return self.texts(str(path[0]))
        return [_text_at(row, path) for row in self.objects()]


@dataclass(frozen=True)
class CsvBlock(RowBlock):
    """Rows of CSV: every value is text; `cells` has the columns.

    If `typed`, values that are written as numbers, `true`, `false` or nothing are these in JSON.
    """

    is_nested = False

    header: Sequence[str]
    cells: Mapping[str, Sequence[str]]
    typed: bool

    @property
    def names(self) -> Sequence[str]:
        """The header."""
        return self.header

    def texts(self, name: str) -> Sequence[str]:
        """Return the cells of a column."""
        return self.cells[name]

    def json(self, name: str) -> Sequence[str]:
        """Return the values of a column as JSON."""
        cells = self.cells[name]
        quoted = json_lines(cells)
        return list(map(_typed, cells, quoted)) if self.typed else quoted

    def part(self, start: int, end: int) -> Self:
        """Return some of the rows."""
        cells = {name: column[start:end] for name, column in self.cells.items()}
        return replace(self, lines=self.lines[start:end], bad=(), cells=cells)


@dataclass(frozen=True)
class ObjectBlock(RowBlock):
    """Rows of NDJSON: `members` has the values of each row by their names, and `rows` has their text."""

    members: Sequence[dict[str, msgspec.Raw]]
    rows: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        """The names that any of the rows has."""
        return list(dict.fromkeys(chain.from_iterable(self.members)))

    def texts(self, name: str) -> Sequence[str]:
        """Return the values of a column as texts."""
        return [text_of(None if (value := row.get(name)) is None else bytes(value)) for row in self.members]

    def json(self, name: str) -> Sequence[str]:
        """Return the values of a column as JSON; null if a row has none."""
        return ["null" if (value := row.get(name)) is None else bytes(value).decode() for row in self.members]

    def objects(self, names: Sequence[str] | None = None) -> list[str]:
        """Return the rows, byte for byte, or those of their members that are among the names."""
        if names is None:
            return list(self.rows)
        quoted = {name: json_of(name) for name in names}
        return [
            f"{{{','.join(f'{quoted[name]}:{bytes(row[name]).decode()}' for name in names if name in row)}}}"
            for row in self.members
        ]

    def part(self, start: int, end: int) -> Self:
        """Return some of the rows."""
        members, rows = self.members[start:end], self.rows[start:end]
        return replace(self, lines=self.lines[start:end], bad=(), members=members, rows=rows)


def json_of(value: Any) -> str:
    """Return a value as JSON; a Decimal becomes a number with the same digits."""
    return _encoder.encode(value).decode()


def json_lines(column: Iterable[Any]) -> list[str]:
    """Return many values as JSON, which takes a tenth of the time that one by one takes."""
    return _encoder.encode_lines(column).decode().split("\n")[:-1]


def objects_of(names: Sequence[str], columns: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield JSON objects.

    Args:
        names: the names of their members.
        columns: the values of each member, as JSON.
    """
    members = ",".join(f"{json_of(name)}:".replace("%", "%%") + "%s" for name in names)
    return map(f"{{{members}}}".__mod__, zip(*columns, strict=True))


def read_csv(stream: ByteStream, delimiter: str | None = None, *, typed: bool = False) -> Iterator[CsvBlock]:
    """Yield the rows of CSV with a header.

    Args:
        stream: the bytes of a file.
        delimiter: what separates the fields; by default what the first line or the file's name says.
        typed: whether values that are written as numbers, `true`, `false` or nothing are these.

    Raises:
        InvalidLine: the header is missing or wrong, or quotes do not match.
    """
    if stream.beginning().removeprefix(_BOM).lstrip().startswith(b"{"):
        reason = "this is JSON: give the file a name that ends in .ndjson, or import it with --format ndjson"
        raise InvalidLine(stream.name, 1, reason)
    separator = delimiter_of(stream, delimiter)
    found = filled_rows(stream, separator, most_fields=_MOST_COLUMNS)
    line, header = next(found, (1, None))
    if header is None:
        raise InvalidLine(stream.name, 1, "the file has no header: name the columns in its first line")
    if (twice := next((name for at, name in enumerate(header) if name in header[:at]), None)) is not None:
        raise InvalidLine(
            stream.name, line, f"the header names the column {shortened(twice)} twice: rename one of them"
        )
    length = len(header)
    # There is a block even if there are no rows, because it has the header.
    some = list(islice(found, ROWS_AT_A_TIME))
    while True:
        bad = [_of_other_length(stream.name, line, row, header, separator) for line, row in some if len(row) != length]
        if bad:
            some = [(line, row) for line, row in some if len(row) == length]
        columns = list(zip(*(row for _, row in some), strict=True)) or [()] * length
        cells = dict(zip(header, columns, strict=True))
        yield CsvBlock(stream.name, [line for line, _ in some], bad, header, cells, typed)
        if not (some := list(islice(found, ROWS_AT_A_TIME))):
            return


def read_ndjson(stream: ByteStream) -> Iterator[ObjectBlock]:
    """Yield rows of JSON objects: one a line, in an array, or over several lines.

    Args:
        stream: the bytes of a file.

    Raises:
        InvalidLine: nothing after this line can be read, or the input is another text than JSON.
    """
    first = stream.beginning()
    if first.strip() and not first.removeprefix(_BOM).lstrip().startswith((b"{", b"[")):
        reason = "this is not JSON: give CSV a name that ends in .csv, or import it with --format csv"
        raise InvalidLine(stream.name, 1, reason)
    lines: Iterable[tuple[int, bytes]]
    if is_json_over_lines(first):
        lines = values_over_lines(stream)
    else:
        lines = chain.from_iterable(block.numbered_texts() for block in stream.blocks())
    remaining = iter(lines)
    while some := list(islice(remaining, ROWS_AT_A_TIME)):
        block = _objects(stream.name, some)
        yield _read_closely(stream.name, some) if block is None else block


def _objects(source: str, some: Sequence[tuple[int, bytes]]) -> ObjectBlock | None:
    """Return the rows of some lines, None if one of them needs a closer look."""
    try:
        data = b"\n".join([line for _, line in some])
        rows = data.decode().split("\n")
        if len(rows) != len(some) or doubtful(rows):
            return None
        members = _rows_decoder.decode_lines(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return ObjectBlock(source, [number for number, _ in some], (), members, rows)


def block_of_objects(
    source: str, lines: Sequence[int], rows: Sequence[str], bad: Sequence[InvalidLine] = ()
) -> ObjectBlock:
    """Return a block of rows that are JSON objects, as another block has returned them.

    Args:
        source: the name of the file.
        lines: the line of each row.
        rows: the rows.
        bad: rows that cannot be read.
    """
    return ObjectBlock(source, lines, bad, _rows_decoder.decode_lines("\n".join(rows)), rows)


def _read_closely(source: str, some: Sequence[tuple[int, bytes]]) -> ObjectBlock:
    lines, members, rows, bad = [], [], [], []
    for number, line in some:
        try:
            row = _row(line)
            members.append(_members(row))
        except InvalidData as error:
            bad.append(InvalidLine(source, number, str(error), line.decode(errors="backslashreplace")))
        else:
            lines.append(number)
            rows.append(row)
    return ObjectBlock(source, lines, bad, members, rows)


def _row(line: bytes) -> str:
    try:
        return rules.json_object(line.decode(), "the row")
    except UnicodeDecodeError as error:
        reason = f"byte 0x{line[error.start]:02x} at byte {error.start + 1} is not UTF-8"
        raise InvalidData(reason) from None


def _members(row: str) -> dict[str, msgspec.Raw]:
    try:
        return _rows_decoder.decode(row)
    except (msgspec.MsgspecError, RecursionError):
        raise InvalidData("the row has half of a surrogate pair: write the whole character") from None


def _of_other_length(source: str, line: int, row: list[str], header: list[str], delimiter: str) -> InvalidLine:
    reason = f"the row has {counted(len(row), 'field')} and the header {len(header)}: quote delimiters and line ends"
    return InvalidLine(source, line, reason, row_text(row, delimiter))


def _typed(cell: str, quoted: str) -> str:
    return cell if _NUMBER.fullmatch(cell) and cell != "-0" else _WORDS.get(cell, quoted)


def text_of(value: bytes | None) -> str:
    """Return the text of a value: a string as it is, any other value as JSON, and null or none as an empty text."""
    if value is None or value == b"null":
        return ""
    return msgspec.json.decode(value, type=str) if value.startswith(b'"') else value.decode()


def _text_at(row: str, path: paths.Path) -> str:
    value = paths.value_at(values.parsed(row), path)
    if value is values.MISSING or value is None:
        return ""
    return value if isinstance(value, str) else values.text_of(value)

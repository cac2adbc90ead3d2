"""The rows of an answer to a query."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

from esjournal.cli.rendering.parts.cells import width_of
from esjournal.cli.rendering.parts.dimensions import LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.paint import paint_of_pipe
from esjournal.cli.terminal import on_one_line, screen, write, write_pieces
from esjournal.domain.choices import FileFormat, OutputFormat
from esjournal.domain.state.values import text_of
from esjournal.exceptions import InvalidQuery
from esjournal.interchange import csvtext, sqlvalues

if TYPE_CHECKING:
    from rich.table import Table

    from esjournal.interchange.sqlquery import Answer

NULL = "NULL"
# The second is that of JSON.
_NO_VALUES = (NULL, "null")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
# What Rich puts between columns.
_COLUMN_GAP = 3
# A column is not made narrower than this to fit a terminal.
_LEAST_WIDTH = 8

Row = Sequence[str | None]


class _Rows(Iterator[Row]):
    """The rows of an answer as texts, and the number of those that were taken so far."""

    def __init__(self, answer: Answer, *, as_json: bool = False) -> None:
        self._rows = self._converted(answer, sqlvalues.json_texts if as_json else sqlvalues.texts)
        self.count = 0

    def __next__(self) -> Row:
        row = next(self._rows)
        self.count += 1
        return row

    @staticmethod
    def _converted(answer: Answer, convert: Any) -> Iterator[Row]:
        for batch in answer.batches:
            columns = zip(answer.names, batch.columns, answer.kinds, strict=True)
            yield from zip(*(convert(*column) for column in columns), strict=True)


def print_answer(answer: Answer, output_format: OutputFormat, *, csv_safe: bool) -> int:
    """Print the rows of an answer as they come, and return how many there were.

    Args:
        answer: the answer.
        output_format: the output format.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.

    Raises:
        InvalidQuery: the format is JSON or NDJSON, and two columns have the same name.
    """
    if output_format in (OutputFormat.JSON, OutputFormat.NDJSON):
        rows = _Rows(answer, as_json=True)
        write_pieces(_json(answer, rows, lines=output_format is OutputFormat.NDJSON))
    elif output_format is OutputFormat.CSV:
        rows = _Rows(answer)
        write_pieces(csvtext.table_of(answer.names, rows, safe=csv_safe))
    else:
        rows = _Rows(answer)
        _print_table(answer, rows)
    return rows.count


def write_answer(answer: Answer, stream: IO[bytes], file_format: FileFormat, *, delimiter: str, csv_safe: bool) -> int:
    """Write the rows of an answer to a file, and return how many there were.

    Args:
        answer: the answer.
        stream: takes the bytes.
        file_format: the format to write.
        delimiter: in CSV, what separates the fields.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.

    Raises:
        InvalidQuery: two columns have the same name, or a type has no form in Parquet.
    """
    if file_format is FileFormat.PARQUET:
        from esjournal.interchange import parquet

        _check_names(answer)
        return parquet.write_batches(answer.batches, answer.schema, stream)
    rows = _Rows(answer, as_json=file_format is FileFormat.NDJSON)
    if file_format is FileFormat.CSV:
        texts = csvtext.table_of(answer.names, rows, safe=csv_safe, delimiter=delimiter)
    else:
        texts = _json(answer, rows, lines=True)
    for text in texts:
        stream.write(text.encode())
    return rows.count


def _check_names(answer: Answer) -> None:
    # As in SQL, capitals make no difference.
    names = [name.lower() for name in answer.names]
    for name in names:
        if names.count(name) > 1:
            raise InvalidQuery(f"two columns are called {name}: give one of them another name with AS")


def _json(answer: Answer, rows: _Rows, *, lines: bool) -> Iterator[str]:
    _check_names(answer)
    keys = [f"{text_of(name)}:" for name in answer.names]
    objects = (f"{{{','.join(map(str.__add__, keys, row))}}}" for row in rows)  # type: ignore[arg-type]
    if lines:
        yield from (f"{each}\n" for each in objects)
        return
    first = next(objects, None)
    if first is None:
        yield "[]\n"
        return
    yield from chain(["[\n", first], (f",\n{each}" for each in objects), ["\n]\n"])


def _print_table(answer: Answer, rows: _Rows) -> None:
    names = list(map(on_one_line, answer.names))
    numeric = list(map(sqlvalues.is_number, answer.kinds))
    is_terminal = sys.stdout.isatty()
    # Rich, which a pipe does not need, knows how many columns of a terminal a text takes.
    measure = width_of if is_terminal else len
    widths = list(map(measure, names))
    header = True
    while piece := list(map(_cells, islice(rows, LINES_IN_A_PIECE))):
        columns = list(zip(*piece, strict=True))
        widths = [max(width, *map(measure, column)) for width, column in zip(widths, columns, strict=True)]
        if is_terminal and header:
            numeric = [at_end or _has_numbers(column) for at_end, column in zip(numeric, columns, strict=True)]
        if is_terminal:
            _draw(names, piece, widths, numeric, header=header)
        else:
            if header:
                write(f"{paint_of_pipe()(_line(names, widths, numeric), 'bold')}\n")
            write_pieces(f"{_line(line, widths, numeric)}\n" for line in piece)
        header = False


def _cells(row: Row) -> list[str]:
    return [NULL if text is None else on_one_line(text) for text in row]


def _has_numbers(column: Iterable[str]) -> bool:
    """Say whether all values of a column are numbers, whatever its type: those of JSON and of `->>` are texts."""
    values = [cell for cell in column if cell not in _NO_VALUES]
    return bool(values) and all(map(_NUMBER.fullmatch, values))


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (
        f"{cell:>{width}}" if at_end else f"{cell:<{width}}"
        for cell, width, at_end in zip(cells, widths, numeric, strict=True)
    )
    return "  ".join(padded).rstrip()


def _draw(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    numeric: Sequence[bool],
    *,
    header: bool,
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = screen()
    table: Table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=header, pad_edge=False)
    for name, width, at_end in zip(names, _fitted(widths, console.width), numeric, strict=True):
        table.add_column(Text(name), justify="right" if at_end else "left", width=width, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _fitted(widths: Sequence[int], room: int) -> list[int]:
    """Return the widths of columns that fit on a terminal: the widest are made narrower, and their texts are folded."""
    room -= _COLUMN_GAP * (len(widths) - 1)
    most = max(widths)
    while most > _LEAST_WIDTH and sum(min(width, most) for width in widths) > room:
        most -= 1
    return [min(width, most) for width in widths]

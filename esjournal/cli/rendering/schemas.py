"""The answers for the journal in each schema of a database: a table, or a line of JSON for each."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from esjournal.cli.rendering.jsonanswers import print_json
from esjournal.cli.rendering.log import narrow_line
from esjournal.cli.rendering.parts.cells import padded, width_of
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.dimensions import GAP
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.terminal import on_one_line, screen, write

Answer = TypeVar("Answer")

# What is shown of a time on a narrow terminal.
DAY = len("2026-01-31")


@dataclass(frozen=True)
class Column(Generic[Answer]):
    """A column of the table.

    `heading` is above it, `cell` gives its text for an answer, and `is_number` puts it on the right. On a terminal that
    is too narrow for the table, `most` is how many characters of a text are shown.
    """

    heading: str
    cell: Callable[[Answer], str]
    is_number: bool = False
    most: int | None = None


class SchemasView(ABC, Generic[Answer]):
    """Prints the answers for one schema after the other."""

    @abstractmethod
    def show(self, schema: str, answer: Answer) -> None:
        """Print the answer for a schema."""

    @abstractmethod
    def show_failure(self, schema: str, message: str) -> None:
        """Print why a schema has no answer; stderr says it, too."""

    def end(self) -> None:
        """Print what waited for the last answer."""


class _Table(SchemasView[Answer]):
    """A table with a row for each schema, printed at the end: its columns are as wide as the longest cell.

    Args:
        columns: the columns after that of the schema's name.
    """

    def __init__(self, columns: Sequence[Column[Answer]]) -> None:
        self._columns = columns
        self._rows: list[list[str]] = []

    def show(self, schema: str, answer: Answer) -> None:
        """Keep a row."""
        self._rows.append([on_one_line(text) for text in (schema, *(each.cell(answer) for each in self._columns))])

    def show_failure(self, schema: str, message: str) -> None:
        """Keep a row without values."""
        self._rows.append([on_one_line(schema), *("-" for _ in self._columns)])

    def end(self) -> None:
        """Print the table."""
        rows = [["schema", *(column.heading for column in self._columns)], *self._rows]
        if sys.stdout.isatty():
            self._draw(rows)
            return
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        on_the_right = [False, *(column.is_number for column in self._columns)]
        for row in rows:
            cells = zip(row, widths, on_the_right, strict=True)
            line = "  ".join(f"{cell:>{width}}" if right else f"{cell:<{width}}" for cell, width, right in cells)
            write(line.rstrip() + "\n")

    def _draw(self, rows: Sequence[Sequence[str]]) -> None:
        console = screen()
        paint = Paint(console)
        widths = [max(map(width_of, cells)) for cells in zip(*rows, strict=True)]
        if sum(widths) + len(GAP) * (len(widths) - 1) > console.width:
            most = [None, *(column.most for column in self._columns)]
            short = ([text[:length] for text, length in zip(row, most, strict=True)] for row in rows[1:])
            rows = [rows[0], *short]
            widths = [max(map(width_of, cells)) for cells in zip(*rows, strict=True)]
        on_the_right = [False, *(column.is_number for column in self._columns)]
        for at, row in enumerate(rows):
            cells = zip(row, widths, on_the_right, strict=True)
            texts = [text.rjust(width) if right else padded(text, width) for text, width, right in cells]
            texts[-1] = texts[-1].rstrip()
            sys.stdout.write(narrow_line([(text, "" if at else "bold") for text in texts], console.width, paint) + "\n")


class _Lines(SchemasView[Answer]):
    """A JSON object on a line for each schema, printed as soon as it is known.

    Args:
        fields: returns the members of the object after the name of the schema.
    """

    def __init__(self, fields: Callable[[Any], dict[str, Any]]) -> None:
        self._fields = fields

    def show(self, schema: str, answer: Answer) -> None:
        """Print a line."""
        print_json({"schema": schema, **self._fields(answer)})

    def show_failure(self, schema: str, message: str) -> None:
        """Print a line with the message."""
        print_json({"schema": schema, "error": message})


def schemas_view(
    columns: Sequence[Column[Answer]], *, as_table: bool, fields: Callable[[Any], dict[str, Any]] = asdict
) -> SchemasView[Answer]:
    """Return the view for a format.

    Args:
        columns: the columns of a table after that of the schema's name.
        as_table: whether it is a table, and not lines.
        fields: returns the members of a line after the name of the schema.
    """
    return _Table(columns) if as_table else _Lines(fields)


def time_in_cell(recorded_at: str | None, clock: Clock) -> str:
    """Return a time for a cell of the table: without microseconds if there are none, empty if there is no time.

    Args:
        recorded_at: the time.
        clock: tells it on a terminal.
    """
    if recorded_at is None:
        return ""
    return clock.time(recorded_at) if sys.stdout.isatty() else recorded_at.replace(".000000", "")

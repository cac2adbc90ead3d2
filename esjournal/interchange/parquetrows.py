"""The rows of Parquet, as blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidLine
from esjournal.interchange.bytestreams import ByteStream
from esjournal.interchange.rowblocks import ROWS_AT_A_TIME, RowBlock, json_lines, text_of


@dataclass(frozen=True)
class ValueBlock(RowBlock):
    """Rows of typed values; `columns` has them by their names."""

    columns: Mapping[str, Sequence[Any]]

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return list(self.columns)

    def texts(self, name: str) -> Sequence[str]:
        """Return the values of a column as texts."""
        return [text_of(value.encode()) for value in self.json(name)]

    def json(self, name: str) -> Sequence[str]:
        """Return the values of a column as JSON: times in ISO 8601, bytes in Base64, NaN as null."""
        return json_lines(self.columns[name])

    def part(self, start: int, end: int) -> Self:
        """Return some of the rows."""
        columns = {name: column[start:end] for name, column in self.columns.items()}
        return replace(self, lines=self.lines[start:end], bad=(), columns=columns)


def read_parquet(stream: ByteStream) -> Iterator[ValueBlock]:
    """Yield the rows of a Parquet file; the line of a row is its number.

    Args:
        stream: the file.

    Raises:
        InvalidLine: it is not Parquet, or has values that cannot be read.
    """
    first = 1
    try:
        file = pq.ParquetFile(stream.seekable())
        names = file.schema_arrow.names
        if (twice := next((name for at, name in enumerate(names) if name in names[:at]), None)) is not None:
            raise InvalidLine(stream.name, 1, f"the file has the column {shortened(twice)} twice: rename one of them")
        # There is a block even if there are no rows, because it has the names.
        yield ValueBlock(stream.name, (), (), dict.fromkeys(names, ()))
        # Another thread would take the core of the process that writes.
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
            lines = range(first, first + batch.num_rows)
            columns = {name: _values(column) for name, column in zip(names, batch.columns, strict=True)}
            yield ValueBlock(stream.name, lines, (), columns)
            first += batch.num_rows
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        raise InvalidLine(stream.name, first, f"the file cannot be read as Parquet: {_on_one_line(error)}") from None


def _values(column: Any) -> Sequence[Any]:
    # Python's times have microseconds; the cast fails if there is more.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz))
    values: list[Any] = column.to_pylist()
    return values


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())

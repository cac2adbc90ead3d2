"""Files of ordinary rows: CSV, NDJSON and Parquet, read one after another as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import Protocol

from esjournal.domain.choices import FileFormat
from esjournal.exceptions import InvalidData, InvalidLine, UnusableFile
from esjournal.interchange.batches import Batch
from esjournal.interchange.bytestreams import LINE_LIMIT, ByteStream, name_of
from esjournal.interchange.inputfiles import Files, is_file
from esjournal.interchange.rowblocks import RowBlock, read_csv, read_ndjson
from esjournal.interchange.roworder import RowOrder
from esjournal.interchange.textencodings import UTF_8


class EventsOfRows(Protocol):
    """What makes events of rows."""

    def check(self, block: RowBlock) -> None:
        """Refuse the rows of a file, of which these are the first, with InvalidData."""

    def batches(self, blocks: Iterable[RowBlock]) -> Iterator[Batch]:
        """Yield the events of rows, and the bad rows."""


class RowFiles(Files):
    """Files of rows, in the order in which they are named; the files of a pattern are sorted.

    Args:
        paths: paths, `-` for standard input, and patterns such as `2026-*.csv`.
        events: makes the events of the rows.
        file_format: their format; by default each file's name decides.
        line_limit: the largest number of bytes of a line.
        delimiter: what separates the fields of CSV; by default each file's first line or name decides.
        encoding: the encoding of their text, as `checked_encoding` returns it.
        typed: whether values of CSV that are written as numbers, `true`, `false` or nothing are these.
        order: the order that the rows of all files have together; by default that in which they come.

    Raises:
        UnusableFile: a file cannot be read, or its format has no delimiter, or a pattern matches no file.
    """

    def __init__(
        self,
        paths: Sequence[str],
        events: EventsOfRows,
        file_format: FileFormat | None = None,
        *,
        line_limit: int = LINE_LIMIT,
        delimiter: str | None = None,
        encoding: str = UTF_8,
        typed: bool = False,
        order: RowOrder | None = None,
    ) -> None:
        super().__init__(paths, file_format, line_limit=line_limit, delimiter=delimiter, encoding=encoding)
        self._events = events
        self._typed = typed
        self._order = order

    def batches(self) -> Iterator[Batch]:
        """Yield the events and bad rows of all files.

        Raises:
            InvalidLine: a file lacks a column, or nothing after this line can be read.
        """
        self.check_ahead()
        blocks = self._blocks()
        return self._events.batches(blocks if self._order is None else self._order.of(blocks))

    def check_ahead(self) -> None:
        """Check that every file has the columns; pipes are left out.

        Raises:
            InvalidLine: a file lacks a column, or its first rows cannot be read.
        """
        for path in filter(is_file, self.paths):
            with self._opened(path) as opened:
                for block in islice(self._rows(opened, path), 1):
                    self._check(block)

    def _blocks(self) -> Iterator[RowBlock]:
        for path in self.paths:
            with self._reading(path) as stream:
                for number, block in enumerate(self._rows(stream, path)):
                    if number == 0 and not is_file(path):
                        self._check(block)
                    yield block

    def _rows(self, stream: ByteStream, path: str) -> Iterator[RowBlock]:
        if self._format_of(path) is FileFormat.CSV:
            return read_csv(stream, self._delimiter, typed=self._typed)
        if self._format_of(path) is FileFormat.PARQUET:
            from esjournal.interchange.parquetrows import read_parquet

            return read_parquet(stream)
        return read_ndjson(stream)

    def _check_format(self, path: str) -> None:
        if self._format_of(path) is not FileFormat.PARQUET:
            super()._check_format(path)
        elif self._delimiter is not None or self._encoding != UTF_8:
            raise UnusableFile(f"{name_of(path)} is Parquet, which has no delimiter and no encoding: leave them out")
        elif find_spec("pyarrow") is None:
            raise UnusableFile(f"{name_of(path)} is Parquet, which needs pyarrow: pip install 'esjournal[parquet]'")

    def _check(self, block: RowBlock) -> None:
        try:
            if self._order is not None:
                self._order.check(block)
            self._events.check(block)
        except InvalidData as error:
            raise InvalidLine(block.source, 1, str(error)) from None

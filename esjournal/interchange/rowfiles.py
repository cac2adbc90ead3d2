"""Files of ordinary rows, read one after another as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from esjournal.domain.choices import FileFormat
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch
from esjournal.interchange.bytestreams import LINE_LIMIT, ByteStream
from esjournal.interchange.inputfiles import Files, is_file
from esjournal.interchange.rowblocks import RowBlock, read_csv, read_ndjson
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
    ) -> None:
        super().__init__(paths, file_format, line_limit=line_limit, delimiter=delimiter, encoding=encoding)
        self._events = events
        self._typed = typed

    def batches(self) -> Iterator[Batch]:
        """Yield the events and bad rows of all files.

        Raises:
            InvalidLine: a file lacks a column, or nothing after this line can be read.
        """
        self.check_ahead()
        return self._events.batches(self._blocks())

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
        return read_ndjson(stream)

    def _check(self, block: RowBlock) -> None:
        try:
            self._events.check(block)
        except InvalidData as error:
            raise InvalidLine(block.source, 1, str(error)) from None

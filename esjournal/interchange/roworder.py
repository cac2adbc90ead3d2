"""Rows in the order of a column, sorted on disk."""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from heapq import merge
from itertools import count, groupby, islice
from operator import itemgetter
from typing import IO, Any

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine, UnusableFile
from esjournal.interchange.openstreams import reason_of
from esjournal.interchange.rowblocks import ROWS_AT_A_TIME, RowBlock, block_of_objects

# The most of the rows that are sorted in memory at a time, in characters.
RUN_CHARACTERS = 16 * 1024 * 1024
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)

# What a row is sorted by, its number, its file, its line, and its text as JSON.
_Entry = tuple[Any, int, str, int, str]


class RowOrder:
    """Sorts rows by a column: numbers by their values, and after them all else as text; equal ones keep their order.

    Args:
        name: the column.
        canonical: returns the values in a form that sorts as text, such as times; values that it refuses stay.
    """

    def __init__(self, name: str, canonical: Callable[[Sequence[str]], Sequence[str]] | None = None) -> None:
        self.name = name
        self._canonical = canonical

    def check(self, block: RowBlock) -> None:
        """Refuse the rows of a file if they lack the column.

        Args:
            block: the first rows of the file.

        Raises:
            InvalidData: they do.
        """
        if block.names and self.name not in block.names:
            raise InvalidData(
                f"there is no column {shortened(self.name)} to order by: the columns are {', '.join(block.names)}"
            )

    def of(self, blocks: Iterable[RowBlock]) -> Iterator[RowBlock]:
        """Yield rows in order, after all that are bad.

        Args:
            blocks: the rows.

        Raises:
            UnusableFile: the temporary files cannot be written.
        """
        numbers = count()
        run: list[_Entry] = []
        size = 0
        with ExitStack() as files:
            runs: list[IO[bytes]] = []
            for block in blocks:
                entries, bad = self._entries(block, numbers)
                if bad:
                    yield block_of_objects(block.source, (), (), bad)
                run += entries
                size += sum(len(entry[-1]) for entry in entries)
                if size > RUN_CHARACTERS:
                    runs.append(files.enter_context(tempfile.TemporaryFile()))
                    _write(sorted(run), runs[-1])
                    run, size = [], 0
            yield from _blocks(merge(*map(_read, runs), sorted(run)))

    def _entries(self, block: RowBlock, numbers: Iterator[int]) -> tuple[list[_Entry], list[InvalidLine]]:
        bad = list(block.bad)
        entries = []
        values = block.texts_at(block.path(self.name))
        for value, line, row in zip(self._sortable(values), block.lines, block.objects(), strict=True):
            if value:
                entries.append((_key(value), next(numbers), block.source, line, row))
            else:
                reason = f"the column {shortened(self.name)} is empty, and the rows are ordered by it"
                bad.append(InvalidLine(block.source, line, reason, row))
        return entries, bad

    def _sortable(self, values: Sequence[str]) -> Sequence[str]:
        if self._canonical is None:
            return values
        try:
            return self._canonical(values)
        except InvalidData:
            return [_canonical_if_possible(self._canonical, value) for value in values]


def _canonical_if_possible(canonical: Callable[[Sequence[str]], Sequence[str]], value: str) -> str:
    try:
        return canonical([value])[0]
    except InvalidData:
        return value


def _key(value: str) -> tuple[int, int | Decimal | str]:
    if not _NUMBER.fullmatch(value):
        return 1, value
    return 0, Decimal(value)


def _write(entries: Sequence[_Entry], file: IO[bytes]) -> None:
    remaining = iter(entries)
    try:
        while some := list(islice(remaining, ROWS_AT_A_TIME)):
            pickle.dump(some, file)
        file.seek(0)
    except OSError as error:
        raise UnusableFile(f"the rows cannot be sorted in {tempfile.gettempdir()}: {reason_of(error)}") from None


def _read(file: IO[bytes]) -> Iterator[_Entry]:
    while True:
        try:
            yield from pickle.load(file)
        except EOFError:
            return


def _blocks(entries: Iterable[_Entry]) -> Iterator[RowBlock]:
    for source, of_file in groupby(entries, itemgetter(2)):
        while some := list(islice(of_file, ROWS_AT_A_TIME)):
            yield block_of_objects(source, [entry[3] for entry in some], [entry[4] for entry in some])

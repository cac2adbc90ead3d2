"""Files and pipes that are read, in blocks and lines within bounds, decompressed by their names."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from esjournal.domain.text import counted
from esjournal.exceptions import InvalidLine, UnusableFile
from esjournal.interchange import decompression
from esjournal.interchange.formats import STANDARD_STREAM, compression_by_name
from esjournal.interchange.inputkinds import unreadable

DEFAULT_LINE_LIMIT = 16 * 1024 * 1024
# Where a file is looked into there is no option to raise the limit: an event that was exported fits, and a line without
# an end, of which some kilobytes that are compressed can be a terabyte, takes no more memory than this a few times.
READING_LINE_LIMIT = 256 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_TEXT = re.compile(rb"\S[^\n]*+")


class Block(NamedTuple):
    r"""Whole lines that stand behind one another in a file.

    `first` is the number of the first one, `lines` is how many they are, and `data` is their bytes, each line with its
    `\n`, but for the last one of a file that has none.
    """

    first: int
    lines: int
    data: bytes

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield the numbers and the lines, without their `\n`."""
        return enumerate(self.data.removesuffix(b"\n").split(b"\n"), self.first)

    def numbered_texts(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield the numbers and the lines that are not blank, without their `\r\n` or `\n`."""
        number, at = self.first, 0
        for found in _TEXT.finditer(self.data):
            start = self.data.rfind(b"\n", at, found.start()) + 1 or at
            number += self.data.count(b"\n", at, start)
            at = start
            yield number, self.data[start : found.end()].removesuffix(b"\r")


class Source:
    """A file, or standard input, that is read from its beginning to its end.

    `name` is how messages call it, `size` is its length in bytes on disk, None for a pipe, `line_limit` is how many
    bytes a line may have.

    Args:
        path: a file's path, or `-` for standard input; decompressed if it begins as gzip or zstd does.
        line_limit: how many bytes a line may have.
        limit: how many bytes all of it may have, decompressed, where it has to fit into memory.

    Raises:
        UnusableFile: the file cannot be opened.
    """

    def __init__(self, path: str, *, line_limit: int = DEFAULT_LINE_LIMIT, limit: int | None = None) -> None:
        self.line_limit = line_limit
        self._limit = limit
        self._path = path
        self.name = "standard input" if path == STANDARD_STREAM else path
        self._raw: BinaryIO = sys.stdin.buffer if path == STANDARD_STREAM else _opened(path)
        status = os.fstat(self._raw.fileno()) if path != STANDARD_STREAM else None
        self.size = status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None
        self._pieces: Iterator[bytes] = self._data()
        self._line = 1

    def bytes_read(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        return self._raw.tell() if self.size is not None else 0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield line numbers, from 1, and lines without their `\n`, which alone ends a line; a BOM is left out.

        Raises:
            InvalidLine: a line is longer than the limit, or the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read.
        """
        for block in self.blocks():
            yield from block.numbered_lines()

    def blocks(self) -> Iterator[Block]:
        r"""Yield the same lines in blocks of many.

        Raises:
            InvalidLine: a line is longer than the limit, or the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read.
        """
        self._line = 1
        # Grows by as much again each time it is full: adding to bytes would copy all of a long line for each piece.
        tail = bytearray()
        for data in self.pieces():
            if end := data.rfind(b"\n") + 1:
                whole = bytes(tail) + data[:end] if tail else data[:end]
                first = whole.removeprefix(_BOM) if self._line == 1 else whole
                block = Block(self._line, whole.count(b"\n"), first)
                yield from self._within_limit(block)
                self._line += block.lines
                tail = bytearray(data[end:])
            else:
                tail += data
            if len(tail) > self.line_limit:
                break
        if last := bytes(tail).removeprefix(_BOM) if self._line == 1 else bytes(tail):
            yield from self._within_limit(Block(self._line, 1, last))

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, decompressed, in pieces of any length.

        Raises:
            InvalidLine: the compressed data is corrupt or cut off, or it is more than the limit.
            UnusableFile: the file cannot be read, or is neither NDJSON nor CSV nor a compression of these.
        """
        size = 0
        try:
            for piece in self._pieces:
                size += len(piece)
                if self._limit is not None and size > self._limit:
                    reason = f"there are more than {counted(self._limit, 'byte')}: `esjournal import` takes any number"
                    raise InvalidLine(self.name, self._line, reason)
                yield piece
        except decompression.CORRUPT as error:
            raise InvalidLine(self.name, self._line, decompression.reason_of(error, self._path)) from None
        except OSError as error:
            why = "it is closed" if error.errno == errno.EBADF else error.strerror or error
            raise UnusableFile(f"{self.name} cannot be read: {why}") from None

    def beginning(self) -> bytes:
        """Return the first bytes, decompressed, some thousands if there are as many; they are read again after.

        Raises:
            InvalidLine: the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read, or is neither NDJSON nor CSV nor a compression of these.
        """
        first, self._pieces = decompression.beginning(self.pieces())
        return first

    def advice_for_long_lines(self) -> str:
        """Return what to do where a line is longer than the limit."""
        if self.line_limit < READING_LINE_LIMIT:
            return "raise the limit with --max-line-bytes"
        return "import the file into a journal, with --max-line-bytes, and look into that"

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._path != STANDARD_STREAM:
            self._raw.close()

    def _within_limit(self, block: Block) -> Iterator[Block]:
        if len(block.data) <= self.line_limit:
            yield block
            return
        for number, line in block.numbered_lines():
            if len(line) > self.line_limit:
                reason = f"the line is longer than {counted(self.line_limit, 'byte')}: {self.advice_for_long_lines()}"
                raise InvalidLine(self.name, number, reason)
            yield Block(number, 1, line + b"\n")

    def _data(self) -> Iterator[bytes]:
        if self.size == 0 and compression_by_name(self._path) is not None:
            # Even nothing compresses to something; an empty file is a download that never began.
            raise EOFError("the file is empty")
        read = iter(lambda: self._raw.read(decompression.BLOCK_BYTES), b"")
        pieces = decompression.decompressed(read, self.name)
        first, pieces = decompression.beginning(pieces)
        if (reason := unreadable(first, self._path, self.name)) is not None:
            raise UnusableFile(reason)
        yield from pieces


@contextmanager
def source(path: str, *, line_limit: int = DEFAULT_LINE_LIMIT, limit: int | None = None) -> Iterator[Source]:
    """Open a `Source`, and close it after."""
    opened = Source(path, line_limit=line_limit, limit=limit)
    try:
        yield opened
    finally:
        opened.close()


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be read: {reason}") from None

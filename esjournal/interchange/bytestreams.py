"""Reads files and pipes in blocks and lines of limited size, decompressed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from esjournal.domain.text import counted
from esjournal.exceptions import InvalidLine, UnusableFile
from esjournal.interchange import decompression
from esjournal.interchange.formats import STANDARD_STREAM, compression_by_name
from esjournal.interchange.inputkinds import compression_of, unreadable
from esjournal.interchange.openstreams import open_to_read, reason_of
from esjournal.interchange.textencodings import UTF_8, in_utf_8

# The line of every event that `append` takes fits: its state has up to 64 MiB, and twice as much with escapes. A line
# without an end, which can be a terabyte if decompressed, takes little more memory than this.
LINE_LIMIT = 160 * 1024 * 1024
ADVICE_FOR_LONG_LINES = "`esjournal import --max-line-bytes N` takes longer ones"
# This much of a text tells whether it is events at all.
_BEGINNING_BYTES = 64 * 1024

_BOM = b"\xef\xbb\xbf"
_TEXT = re.compile(rb"\S[^\n]*+")


class Block(NamedTuple):
    r"""Consecutive whole lines of a file.

    `first` is the number of the first line, `lines` is the number of lines, and `data` are their bytes. Each line has
    its `\n`, except the last one of a file if it has none.
    """

    first: int
    lines: int
    data: bytes

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield line numbers and lines without their `\n`."""
        return enumerate(self.data.removesuffix(b"\n").split(b"\n"), self.first)

    def numbered_texts(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield line numbers and lines without their `\r\n` or `\n`; blank lines are left out."""
        number, at = self.first, 0
        for found in _TEXT.finditer(self.data):
            start = self.data.rfind(b"\n", at, found.start()) + 1 or at
            number += self.data.count(b"\n", at, start)
            at = start
            yield number, self.data[start : found.end()].removesuffix(b"\r")


class ByteStream:
    """The bytes of a file or of standard input, read from beginning to end.

    `name` is its name in messages, `size` its length in bytes on disk, None for a pipe, and `line_limit` the largest
    number of bytes of a line.

    Args:
        path: a file's path, or `-` for standard input; it is decompressed if it begins like gzip or zstd.
        line_limit: the largest number of bytes of a line.
        limit: the largest number of bytes in total, decompressed, if everything has to fit into memory.
        encoding: the encoding of the text, as `checked_encoding` returns it; what is read is UTF-8.

    Raises:
        UnusableFile: the file cannot be opened.
    """

    def __init__(
        self, path: str, *, line_limit: int = LINE_LIMIT, limit: int | None = None, encoding: str = UTF_8
    ) -> None:
        self.line_limit = line_limit
        self._encoding = encoding
        self._limit = limit
        self._path = path
        self.name = name_of(path)
        self._raw: BinaryIO = sys.stdin.buffer if path == STANDARD_STREAM else _opened(path)
        status = os.fstat(self._raw.fileno()) if path != STANDARD_STREAM else None
        self.size = status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None
        self._pieces: Iterator[bytes] = self._data()
        self._copy: BinaryIO | None = None
        self._line = 1

    def bytes_read(self) -> int:
        """Return the number of bytes read of the file on disk."""
        return self._raw.tell() if self.size is not None else 0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        r"""Yield line numbers from 1 and lines without their `\n`; only `\n` ends a line, and a BOM is left out.

        Raises:
            InvalidLine: a line is longer than the limit, or the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read.
        """
        for block in self.blocks():
            yield from block.numbered_lines()

    def blocks(self) -> Iterator[Block]:
        r"""Yield the same lines in blocks.

        Raises:
            InvalidLine: a line is longer than the limit, or the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read.
        """
        self._line = 1
        # A bytearray, because adding to bytes would copy all of a long line for each piece.
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
                raise self._too_long(self._line)
        if last := bytes(tail).removeprefix(_BOM) if self._line == 1 else bytes(tail):
            yield from self._within_limit(Block(self._line, 1, last))

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, decompressed and in UTF-8, in pieces of any length.

        Raises:
            InvalidLine: the compressed data is corrupt or cut off, bytes are not text in a given encoding, or there are
                more bytes than the limit.
            UnusableFile: the file cannot be read, or is neither NDJSON nor CSV, compressed or not.
        """
        size = 0
        try:
            for piece in self._pieces:
                size += len(piece)
                if self._limit is not None and size > self._limit:
                    reason = (
                        f"there are more than {counted(self._limit, 'byte')}: `esjournal import` accepts any number"
                    )
                    raise InvalidLine(self.name, self._line, reason)
                yield piece
        except decompression.CORRUPT as error:
            raise InvalidLine(self.name, self._line, decompression.reason_of(error, self._path)) from None
        except OSError as error:
            raise UnusableFile(f"{self.name} cannot be read: {reason_of(error)}") from None

    def beginning(self) -> bytes:
        """Return the first bytes, decompressed: 64 KiB or more if there are as many; reading begins with them again.

        Raises:
            InvalidLine: the compressed data is corrupt or cut off.
            UnusableFile: the file cannot be read, or is neither NDJSON nor CSV, compressed or not.
        """
        first, self._pieces = decompression.beginning(self.pieces(), _BEGINNING_BYTES)
        return first

    def seekable(self) -> BinaryIO:
        """Return the bytes as they are, for a format that is not read from beginning to end; a pipe is copied first.

        Raises:
            UnusableFile: the file cannot be read.
        """
        if self.size is not None:
            return self._raw
        self._copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
        try:
            shutil.copyfileobj(self._raw, self._copy)
            self._copy.seek(0)
        except OSError as error:
            raise UnusableFile(f"{self.name} cannot be read: {reason_of(error)}") from None
        return self._copy

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._copy is not None:
            self._copy.close()
        if self._path != STANDARD_STREAM:
            self._raw.close()

    def _within_limit(self, block: Block) -> Iterator[Block]:
        if len(block.data) <= self.line_limit:
            yield block
            return
        for number, line in block.numbered_lines():
            if len(line) > self.line_limit:
                raise self._too_long(number)
            yield Block(number, 1, line + b"\n")

    def _too_long(self, line: int) -> InvalidLine:
        reason = f"the line is longer than {counted(self.line_limit, 'byte')}: {ADVICE_FOR_LONG_LINES}"
        return InvalidLine(self.name, line, reason)

    def _data(self) -> Iterator[bytes]:
        if self.size == 0 and compression_by_name(self._path) is not None:
            # Even compressed nothing has some bytes; an empty file is a download that never began.
            raise EOFError("the file is empty")
        read: Iterator[bytes] = iter(lambda: self._raw.read(decompression.BLOCK_BYTES), b"")
        packed, read = decompression.beginning(read)
        first, pieces = decompression.beginning(decompression.decompressed(read, self._path, self.name))
        reason = unreadable(first, self._path, self.name, compression_of(packed), self._encoding)
        if reason is not None:
            raise UnusableFile(reason)
        yield from pieces if self._encoding == UTF_8 else in_utf_8(pieces, self._encoding, self.name)


@contextmanager
def byte_stream(
    path: str, *, line_limit: int = LINE_LIMIT, limit: int | None = None, encoding: str = UTF_8
) -> Iterator[ByteStream]:
    """Open a `ByteStream`, and close it afterwards."""
    opened = ByteStream(path, line_limit=line_limit, limit=limit, encoding=encoding)
    try:
        yield opened
    finally:
        opened.close()


def name_of(path: str) -> str:
    """Return the name of a file, or of standard input, in messages."""
    return "standard input" if path == STANDARD_STREAM else path


def _opened(path: str) -> BinaryIO:
    try:
        return open_to_read(path)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be read: {reason}") from None

"""Files and pipes that are read, in blocks and lines within bounds, decompressed by their names."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import zstandard

from esjournal.exceptions import InvalidLine, UnusableFile

STANDARD_STREAM = "-"
DEFAULT_LINE_LIMIT = 16 * 1024 * 1024

_BLOCK_BYTES = 256 * 1024
# 4 bytes of zstd can stand for 128 KiB, so that only small pieces keep what comes out of one within memory.
_ZSTD_PIECE_BYTES = 1024
_BOM = b"\xef\xbb\xbf"


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


class Source:
    """A file, or standard input, that is read from its beginning to its end.

    `name` is how messages call it, `size` is its length in bytes on disk, None for a pipe, `line_limit` is how many
    bytes a line may have.

    Args:
        path: a file's path, decompressed if it ends in .gz or .zst; `-` is standard input.
        line_limit: how many bytes a line may have.

    Raises:
        UnusableFile: the file cannot be opened.
    """

    def __init__(self, path: str, *, line_limit: int = DEFAULT_LINE_LIMIT) -> None:
        self.line_limit = line_limit
        self._path = path
        self.name = "standard input" if path == STANDARD_STREAM else path
        self._raw: BinaryIO = sys.stdin.buffer if path == STANDARD_STREAM else _opened(path)
        status = os.fstat(self._raw.fileno()) if path != STANDARD_STREAM else None
        self.size = status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None

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
        number = 1
        tail = b""
        try:
            for data in self._data():
                if end := data.rfind(b"\n") + 1:
                    whole = tail + data[:end]
                    block = Block(number, whole.count(b"\n"), whole.removeprefix(_BOM) if number == 1 else whole)
                    yield from self._within_limit(block)
                    number += block.lines
                    tail = data[end:]
                else:
                    tail += data
                if len(tail) > self.line_limit:
                    break
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            reason = f"the compressed data is corrupt or cut off ({error}): get the file again"
            raise InvalidLine(self.name, number, reason) from None
        except OSError as error:
            why = "it is closed" if error.errno == errno.EBADF else error.strerror or error
            raise UnusableFile(f"{self.name} cannot be read: {why}") from None
        if tail := tail.removeprefix(_BOM) if number == 1 else tail:
            yield from self._within_limit(Block(number, 1, tail))

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
                reason = f"the line is longer than {self.line_limit} bytes: raise the limit with --max-line-bytes"
                raise InvalidLine(self.name, number, reason)
            yield Block(number, 1, line + b"\n")

    def _data(self) -> Iterator[bytes]:
        if not self._path.endswith((".gz", ".zst")):
            return _read_blocks(self._raw)
        if self.size == 0:
            # Even nothing compresses to something; an empty file is a download that never began.
            raise EOFError("the file is empty")
        if self._path.endswith(".gz"):
            return _read_blocks(cast(BinaryIO, gzip.GzipFile(fileobj=self._raw, mode="rb")))
        return _zstd_blocks(self._raw)


@contextmanager
def source(path: str, *, line_limit: int = DEFAULT_LINE_LIMIT) -> Iterator[Source]:
    """Open a `Source`, and close it after."""
    opened = Source(path, line_limit=line_limit)
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


def _read_blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _zstd_blocks(stream: BinaryIO) -> Iterator[bytes]:
    # zstandard's own reader takes a file that is cut off for one that ends, so each frame's end is looked for here.
    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    begun = False
    for block in _read_blocks(stream):
        for start in range(0, len(block), _ZSTD_PIECE_BYTES):
            piece = block[start : start + _ZSTD_PIECE_BYTES]
            while piece:
                begun = True
                data = frame.decompress(piece)
                for at in range(0, len(data), _BLOCK_BYTES):
                    yield data[at : at + _BLOCK_BYTES]
                piece = b""
                if frame.eof:
                    piece = frame.unused_data
                    frame = decompressor.decompressobj()
                    begun = False
    if begun:
        raise EOFError("the last frame has no end")

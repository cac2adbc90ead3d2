"""Decompresses bytes in small pieces, so that memory is limited."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import BinaryIO, cast

import zstandard

from esjournal.advice import quoted
from esjournal.domain.text import counted, number
from esjournal.exceptions import UnusableFile
from esjournal.interchange.inputkinds import Compression, compression_of

BLOCK_BYTES = 256 * 1024
CORRUPT = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)

# The largest window that zstd accepts by default.
_WINDOW_BYTES = 2**27
# 4 bytes of zstd can become 128 KiB, so only small pieces keep the output within memory.
_ZSTD_PIECE_BYTES = 1024
# A file may have been compressed twice; one with many layers was made to do harm.
_MOST_LAYERS = 3
_BEGINNING_BYTES = 4096


def decompressed(blocks: Iterator[bytes], path: str, name: str) -> Iterator[bytes]:
    """Yield blocks, decompressed as often as they were compressed with gzip or zstd.

    Args:
        blocks: the bytes of an input.
        path: the file, or `-` for standard input.
        name: its name in messages.

    Raises:
        EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError: the data is corrupt or cut off.
        UnusableFile: zstd needs a dictionary, or more memory than is allowed.
    """
    for layer in count():
        first, blocks = beginning(blocks)
        compression = compression_of(first)
        if compression is None:
            break
        if layer == _MOST_LAYERS:
            raise UnusableFile(f"{name} was compressed more than {_MOST_LAYERS} times: decompress it first")
        if compression is Compression.GZIP:
            blocks = _gzip_blocks(blocks)
        else:
            _check_frame(first, path, name)
            blocks = _zstd_blocks(blocks)
    return blocks


def beginning(blocks: Iterator[bytes], least: int = _BEGINNING_BYTES) -> tuple[bytes, Iterator[bytes]]:
    """Return enough of the first bytes to recognise an input, and all blocks, including these.

    Args:
        blocks: the bytes of an input.
        least: the number of bytes that is enough.
    """
    first: list[bytes] = []
    size = 0
    for block in blocks:
        first.append(block)
        size += len(block)
        if size >= least:
            break
    return b"".join(first), chain(first, blocks)


def reason_of(error: Exception, path: str) -> str:
    """Return a message for data that cannot be decompressed.

    Args:
        error: one of `CORRUPT`.
        path: the file.
    """
    if "memory" in str(error):
        reason = f"zstd needs more than {number(_WINDOW_BYTES)} bytes of memory from here on"
        return f"{reason}: `zstd -dc --long=31 {quoted(path)} | esjournal import -` reads it"
    return f"the compressed data is corrupt or cut off ({error}): get the file again"


class _Reader:
    """Blocks as a file, which is read from beginning to end."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int) -> bytes:
        self._rest = self._rest or next(self._blocks, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _check_frame(first: bytes, path: str, name: str) -> None:
    try:
        frame = zstandard.get_frame_parameters(first)
    except zstandard.ZstdError:
        return
    command = None
    if frame.window_size > _WINDOW_BYTES:
        needs = f"{counted(frame.window_size, 'byte')} of memory, but {number(_WINDOW_BYTES)} are allowed"
        command = "zstd -dc --long=31"
    elif frame.dict_id:
        needs = f"the dictionary {frame.dict_id}"
        command = "zstd -dc -D DICTIONARY"
    if command is not None:
        raise UnusableFile(f"{name} needs {needs}: `{command} {quoted(path)} | esjournal import -` reads it")


def _gzip_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    # GzipFile only calls read().
    stream = gzip.GzipFile(fileobj=cast(BinaryIO, _Reader(blocks)), mode="rb")
    while data := stream.read(BLOCK_BYTES):
        yield data


def _zstd_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    # zstandard's own reader does not notice that a file is cut off, so the end of each frame is checked here.
    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
    frame = decompressor.decompressobj()
    begun = False
    for block in blocks:
        for start in range(0, len(block), _ZSTD_PIECE_BYTES):
            piece = block[start : start + _ZSTD_PIECE_BYTES]
            while piece:
                begun = True
                data = frame.decompress(piece)
                for at in range(0, len(data), BLOCK_BYTES):
                    yield data[at : at + BLOCK_BYTES]
                piece = b""
                if frame.eof:
                    piece = frame.unused_data
                    frame = decompressor.decompressobj()
                    begun = False
    if begun:
        raise EOFError("the last frame has no end")

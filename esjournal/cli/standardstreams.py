"""The standard streams, as all the rest expects them: open, buffered, and with messages that never fail."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Messages(io.FileIO):
    """Standard error: what cannot be printed there is lost, and changes nothing of what the program does."""

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        try:
            # A terminal or pipe that must not be waited for, and takes nothing now, answers None.
            return super().write(data) or size
        except OSError:
            return size


def open_closed_streams() -> None:
    """Open those that whoever started us has closed, so that they can neither be read nor written.

    Python has None for them, and a file of ours could take their number. Opened the wrong way round, the null device
    answers what a closed stream answers, and is no empty one.
    """
    sys.stdin = sys.stdin or _useless("r", os.O_WRONLY)
    sys.stdout = sys.stdout or _useless("w", os.O_RDONLY)
    sys.stderr = sys.stderr or _useless("w", os.O_RDONLY)


def buffer_stdout() -> None:
    """Buffer stdout where PYTHONUNBUFFERED says not to: a write that a signal interrupts there leaves out the rest."""
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
        )


def lose_messages_that_cannot_be_printed() -> None:
    """Make stderr one that never fails: a disk that is full there must not undo what goes elsewhere."""
    stream = io.BufferedWriter(_Messages(sys.stderr.fileno(), "w", closefd=False))
    sys.stderr = io.TextIOWrapper(stream, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def _useless(mode: str, flags: int) -> TextIO:
    raw = io.FileIO(os.open(os.devnull, flags), mode)
    if mode == "r":
        return io.TextIOWrapper(io.BufferedReader(raw))
    return io.TextIOWrapper(io.BufferedWriter(raw), errors="backslashreplace")

"""The standard streams as the rest of the program expects them: open, buffered, and with messages that never fail."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# With these, the user has told Python what to write.
_SAY_THE_ENCODING = ("PYTHONUTF8", "PYTHONIOENCODING")


class _Messages(io.FileIO):
    """Standard error: what cannot be printed there is lost, without any effect on the rest of the program."""

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        try:
            # A non-blocking terminal or pipe that is full returns None.
            return super().write(data) or size
        except OSError:
            return size


def open_closed_streams() -> None:
    """Open the streams that the parent process has closed, so that they can be neither read nor written.

    Python sets them to None, and a file opened later could get their descriptor. The null device opened in the wrong
    direction fails as a closed stream does, instead of being an empty one.
    """
    sys.stdin = sys.stdin or _useless("r", os.O_WRONLY)
    sys.stdout = sys.stdout or _useless("w", os.O_RDONLY)
    sys.stderr = sys.stderr or _useless("w", os.O_RDONLY)


def keep_to_ascii_in_the_locale_c() -> None:
    """Write ASCII to a terminal if LC_ALL is C or POSIX: Python writes UTF-8 there, whose bytes pagers show as codes.

    A locale that is not installed is not C: it was set on another machine, whose terminal takes UTF-8.
    """
    if os.environ.get("LC_ALL") not in ("C", "POSIX") or any(map(os.environ.get, _SAY_THE_ENCODING)):
        return
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.isatty():
            stream.reconfigure(encoding="ascii", errors="backslashreplace")


def buffer_stdout() -> None:
    """Buffer stdout even with PYTHONUNBUFFERED: an unbuffered write interrupted by a signal drops the rest."""
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
        )


def lose_messages_that_cannot_be_printed() -> None:
    """Replace stderr by a stream that never fails: a full disk there must not undo what is written elsewhere."""
    stream = io.BufferedWriter(_Messages(sys.stderr.fileno(), "w", closefd=False))
    sys.stderr = io.TextIOWrapper(stream, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def _useless(mode: str, flags: int) -> TextIO:
    raw = io.FileIO(os.open(os.devnull, flags), mode)
    if mode == "r":
        return io.TextIOWrapper(io.BufferedReader(raw))
    return io.TextIOWrapper(io.BufferedWriter(raw), errors="backslashreplace")

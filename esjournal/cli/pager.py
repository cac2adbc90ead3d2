"""The user's pager, for output longer than a screen."""

from __future__ import annotations

import io
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from esjournal.cli.signals import interrupted_once, note_left_pager
from esjournal.cli.terminal import IN_ASCII, is_dumb

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# As in git: less quits if the output fits a screen, shows colours, and does not clear the screen.
_LESS = "FRX"
# Whatever LESS says: colours, and whole lines that are chopped at the edge of the screen, so that the arrow keys show
# the rest and a search finds it. The options in PAGER come after these, and win.
_SHOWN = ("-R", "-S")
# The first version of less that keeps the header in sight.
_KNOWS_HEADERS = 600


@dataclass
class Paging:
    """How output is paged.

    `most_lines` is how many lines fit on the screen without a pager. `chops` says whether lines may be longer than the
    screen is wide, because the pager chops them, and `has_begun` whether the pager has the terminal.
    """

    most_lines: int = 0
    chops: bool = False
    has_begun: bool = False


class _Screen(io.RawIOBase):
    """A terminal until what was written is longer than it is high; from then on the pager, which gets all of it.

    Args:
        terminal: the terminal.
        most_lines: how many lines fit on it.
        begin: starts the pager, and returns the pipe to it.
    """

    def __init__(self, terminal: io.FileIO, most_lines: int, begin: Callable[[], io.FileIO]) -> None:
        self._terminal = terminal
        self._begin = begin
        self._has_begun = False
        self._pager: io.FileIO | None = None
        self._shown = bytearray()
        self._most_lines = most_lines

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return (self._pager or self._terminal).fileno()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of the data, and return how many bytes that was."""
        if self._pager is not None:
            return self._pager.write(data)
        given = bytes(data)
        if self._shown.count(b"\n") + given.count(b"\n") <= self._most_lines:
            written = self._terminal.write(given)
            self._shown += given[:written]
            return written
        if self._has_begun:
            raise BrokenPipeError("the pager was left when it began")
        self._has_begun = True
        self._pager = self._begin()
        rest = bytes(self._shown) + given
        while rest:
            rest = rest[self._pager.write(rest) :]
        return len(given)


@contextmanager
def paged(wanted: bool, *, has_header: bool = False) -> Iterator[Paging]:
    """Send what is printed through the pager in PAGER, or `less`, if stdout is a capable terminal, and too small.

    Until it is longer than the screen, it is printed as it comes; then the pager gets all of it. If the user leaves the
    pager before everything is printed, the program is interrupted, and ends with exit code 0.

    Args:
        wanted: whether to use a pager at all.
        has_header: whether the first line is a header, which stays in sight.
    """
    command = _command(wanted)
    if not command:
        yield Paging()
        return
    terminal = sys.stdout
    terminal.flush()
    # One line is the pager's own.
    paging = Paging(os.get_terminal_size(terminal.fileno()).lines - 1, chops=_is_less(command))
    with ExitStack() as until_it_is_left:

        def begin() -> io.FileIO:
            paging.has_begun = True
            return until_it_is_left.enter_context(_pager(command, has_header=has_header))

        screen = _Screen(io.FileIO(terminal.fileno(), "wb", closefd=False), paging.most_lines, begin)
        # As on a terminal, a line is seen when it is written.
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(screen), terminal.encoding, errors=IN_ASCII, line_buffering=True
        )
        try:
            yield paging
            sys.stdout.flush()
        finally:
            given, sys.stdout = sys.stdout, terminal
            # The user has left the pager.
            with suppress(BrokenPipeError):
                given.close()


@contextmanager
def _pager(command: list[str], *, has_header: bool) -> Iterator[io.FileIO]:
    """Start a pager, yield the pipe to it, and wait until the user leaves it."""
    if _is_less(command):
        header = ["--header=1"] if has_header and _version(command[0]) >= _KNOWS_HEADERS else []
        command = [command[0], *_SHOWN, *header, *command[1:]]
    environment = {**os.environ, "LESS": os.environ.get("LESS", _LESS)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:
        if pager.stdin is None:
            raise OSError("the pager has no standard input")
        pipe = pager.stdin.fileno()

        def is_left() -> bool:
            if _has_reader(pipe):
                return False
            note_left_pager(pager.poll() or 0)
            return True

        try:
            with interrupted_once(is_left):
                yield io.FileIO(pipe, "wb", closefd=False)
        finally:
            pager.stdin.close()
            _wait(pager)


def _command(wanted: bool) -> list[str]:
    """Return the pager's command, or an empty list if none is wanted or possible.

    PAGER may be empty, `cat` or a program that does not exist.
    """
    if not wanted or is_dumb() or not sys.stdout.isatty():
        return []
    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:
        words = ["less"]
    return [] if not words or words[0] == "cat" or not shutil.which(words[0]) else words


def _is_less(command: list[str]) -> bool:
    return Path(command[0]).name == "less"


def _version(less: str) -> int:
    """Return the version of less, 0 if it does not say one."""
    said = subprocess.run([less, "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.match(r"less (\d+)", said.stdout)
    return int(found[1]) if found else 0


def _has_reader(pipe: int) -> bool:
    """Say whether anything can still read what is written into a pipe."""
    waiting = select.poll()
    # That nothing does is reported without being asked for.
    waiting.register(pipe, 0)
    return not waiting.poll(0)


def _wait(pager: subprocess.Popen[bytes]) -> None:
    while True:
        # Ctrl-C is for the pager: the user may be ending a search.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return

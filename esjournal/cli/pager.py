"""The user's pager, for what is longer than a screen."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from esjournal.cli.terminal import is_dumb

# As git does: one screen is left where it is, colours come through, and nothing is wiped away at the end.
_LESS = "FRX"
# Whatever LESS says. What PAGER says comes after it, and wins.
_COLOURS = "-R"


class _ReachesATerminal(io.FileIO):
    """The way to a pager: what is written here is seen on a terminal in the end, so it must be fit for one."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged(wanted: bool) -> Iterator[None]:
    """Send what is printed through the pager that PAGER names, or `less`, if stdout is a terminal that is up to it.

    Args:
        wanted: whether to do so at all.
    """
    command = _command()
    if not wanted or not command or is_dumb() or not sys.stdout.isatty():
        yield
        return
    terminal = sys.stdout
    environment = {**os.environ, "LESS": os.environ.get("LESS", _LESS)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:
        if pager.stdin is None:
            raise OSError("the pager has no standard input")
        way = _ReachesATerminal(pager.stdin.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(way), encoding=terminal.encoding, errors="backslashreplace")
        try:
            yield
            sys.stdout.flush()
        finally:
            paging, sys.stdout = sys.stdout, terminal
            # Whoever left the pager has seen enough.
            with suppress(BrokenPipeError):
                paging.close()
            with suppress(BrokenPipeError):
                pager.stdin.close()
            _wait(pager)


def _command() -> list[str]:
    """Return the pager's command; none where PAGER is empty or `cat`, or nothing is there to page with."""
    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:
        words = ["less"]
    if not words or words[0] == "cat" or not shutil.which(words[0]):
        return []
    return [words[0], _COLOURS, *words[1:]] if Path(words[0]).name == "less" else words


def _wait(pager: subprocess.Popen[bytes]) -> None:
    while True:
        # Ctrl-C is the pager's now: it may mean that a search shall end.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return

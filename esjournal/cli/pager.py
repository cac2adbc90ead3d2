"""The user's pager, for output longer than a screen."""

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

# As in git: less quits if the output fits a screen, shows colours, and does not clear the screen.
_LESS = "FRX"
# Whatever LESS says; the options in PAGER come after this one, and win.
_COLOURS = "-R"


class _ReachesATerminal(io.FileIO):
    """The pipe to a pager, which counts as a terminal because everything written ends up on one."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged(wanted: bool) -> Iterator[None]:
    """Send what is printed through the pager in PAGER, or `less`, if stdout is a capable terminal.

    Args:
        wanted: whether to use a pager at all.
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
            # The user has quit the pager.
            with suppress(BrokenPipeError):
                paging.close()
            with suppress(BrokenPipeError):
                pager.stdin.close()
            _wait(pager)


def _command() -> list[str]:
    """Return the pager's command, or an empty list if PAGER is empty, `cat` or a program that does not exist."""
    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:
        words = ["less"]
    if not words or words[0] == "cat" or not shutil.which(words[0]):
        return []
    return [words[0], _COLOURS, *words[1:]] if Path(words[0]).name == "less" else words


def _wait(pager: subprocess.Popen[bytes]) -> None:
    while True:
        # Ctrl-C is for the pager now: the user may be ending a search.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return

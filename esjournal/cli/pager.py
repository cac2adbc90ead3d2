"""The user's pager, for output longer than a screen."""

from __future__ import annotations

import io
import os
import re
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
# Whatever LESS says: colours, and whole lines that are chopped at the edge of the screen, so that the arrow keys show
# the rest and a search finds it. The options in PAGER come after these, and win.
_SHOWN = ("-R", "-S")
# The first version of less that keeps the header in sight.
_KNOWS_HEADERS = 600


class _ReachesATerminal(io.FileIO):
    """The pipe to a pager, which counts as a terminal because everything written ends up on one."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged(wanted: bool, *, has_header: bool = False) -> Iterator[bool]:
    """Send what is printed through the pager in PAGER, or `less`, if stdout is a capable terminal.

    Yields whether lines may be longer than the screen is wide, because the pager chops them.

    Args:
        wanted: whether to use a pager at all.
        has_header: whether the first line is a header, which stays in sight.
    """
    command = _command()
    if not wanted or not command or is_dumb() or not sys.stdout.isatty():
        yield False
        return
    chops = Path(command[0]).name == "less"
    if chops:
        header = ["--header=1"] if has_header and _version(command[0]) >= _KNOWS_HEADERS else []
        command = [command[0], *_SHOWN, *header, *command[1:]]
    terminal = sys.stdout
    environment = {**os.environ, "LESS": os.environ.get("LESS", _LESS)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:
        if pager.stdin is None:
            raise OSError("the pager has no standard input")
        way = _ReachesATerminal(pager.stdin.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(way), encoding=terminal.encoding, errors="backslashreplace")
        try:
            yield chops
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
    return [] if not words or words[0] == "cat" or not shutil.which(words[0]) else words


def _version(less: str) -> int:
    """Return the version of less, 0 if it does not say one."""
    said = subprocess.run([less, "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.match(r"less (\d+)", said.stdout)
    return int(found[1]) if found else 0


def _wait(pager: subprocess.Popen[bytes]) -> None:
    while True:
        # Ctrl-C is for the pager now: the user may be ending a search.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return

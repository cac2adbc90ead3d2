"""Runs the program in copies of a process that has loaded it, because loading is most of what a short command does.

A copy is a process of its own: with its own streams, working folder, environment, exit code and end. What happens while
the program is loaded is tested with `tests.helpers.program.COMMAND`, which loads it.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from functools import cache
from pathlib import Path

OF_NOBODY = "esjournal-of-nobody"
_ROOT = Path(__file__).parents[3]


@cache
def loaded_folder() -> str:
    """Return a folder with a script `esjournal` that runs the program in a copy."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.loaded.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        text=True,
    )
    assert server.stdout is not None
    folder = server.stdout.readline().rstrip("\n")
    assert folder, "the process that loads the program has ended"
    # It ends when its standard input is closed.
    atexit.register(server.communicate)
    return folder


def command_of_nobody() -> list[str]:
    """Return the command that runs the program as a user who has only the rights that everybody has.

    That user may not be able to read the environment that the tests run in.
    """
    return [f"{loaded_folder()}/{OF_NOBODY}"]


def loaded_command() -> list[str]:
    """Return the command that runs the program in a copy, and takes the program's arguments."""
    return [f"{loaded_folder()}/esjournal"]

"""Runs the program in copies of a process that has loaded it, because loading is most of what a short command does.

A copy is a process of its own: with its own streams, working folder, environment, exit code and end. What happens while
the program is loaded is tested with `tests.helpers.program.COMMAND`, which loads it.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

_CLIENT = Path(__file__).with_name("client.py")
_SERVER = "tests.helpers.loaded.server"
_ROOT = Path(__file__).parents[3]


@cache
def loaded_command() -> list[str]:
    """Return the command that runs the program in a copy, and takes its arguments as the program does."""
    if any(name.startswith("COVERAGE_") for name in os.environ):
        # It measures processes from their start.
        return [sys.executable, "-m", "esjournal"]
    server = subprocess.Popen(
        [sys.executable, "-m", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    socket = server.stdout.readline().rstrip("\n")
    assert socket, "the process that has loaded the program did not start"

    def end() -> None:
        server.communicate()

    atexit.register(end)
    # Without its site-packages, because it imports nothing from there.
    return [sys.executable, "-I", "-S", str(_CLIENT), socket]

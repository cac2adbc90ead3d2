"""Runs the program in copies of a process that has loaded it, because loading is most of what a short command does.

A copy is a process of its own: with its own streams, working folder, environment, exit code and end. What happens while
the program is loaded is tested with `tests.helpers.program.COMMAND`, which loads it.
"""

from __future__ import annotations

import atexit
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from tests.helpers.loaded.client import answer_of, ask

OF_NOBODY = "esjournal-of-nobody"
SOCKET = "socket"
CHUNK = 65_536
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


def output_of_copy(
    arguments: Sequence[str | bytes], environment: Mapping[str, str], folder: str | Path, timeout: float
) -> tuple[int, bytes, bytes] | None:
    """Run the program in a copy, with nothing on its standard input; this takes half as long as to start the command.

    Returns:
        Its exit code and what is on its standard output and error; None if a copy would not be as the program is.
    """
    given = [os.fsdecode(argument) for argument in arguments]
    variables = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    request = ("", given, os.fsencode(folder), variables, os.getpgrp())
    stdin = os.open(os.devnull, os.O_RDONLY)
    stdout, out = os.pipe()
    stderr, err = os.pipe()
    output = {stdout: b"", stderr: b""}
    try:
        with closing(ask(f"{loaded_folder()}/{SOCKET}", request, (stdin, out, err))) as server:
            for descriptor in (stdin, out, err):
                os.close(descriptor)
            read_to_the_end(output, timeout)
            code = answer_of(server)
    finally:
        for descriptor in output:
            os.close(descriptor)
    return (code, output[stdout], output[stderr]) if code is not None else None


def read_to_the_end(output: dict[int, bytes], timeout: float) -> None:
    """Read pipes until nothing can write to them any more; this fails if nothing is written for a number of seconds."""
    reading = set(output)
    while reading:
        ready = select.select(reading, [], [], timeout)[0]
        assert ready, f"the program has printed nothing for {timeout} seconds, after {output}"
        for descriptor in ready:
            chunk = os.read(descriptor, CHUNK)
            output[descriptor] += chunk
            if not chunk:
                reading.remove(descriptor)

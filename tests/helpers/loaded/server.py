"""The process that has loaded the program, and that makes a copy of itself for each command.

`tests.helpers.loaded` starts it, and it ends when its standard input is closed.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import marshal
import os
import re
import select
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from tests.helpers.loaded import OF_NOBODY
from tests.helpers.loaded.client import NUMBER, STREAMS
from tests.helpers.loaded.program import load
from tests.helpers.otheruser import NOBODY, become

if TYPE_CHECKING:
    from _typeshed import OpenTextMode

CLIENT = Path(__file__).with_name("client.py")
# The program finds no descriptors below this one that its process would not have.
HIGH = 200
# Python and libraries look at these variables when they start.
AT_THE_START = re.compile(rb"PYTHON|LC_|LANG|LD_|MALLOC_|PSYCOPG_|_?TYPER_")


class Request(NamedTuple):
    """What a process gets from the one that starts it, besides its streams."""

    user: str
    arguments: list[str]
    folder: bytes
    environment: dict[bytes, bytes]
    group: int


def main() -> None:
    load()
    # As the program does, so that nothing is loaded from the working folder.
    del sys.path[0]
    # Otherwise each copy would write to all objects when it looks for garbage.
    gc.freeze()
    folder = tempfile.mkdtemp(prefix="esjournal-")
    with socket.socket(socket.AF_UNIX) as listening:
        path = f"{folder}/socket"
        listening.bind(path)
        listening.listen()
        for name, user in (("esjournal", ""), (OF_NOBODY, str(NOBODY))):
            script = Path(folder) / name
            command = shlex.join([sys.executable, "-I", "-S", str(CLIENT), path, user])
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            script.chmod(0o700)
        print(folder, flush=True)  # noqa: T201
        client = next_client(listening)
    if client is None:
        shutil.rmtree(folder)
        return
    answer(client)
    os._exit(0)


def next_client(listening: socket.socket) -> socket.socket | None:
    """Return a client, each in a process of its own; in the first process return None when the tests have ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Ctrl-C ends the tests, and they end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
        client, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return client
        client.close()
    return None


def answer(client: socket.socket) -> None:
    """Run the program in a copy of this process, and send its exit code; no answer means that it has to be loaded."""
    _, streams, _, _ = socket.recv_fds(client, 1, STREAMS)
    with client.makefile("rb") as stream:
        size = int.from_bytes(stream.read(NUMBER), sys.byteorder)
        request = Request(*marshal.loads(stream.read(size)))
    if request.group != os.getpgrp() or not starts_as_here(request.environment):
        return
    running, until_end = os.pipe()
    copy = os.fork()
    if copy == 0:
        fcntl.fcntl(until_end, fcntl.F_DUPFD_CLOEXEC, HIGH)
        start_as(request, streams)
        run()
    for descriptor in (until_end, *streams):
        os.close(descriptor)
    while client.fileno() in select.select([running, client.fileno()], [], [])[0]:
        forwarded = client.recv(1)
        if not forwarded:
            # The client was killed.
            os.kill(copy, signal.SIGKILL)
            return
        os.kill(copy, forwarded[0])
    _, status = os.waitpid(copy, 0)
    client.sendall(os.waitstatus_to_exitcode(status).to_bytes(NUMBER, sys.byteorder, signed=True))


def run() -> None:
    """Run the program, and end as Python does, except that what was loaded is left as it is.

    Python would clear all modules: most of the time that a copy takes would be for that.
    """
    from esjournal.__main__ import main as program

    try:
        program()
    except SystemExit as end:
        code = end.code
    if not isinstance(code, int):
        sys.exit(code)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    # What the program has left open is closed now.
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def starts_as_here(environment: dict[bytes, bytes]) -> bool:
    """Say whether Python would start with these variables as it started here."""
    there, here = (
        {name: value for name, value in variables.items() if AT_THE_START.match(name)}
        for variables in (environment, os.environb)
    )
    return there == here


def start_as(request: Request, streams: list[int]) -> None:
    """Make this process what the program would be at its start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream, descriptor in enumerate(streams):
        os.dup2(descriptor, stream)
    os.closerange(STREAMS, HIGH)
    sys.stdin = stream_of(0, "r", sys.stdin)
    sys.stdout = stream_of(1, "w", sys.stdout)
    sys.stderr = stream_of(2, "w", sys.stderr)
    sys.stderr.reconfigure(line_buffering=True)
    sys.argv[1:] = request.arguments
    os.chdir(request.folder)
    os.environb.clear()
    os.environb.update(request.environment)
    time.tzset()
    if request.user:
        become(int(request.user))


def stream_of(descriptor: int, mode: OpenTextMode, like: TextIO) -> TextIOWrapper:
    return open(descriptor, mode, encoding=like.encoding, errors=like.errors, newline="\n", closefd=False)


if __name__ == "__main__":
    main()

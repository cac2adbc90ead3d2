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
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from tests.helpers.loaded import OF_NOBODY, SOCKET
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


class Copy(NamedTuple):
    """A copy of this process that runs the program for a client; `running` can be read after its end."""

    client: socket.socket
    process: int
    running: int


def main() -> None:
    load()
    # As the program does, so that nothing is loaded from the working folder.
    del sys.path[0]
    # Otherwise each copy would write to all objects when it looks for garbage.
    gc.freeze()
    folder = tempfile.mkdtemp(prefix="esjournal-")
    with socket.socket(socket.AF_UNIX) as listening:
        path = f"{folder}/{SOCKET}"
        listening.bind(path)
        listening.listen()
        for name, user in (("esjournal", ""), (OF_NOBODY, str(NOBODY))):
            script = Path(folder) / name
            command = shlex.join([sys.executable, "-I", "-S", str(CLIENT), path, user])
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            script.chmod(0o700)
        print(folder, flush=True)  # noqa: T201
        serve(listening)
    shutil.rmtree(folder)


def serve(listening: socket.socket) -> None:
    """Run the program in copies of this process, one for each client, until the tests have ended."""
    # Ctrl-C ends the tests, and they end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    copies: list[Copy] = []
    while True:
        waited_for = [end for copy in copies for end in (copy.client.fileno(), copy.running)]
        ready = select.select([sys.stdin, listening, *waited_for], [], [])[0]
        if sys.stdin in ready:
            break
        copies = [copy for copy in copies if not is_over(copy, ready)]
        if listening in ready:
            client, _ = listening.accept()
            if copy := copy_for(client):
                copies.append(copy)
            else:
                client.close()
    for copy in copies:
        os.kill(copy.process, signal.SIGKILL)


def copy_for(client: socket.socket) -> Copy | None:
    """Run the program in a copy of this process; None if it would not be as the program is, or the client has ended."""
    try:
        _, streams, _, _ = socket.recv_fds(client, 1, STREAMS)
        with client.makefile("rb") as stream:
            size = int.from_bytes(stream.read(NUMBER), sys.byteorder)
            request = Request(*marshal.loads(stream.read(size)))
    except (OSError, EOFError):
        return None
    running = None
    if request.group == os.getpgrp() and starts_as_here(request.environment):
        running, until_end = os.pipe()
        process = os.fork()
        if process == 0:
            fcntl.fcntl(until_end, fcntl.F_DUPFD_CLOEXEC, HIGH)
            start_as(request, streams)
            run()
        os.close(until_end)
    for descriptor in streams:
        os.close(descriptor)
    return Copy(client, process, running) if running is not None else None


def is_over(copy: Copy, ready: list[Any]) -> bool:
    """Say whether a copy has ended, and then send its exit code; until then pass signals on to it."""
    if copy.running in ready:
        _, status = os.waitpid(copy.process, 0)
        code = os.waitstatus_to_exitcode(status)
        with suppress(OSError):
            copy.client.sendall(code.to_bytes(NUMBER, sys.byteorder, signed=True))
    elif copy.client.fileno() in ready:
        forwarded = copy.client.recv(1)
        if forwarded:
            os.kill(copy.process, forwarded[0])
            return False
        # The client was killed.
        os.kill(copy.process, signal.SIGKILL)
        os.waitpid(copy.process, 0)
    else:
        return False
    os.close(copy.running)
    copy.client.close()
    return True


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

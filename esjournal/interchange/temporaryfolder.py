"""A temporary folder that disappears however the process ends."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder that only this user can read, and yield its path.

    A second process removes it: when the block ends, and also after `kill -9`, which leaves nothing else to do it.

    Raises:
        OSError: the folder cannot be made.
    """
    if not hasattr(os, "fork"):
        with tempfile.TemporaryDirectory(prefix="esjournal-") as folder:
            yield folder
        return
    waiting, held = os.pipe()
    folder = tempfile.mkdtemp(prefix="esjournal-")
    process = os.fork()
    if process == 0:
        os.close(held)
        _remove_at_the_end(folder, waiting)
    os.close(waiting)
    try:
        yield folder
    finally:
        os.close(held)
        os.waitpid(process, 0)


def _remove_at_the_end(folder: str, waiting: int) -> NoReturn:
    try:
        # Out of reach of Ctrl-C, and of what ends all processes of a shell's command.
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # Whoever reads the output waits until nobody can write to it.
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        # The end comes when the last process that holds the other end of the pipe is gone.
        os.read(waiting, 1)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)

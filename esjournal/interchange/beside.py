"""Reading files in a process of its own, beside the one that writes to the journal.

Decoding and checking takes a third of an import, and needs nothing of the database: on a second core it takes no time.
Below some megabytes, and from a pipe, whose writer mostly is a process on that core already, it does not pay.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

from esjournal.exceptions import UnusableFile
from esjournal.interchange.batches import Batch
from esjournal.interchange.files import Files

WORTH_IT_BYTES = 4 * 1024 * 1024


@contextmanager
def read_beside(files: Files) -> Iterator[Iterator[Batch]]:
    """Read files in a second process where that pays, from now on, and give their batches.

    To be called before any connection is opened: the second process begins as a copy of this one.

    Args:
        files: what is to be read; how much of it was read is told by them as if it were here.
    """
    if (
        os.environ.get("ESJ_ALONE")
        or not hasattr(os, "fork")
        or (os.cpu_count() or 1) < 2
        or (files.size or 0) < WORTH_IT_BYTES
    ):
        yield files.batches()
        return
    receiving, sending = os.pipe()
    # An interruption is for this process, who then ends both: the other one would unwind, and say so, a second time.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process = os.fork()
    if process == 0:
        os.close(receiving)
        _send(files, sending)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(sending)
        with os.fdopen(receiving, "rb") as stream:
            yield _received(stream, files)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _send(files: Files, sending: int) -> NoReturn:
    gc.disable()
    try:
        with os.fdopen(sending, "wb") as stream:
            try:
                for batch in files.batches():
                    pickle.dump((batch, files.bytes_read()), stream)
                pickle.dump(None, stream)
            except Exception as error:
                pickle.dump(error, stream)
    finally:
        # What this copy has of the other's buffers must not be flushed, and nobody may be left to read what it sent.
        os._exit(0)


def _received(stream: IO[bytes], files: Files) -> Iterator[Batch]:
    while (message := _next_message(stream, files)) is not None:
        if isinstance(message, Exception):
            raise message
        batch, bytes_read = message
        files.note_bytes_read(bytes_read)
        yield batch


def _next_message(stream: IO[bytes], files: Files) -> Any:
    try:
        return pickle.load(stream)
    except EOFError:
        raise UnusableFile(f"{files.described} cannot be read: the process that read was killed, try again") from None

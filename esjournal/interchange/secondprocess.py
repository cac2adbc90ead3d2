"""A second process beside this one, for work that needs nothing of it but what it began with.

Python runs on one core. Decoding and checking takes a third of an import, and formatting more than half of an export:
on a second core that takes no time.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

from esjournal.exceptions import UnusableFile
from esjournal.interchange.batches import Batch
from esjournal.interchange.inputfiles import Files

WORTH_IT_BYTES = 4 * 1024 * 1024
# What a pipe holds by itself, 64 KiB, is less than one batch: each process would wait for the other again and again,
# and two would be slower than one. This is as much as Linux lets anybody ask for.
PIPE_BYTES = 1024 * 1024


def second_process_pays(busy: int = 1) -> bool:
    """Say whether there is a core for it, and a system on which a process can be copied.

    Args:
        busy: how many processes are at work already.
    """
    if not hasattr(os, "fork"):
        return False
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores > busy


@contextmanager
def second_process(work: Callable[[], Iterable[Any]]) -> Iterator[Iterator[Any]]:
    """Do work in a copy of this process, from now on, and give here what it yields there.

    Args:
        work: what to do; connections that are open now belong to this process, and must not be used there.

    Raises:
        UnusableFile: on reading what was yielded, where the process was killed; or what the work raised.
    """
    receiving, sending = _wide_pipe()
    # An interruption is for this process, who then ends both: the other one would unwind, and say so, a second time.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process = os.fork()
    if process == 0:
        os.close(receiving)
        _send(work, sending)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(sending)
        with os.fdopen(receiving, "rb", PIPE_BYTES) as stream:
            yield _received(stream)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


@contextmanager
def read_beside(files: Files, busy: int = 1) -> Iterator[Iterator[Batch]]:
    """Read files in a second process where that pays, from now on, and give their batches.

    From a pipe it does not: whose writer mostly is a process on that core already.

    Args:
        files: what is to be read; how much of it was read is told by them as if it were here.
        busy: how many processes are at work already.
    """
    if not second_process_pays(busy) or (files.size or 0) < WORTH_IT_BYTES:
        yield files.batches()
        return

    def batches_there() -> Iterator[tuple[Batch, int]]:
        return ((batch, files.bytes_read()) for batch in files.batches())

    def batches_here(received: Iterator[tuple[Batch, int]]) -> Iterator[Batch]:
        for batch, bytes_read in received:
            files.note_bytes_read(bytes_read)
            yield batch

    with second_process(batches_there) as received:
        yield batches_here(received)


def _wide_pipe() -> tuple[int, int]:
    # Here, because Windows has no such module, and no second process.
    import fcntl

    receiving, sending = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(receiving, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return receiving, sending


def _send(work: Callable[[], Iterable[Any]], sending: int) -> NoReturn:
    gc.disable()
    try:
        with os.fdopen(sending, "wb", PIPE_BYTES) as stream:
            try:
                for result in work():
                    pickle.dump((result, None), stream)
                pickle.dump((None, StopIteration()), stream)
            except Exception as error:
                pickle.dump((None, _portable(error)), stream)
    finally:
        # What this copy has of the other's buffers and connections must be neither flushed nor closed.
        os._exit(0)


def _portable(error: Exception) -> Exception:
    """Return an error that arrives in the other process: itself, or its words if it cannot be taken apart and made."""
    try:
        portable: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        portable = RuntimeError(f"{type(error).__name__}: {error}")
    # Tracebacks cannot be pickled, and notes can.
    portable.add_note("".join(traceback.format_exception(error)))
    return portable


def _received(stream: IO[bytes]) -> Iterator[Any]:
    while True:
        try:
            result, error = pickle.load(stream)
        except EOFError:
            raise UnusableFile("the process that worked beside this one was killed: try again") from None
        if isinstance(error, StopIteration):
            return
        if error is not None:
            raise error
        yield result

"""Runs work in a forked process, to use a second core.

Python runs on one core. Decoding and checking take a third of the time of an import, and formatting more than half of
that of an export; on a second core they cost no time.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

from esjournal.exceptions import EsjournalError, UnusableFile
from esjournal.interchange.batches import Batch
from esjournal.interchange.inputfiles import Files

WORTH_IT_BYTES = 4 * 1024 * 1024
# The default size of a pipe, 64 KiB, is less than one batch: the processes would wait for each other all the time, and
# two would be slower than one. This is the most that Linux allows without privileges.
PIPE_BYTES = 1024 * 1024


def second_process_pays(busy: int = 1) -> bool:
    """Say whether the system can fork, and has a free core.

    Args:
        busy: the number of processes already at work.
    """
    if not hasattr(os, "fork"):
        return False
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores > busy


@contextmanager
def second_process(work: Callable[[], Iterable[Any]]) -> Iterator[Iterator[Any]]:
    """Run work in a forked process, and yield here what it yields there.

    Args:
        work: the work; it must not use connections that are open now, because they belong to this process.

    Raises:
        UnusableFile: the process was killed; raised while its results are read, as are errors of the work itself.
    """
    receiving, sending = _wide_pipe()
    # Otherwise both processes would print what waits to be printed now.
    _print_what_waits()
    # SIGINT is for this process only, which then ends both; the other one would print a second traceback.
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
    """Read files, in a second process if that pays, and give their batches.

    A pipe does not benefit: its writer usually occupies the second core.

    Args:
        files: the files to read; their `bytes_read()` keeps working in this process.
        busy: the number of processes already at work.
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
    # Imported here: Windows has no such module, and no second process.
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
            end: Exception = StopIteration()
            try:
                for result in work():
                    pickle.dump((result, None), stream)
                    # The first process may be waiting for just this result, while the next ones take their time.
                    stream.flush()
            except Exception as error:
                end = _portable(error)
            # A function of the user's may print. The first process ends this one when it has the end.
            _print_what_waits()
            pickle.dump((None, end), stream)
    finally:
        # The buffers and connections copied from the parent must be neither flushed nor closed.
        os._exit(0)


def _print_what_waits() -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()


def _portable(error: Exception) -> Exception:
    """Return an error that can be pickled: the error itself, or one with its text."""
    try:
        portable: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        portable = RuntimeError(f"{type(error).__name__}: {error}")
    if not isinstance(portable, EsjournalError):
        # Tracebacks cannot be pickled, but notes can. Those of an EsjournalError are part of its message.
        portable.add_note("".join(traceback.format_exception(error)))
    return portable


def _received(stream: IO[bytes]) -> Iterator[Any]:
    while True:
        try:
            result, error = pickle.load(stream)
        except EOFError:
            raise UnusableFile("the second process was killed: try again") from None
        if isinstance(error, StopIteration):
            return
        if error is not None:
            raise error
        yield result

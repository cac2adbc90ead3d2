"""How a writer waits for the write lock of a SQLite file.

SQLite has no queue for its lock: a writer that waits has to look again and again. A look takes some 80 microseconds of
processor time, and forgets the pages that were read before; while one goes on, no writer can restart the WAL, and
every commit syncs the database too. With eight writers that all looked every millisecond, half as much was appended as
with one. So only one of those that wait looks for the lock, and the others look whether it is their turn, which is a
call of `flock`.

The turn is a lock on the folder, never on a file of the database: SQLite's own locks are not touched, and no file is
made. The system takes the lock from a process that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

# The interval at which the one whose turn it is looks for SQLite's lock. SQLite's own waiting slows down to 100 ms, and
# seldom hits the few milliseconds in which an import with several commits leaves the lock free.
_LOOK_SECONDS = 0.001
# The interval at which the others look whether it is their turn. It becomes shorter while they wait, so that those that
# came first are likely to be first.
_FIRST_SECONDS, _LAST_SECONDS = 0.005, 0.0003
_SHORTEST_AFTER_SECONDS = 0.1
# After this, a writer looks for the lock out of turn: the one whose turn it is may have been stopped.
_PATIENCE_SECONDS = 0.25


def looks(folder: str, timeout: float) -> Generator[None, None, None]:
    """Yield whenever a writer that waits for SQLite's lock should look for it, at least once; the last time is the end.

    Close it when the lock is found, so that the turn passes to the next one.

    Args:
        folder: the folder of the database.
        timeout: the seconds after which it ends.
    """
    began = time.monotonic()
    # Before asking for the turn: a writer that appends without a pause must not take it from those that wait.
    time.sleep(_LOOK_SECONDS)
    with _turn(folder, began, min(timeout, _PATIENCE_SECONDS)):
        yield
        while time.monotonic() - began <= timeout:
            time.sleep(_LOOK_SECONDS)
            yield


@contextmanager
def _turn(folder: str, began: float, patience: float) -> Iterator[None]:
    """Wait until it is this writer's turn, or until it has waited long enough since it began to wait."""
    try:
        queue = os.open(folder, os.O_RDONLY)
    except OSError:
        # A user who may not read the folder looks at once, as if nobody else waited.
        yield
        return
    try:
        while (waited := time.monotonic() - began) < patience and not _is_taken(queue):
            haste = min(1.0, waited / _SHORTEST_AFTER_SECONDS)
            time.sleep(_FIRST_SECONDS + haste * (_LAST_SECONDS - _FIRST_SECONDS))
        yield
    finally:
        # Closing is not enough: a process that was forked meanwhile has the folder open too.
        fcntl.flock(queue, fcntl.LOCK_UN)
        os.close(queue)


def _is_taken(queue: int) -> bool:
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without such locks has no queue.
        return True
    return True

"""Work on numbered parts that two processes share: each takes the next part as soon as it is free.

The first process also uses the results, which takes more time in one case than in another. With fixed turns, one of the
two would wait for the other.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from esjournal.interchange.secondprocess import second_process

_NUMBER_BYTES = 8


@contextmanager
def shared_work(
    parts: int, work: Callable[[Iterator[int]], Iterable[Any]], prepare: Callable[[], None]
) -> Iterator[Iterator[Any]]:
    """Let this process and a forked one work on parts, and yield their results in the order of the parts.

    Args:
        parts: the number of parts.
        work: takes numbers of parts, from 0 on, and gives the result of each in the same order. It may take a number
            before it has given the last result.
        prepare: called in the forked process before the work begins there.

    Raises:
        UnusableFile: the process was killed; raised while the results are read, as are errors of the work itself.
    """
    with _empty_file() as counter:
        descriptor = counter.fileno()

        def there() -> Iterable[Any]:
            prepare()
            return work(_taken(descriptor, parts))

        with second_process(there) as received:
            yield _in_order(work, _taken(descriptor, parts), received)


def _empty_file() -> IO[bytes]:
    # In memory if the system has such files, and allows them: the folder for temporary files may be full.
    try:
        return os.fdopen(os.memfd_create("parts"), "w+b")
    except (AttributeError, OSError):
        return TemporaryFile()


def _taken(descriptor: int, parts: int) -> Iterator[int]:
    while (number := _next_number(descriptor)) < parts:
        yield number


def _next_number(descriptor: int) -> int:
    """Take the next number from a file that two processes share; no other call returns the same one."""
    # Imported here: Windows has no such module, and no second process.
    import fcntl

    # The system releases the lock of a process that is killed.
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        number = int.from_bytes(os.pread(descriptor, _NUMBER_BYTES, 0), "little")
        os.pwrite(descriptor, (number + 1).to_bytes(_NUMBER_BYTES, "little"), 0)
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return number


def _in_order(
    work: Callable[[Iterator[int]], Iterable[Any]], taken: Iterator[int], received: Iterator[Any]
) -> Iterator[Any]:
    ours: deque[int] = deque()

    def noted() -> Iterator[int]:
        for number in taken:
            ours.append(number)
            yield number

    given = 0
    for result in work(noted()):
        number = ours.popleft()
        # The parts before this one are those that the other process took.
        for _ in range(given, number):
            yield next(received)
        yield result
        given = number + 1
    yield from received

"""One consumer at a time for a cursor file: two would hand over the same events, and move the cursor back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esjournal.exceptions import UnusableFile
from esjournal.filepaths import check_links
from esjournal.interchange.openstreams import reason_of


def lock_file_of(path: str) -> str:
    """Return the file that is locked for a cursor file, which itself is replaced each time it is saved."""
    return f"{path}.lock"


@contextmanager
def held(path: str) -> Iterator[int]:
    """Lock a cursor file, and yield the descriptor that holds the lock; a process that inherits it holds it too.

    The lock file stays: removing it could remove the lock of another process.

    Args:
        path: the cursor's file.

    Raises:
        UnusableFile: another process holds the lock, or the lock file cannot be made.
    """
    file = lock_file_of(path)
    try:
        check_links(Path(file))
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOCTTY, 0o600)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{file} cannot be written: {reason}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnusableFile(
                f"{path} is in use: another `esjournal each`, or a command that one has started, is still running; let "
                f"it end, or name another cursor file"
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)

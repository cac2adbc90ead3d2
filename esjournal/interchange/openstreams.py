"""The streams that are already open when the program starts, and their names as files, such as /dev/stdin."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from esjournal.filepaths import check_links, steps

STDOUT = 1
_STDERR = 2
_FOLDERS = ("/dev/fd", "/proc/self/fd")


def stream_at(path: Path) -> int | None:
    """Return the descriptor of this process that a path names, such as 1 for `/proc/self/fd/1`.

    Args:
        path: a path without links among its folders.
    """
    return int(path.name) if path.name.isdecimal() and str(path.parent) in map(os.path.realpath, _FOLDERS) else None


def check_given(descriptor: int) -> None:
    """Refuse a standard stream that the parent process has closed.

    A closed stream is replaced by the null device, which would be an empty file under a name such as /dev/stdin. What
    comes from the parent process is inheritable, and what Python opens is not.

    Raises:
        OSError: the stream is closed.
    """
    if not os.get_inheritable(descriptor) and descriptor <= _STDERR:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def open_to_read(path: str) -> BinaryIO:
    """Open a file, or an open stream under its name as a file.

    Raises:
        OSError: the file cannot be opened, also because another user's link leads to it, or the stream is closed.
        ValueError: no file can have this name.
    """
    descriptor = _descriptor_of(path)
    if descriptor is not None:
        check_given(descriptor)
    else:
        check_links(Path(path))
    return Path(path).open("rb")


def reason_of(error: OSError) -> str:
    """Return why a stream or a file cannot be read or written."""
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)


def _descriptor_of(path: str) -> int | None:
    descriptors = (stream_at(step.path) for step in steps(Path(path)))
    return next((descriptor for descriptor in descriptors if descriptor is not None), None)

"""Files of JSON lines that grow: what is appended is on the disk before anything relies on it."""

from __future__ import annotations

import fcntl
import io
import json
import os
from pathlib import Path
from typing import BinaryIO

from esjournal.exceptions import UnusableFile
from esjournal.filepaths import check_links
from esjournal.interchange.openstreams import reason_of
from esjournal.interchange.outputfiles import sync

# As private as the journal that the lines are from.
_NEW_FILE_MODE = 0o600


def append_lines(path: str, lines: bytes) -> None:
    """Append lines to a file, which is made if it is not there; they are on the disk when this returns.

    The beginning of a line that `kill -9` or a full disk has cut off is removed first: whoever wrote it writes it
    again. A last line that only lacks its end is kept.

    Args:
        path: a file of JSON lines.
        lines: whole lines.

    Raises:
        UnusableFile: the file cannot be written.
    """
    try:
        check_links(Path(path))
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOCTTY
        with os.fdopen(os.open(path, flags, _NEW_FILE_MODE), "r+b") as file:
            # Another process may be appending to it.
            fcntl.flock(file, fcntl.LOCK_EX)
            rest = _unended_line(file)
            end = file.seek(0, os.SEEK_END)
            if rest and not _is_json(rest):
                file.truncate(end - len(rest))
            elif rest:
                lines = b"\n" + lines
            file.write(lines)
            sync(file)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be written: {reason}") from None


def _unended_line(file: BinaryIO) -> bytes:
    rest, begin = b"", file.seek(0, os.SEEK_END)
    while begin and b"\n" not in rest:
        end, begin = begin, max(0, begin - io.DEFAULT_BUFFER_SIZE)
        file.seek(begin)
        rest = file.read(end - begin) + rest
    return rest.rpartition(b"\n")[2]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True

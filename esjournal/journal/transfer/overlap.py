"""Which files a command reads and which it writes, so that it writes to no file it reads, and replaces no database.

A file is identified by its resolved path, and by its device and inode, because a hard link has another path and no link
to follow. No file is opened for this: closing it would release the process's locks on it
(https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from esjournal.exceptions import UnusableFile
from esjournal.infrastructure.sqlalchemy.sqlite.databasefiles import ENDINGS_OF_FILES
from esjournal.infrastructure.sqlalchemy.sqlite.recognition import database_of
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.interchange.formats import STANDARD_STREAM, is_file_of_events
from esjournal.interchange.outputfiles import check_writable


class Named(NamedTuple):
    """A file as a command names it: `what` is its role in the command, and `marks` identify it.

    `written` says whether the command writes it, and `replaced` whether it replaces it as a whole.
    """

    what: str
    name: str
    marks: frozenset[Hashable]
    written: bool = False
    replaced: bool = False


def journal(what: str, url: str, *, written: bool = False) -> Named:
    """Name a journal, or a file of events that is read like one.

    Args:
        what: its role in the command: an option or an argument.
        url: a URL, or the path of a SQLite file or of a file of events.
        written: whether the command writes it.

    Raises:
        InvalidURL: the URL cannot be used.
        UnusableFile: a file cannot be written.
    """
    if is_file_of_events(url):
        if written:
            check_writable(url)
        return Named(what, url, frozenset(_marks(url)), written, replaced=written)
    address = StoreURL.parse(url)
    database = None if address.path is None else os.path.realpath(address.path)
    names = [] if database is None else [database + end for end in ENDINGS_OF_FILES]
    return Named(what, str(address), frozenset(mark for name in names for mark in _marks(name)), written)


def read(what: str, path: str) -> Named:
    """Name a file that is read; `-` is standard input."""
    return Named(what, path, frozenset(_marks_of_stream(sys.stdin) if path == STANDARD_STREAM else _marks(path)))


def written(what: str, path: str | None) -> Named:
    """Name a file that is written; `-` is standard output, and None means that there is none.

    Raises:
        UnusableFile: it cannot be written.
    """
    if path is None:
        return Named(what, "", frozenset(), written=True)
    check_writable(path)
    marks = {STANDARD_STREAM, *_marks_of_stream(sys.stdout)} if path == STANDARD_STREAM else _marks(path)
    return Named(what, path, frozenset(marks), written=True, replaced=path != STANDARD_STREAM)


def keep_apart(*files: Named) -> None:
    """Refuse a file that is written and named a second time, under whatever name, or that replaces a SQLite database.

    Args:
        files: all files that a command reads or writes.

    Raises:
        UnusableFile: a file is named twice, or is one of the files of a SQLite database.
    """
    taken: dict[Hashable, Named] = {}
    for file in sorted(files, key=lambda file: not file.written):
        for mark in file.marks:
            if mark in taken:
                raise UnusableFile(
                    f"{file.name} is named twice, as {taken[mark].what} and as {file.what}: "
                    f"name a separate file for each"
                )
        if file.written:
            taken |= dict.fromkeys(file.marks, file)
    for file in files:
        if file.replaced and (database := database_of(file.name)) is not None:
            raise UnusableFile(_would_replace(file, database))


def _would_replace(file: Named, database: str) -> str:
    if database == os.path.realpath(file.name):
        return (
            f"{file.name} is a SQLite database, which {file.what} would replace: name another file, or remove this one "
            f"first"
        )
    return f"{file.name} is a name that SQLite uses for the database {database}: name another file as {file.what}"


def _marks(path: str) -> Iterator[Hashable]:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        found = None
    # A device such as /dev/null may be named more than once.
    if found is None or not stat.S_ISCHR(found.st_mode):
        yield os.path.realpath(path)
    if found is not None:
        yield from _numbers(found)


def _marks_of_stream(stream: IO[str]) -> Iterator[Hashable]:
    try:
        yield from _numbers(os.fstat(stream.fileno()))
    except (OSError, ValueError):
        return


def _numbers(found: os.stat_result) -> Iterable[Hashable]:
    return [(found.st_dev, found.st_ino)] if stat.S_ISREG(found.st_mode) else []

"""The files of a SQLite database, as the file system shows them.

This module never opens a database file. When a process closes any descriptor of a file, POSIX drops all locks that the
process has on it, including those of SQLite's connections. Another process that then thinks it is the last one deletes
the WAL (https://sqlite.org/howtocorrupt.html, section 2.2). The content of a file is only read by SQLite, through a
connection.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile

from esjournal.advice import command, quoted
from esjournal.domain.text import counted
from esjournal.exceptions import NotAJournal, StoreError, StoreNotFound
from esjournal.filepaths import check_links

FileNumber = tuple[int, int]
Numbers = tuple[FileNumber | None, ...]
FileVersion = tuple[int, ...]

# The ends of the names of a database's files: https://www.sqlite.org/tempfiles.html.
ENDINGS_OF_FILES = ("", "-wal", "-shm", "-journal")
# Longer than a tick of any file system's clock.
_TICK_SECONDS = 0.05
# Only the owner may read a new journal; SQLite gives the files of the WAL the same mode.
_NEW_FILE_MODE = 0o600


@dataclass(frozen=True)
class DatabaseFiles:
    """The files of one database: the one at `path`, and those that SQLite puts beside it."""

    path: Path

    def check(self) -> None:
        """Check that there is a file that SQLite can open.

        Raises:
            StoreNotFound: there is no file.
            NotAJournal: it is not a regular file.
            StoreError: this process may not read it, or another user's link leads to it.
        """
        try:
            # SQLite follows links itself.
            check_links(self.path)
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            if self.path.is_symlink():
                target = os.path.realpath(self.path)
                raise StoreNotFound(
                    f"{self.path} is a link to {target}, which does not exist: remove the link, or run "
                    f"{command('init', url=target)} to make a journal there"
                ) from None
            raise StoreNotFound(
                f"nothing is at {self.path}: run {command('init', url=str(self.path))} to make a journal"
            ) from None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from None
        if stat.S_ISDIR(mode):
            raise NotAJournal(f"{self.path} is a folder: name a file in it")
        if not stat.S_ISREG(mode):
            raise NotAJournal(f"{self.path} is not a regular file: name another one")
        if not _permits(self.path, os.R_OK):
            raise StoreError(f"{self.path} cannot be read: Permission denied")

    def make(self) -> bool:
        """Make an empty file that only its owner can read; return whether there was none before.

        Raises:
            StoreNotFound: its folder does not exist.
            StoreError: the file cannot be made.
        """
        try:
            _make_without_opening(self.path)
        except FileExistsError:
            return False
        except FileNotFoundError:
            raise StoreNotFound(f"the folder of {self.path} does not exist: make it first") from None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be made: {error.strerror}") from None
        return True

    def is_empty(self) -> bool:
        """Say whether the file has no bytes, like one that was just made."""
        return self.path.stat().st_size == 0

    def numbers(self) -> Numbers:
        """Return the numbers that identify the files of the database, the WAL and the WAL's index."""
        return self.number(), _number(f"{self._real_path}-wal"), _number(f"{self._real_path}-shm")

    def names_version(self) -> FileVersion | None:
        """Return a value that changes with the names in the folder, None if they have changed just now.

        While it stays the same, so do the numbers of the WAL and its index. Asking for those before each append would
        take 60 of 260 microseconds: since Linux 6.13, a write to a file that `stat` has looked at notes its exact time,
        and then the sync of the WAL also writes its inode.
        """
        try:
            found = os.stat(self.folder)  # noqa: PTH116 - before each append, as in `number_and_links`
        except FileNotFoundError:
            return None
        # A file system that knows only whole seconds would hide a second change within one.
        is_exact = found.st_mtime_ns % 1_000_000_000
        return _version(found) if is_exact and abs(time.time() - found.st_mtime) > _TICK_SECONDS else None

    @cached_property
    def folder(self) -> str:
        """The folder of the WAL."""
        return os.path.dirname(self._real_path)  # noqa: PTH120 - a text, which `stat` takes faster than a path

    @cached_property
    def _name(self) -> str:
        return str(self.path)

    @cached_property
    def _real_path(self) -> str:
        # If the path is a link, SQLite puts the other files beside the file that it leads to.
        return os.path.realpath(self.path)

    def number(self) -> FileNumber | None:
        """Return the number that identifies the database's file; None if there is none."""
        return self.number_and_links()[0]

    def number_and_links(self) -> tuple[FileNumber | None, int]:
        """Return the number of the database's file, and how many names it has; None and 0 if there is none."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - before each append; pathlib would take three times as long
        except FileNotFoundError:
            return None, 0
        return (found.st_dev, found.st_ino), found.st_nlink

    def may_be_written(self) -> bool:
        """Say whether this process may write the file, and create files beside it."""
        return _permits(self.path, os.W_OK) and _permits(Path(self._real_path).parent, os.W_OK)

    def why_not_alone(self) -> str | None:
        """Return why writing to the file could lose events, and what to do, if it has other names; else None.

        SQLite puts a WAL beside each name, and the locks of one do not guard the others
        (https://sqlite.org/howtocorrupt.html, section 2.4).
        """
        _, links = self.number_and_links()
        if links < 2:
            return None
        return (
            f"its file has {counted(links, 'hard link')}, and SQLite keeps a WAL for each name, so events could be "
            f"lost; copy it into a new journal with `esjournal copy`, or remove the other names, which "
            f"`find FOLDER -samefile {quoted(str(self.path))}` shows"
        )

    def have_more_than_the_database(self) -> bool:
        """Say whether there is a WAL or a rollback journal whose content belongs to the database."""
        return any(_size(f"{self._real_path}{suffix}") for suffix in ("-wal", "-journal"))

    def size(self) -> int:
        """Return the bytes of the file and its WAL."""
        return _size(self._real_path) + _size(f"{self._real_path}-wal")

    def version(self) -> FileVersion | None:
        """Return a value that changes with every write to the database's file, None if it has just been written.

        The clock of a file system ticks every few milliseconds, and a second write within the same tick would not show.
        """
        found = self.path.stat()
        return _version(found) if abs(time.time() - found.st_mtime) > _TICK_SECONDS else None

    def is_at(self, version: FileVersion) -> bool:
        """Say whether the database's file was not written since it had a version."""
        return _version(self.path.stat()) == version


def _number(path: str) -> FileNumber | None:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _version(found: os.stat_result) -> FileVersion:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0


def _permits(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _make_without_opening(path: Path) -> None:
    # Another thread may connect to the file as soon as it has a name; closing a descriptor would drop that lock.
    if sys.platform == "linux":
        os.mknod(path, _NEW_FILE_MODE)
    else:
        # Elsewhere only root may call mknod. This file gets its name when it is complete.
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as made:
            os.link(made.name, path)

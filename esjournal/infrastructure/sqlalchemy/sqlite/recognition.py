"""Tells the files of a SQLite database from other files, by asking SQLite."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from esjournal.exceptions import UnusableFile
from esjournal.infrastructure.sqlalchemy.sqlite.databasefiles import ENDINGS_OF_FILES, DatabaseFiles


def database_of(path: str) -> str | None:
    """Return the SQLite database that a file belongs to: the file itself, or one whose WAL, for example, has its name.

    Args:
        path: a file, which need not exist; links are followed.

    Returns:
        The path of the database; None if there is none.

    Raises:
        UnusableFile: SQLite cannot read the file.
    """
    path = os.path.realpath(path)
    databases = (path.removesuffix(ending) for ending in ENDINGS_OF_FILES if path.endswith(ending))
    return next(filter(_is_database, databases), None)


def _is_database(path: str) -> bool:
    try:
        found = Path(path).stat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return False
    # Another process may be about to write the first page.
    if DatabaseFiles(Path(path)).have_more_than_the_database():
        return True
    if not found.st_size:
        return False
    # Immutable: SQLite waits for no lock, and makes no WAL. It only reads the first pages.
    target = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(target, uri=True)) as connection:
            [pages] = connection.execute("SELECT page_count FROM pragma_page_count").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            return False
        if error.sqlite_errorcode == sqlite3.SQLITE_CORRUPT:
            return True
        raise UnusableFile(
            f"{path} cannot be read to see whether it is a SQLite database ({error}): name another file, or remove "
            f"this one first"
        ) from None
    return bool(pages)

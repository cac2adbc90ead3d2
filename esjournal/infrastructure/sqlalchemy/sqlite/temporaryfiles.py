"""Where SQLite puts what does not fit into memory."""

from __future__ import annotations

import os
from pathlib import Path

_VARIABLES = ("SQLITE_TMPDIR", "TMPDIR")
_FOLDERS = ("/var/tmp", "/usr/tmp", "/tmp")


def temporary_folder_of_sqlite() -> str:
    """Return the folder of SQLite's temporary files: the first that may be written, as SQLite chooses it.

    The order is that of https://sqlite.org/tempfiles.html, section 5.
    """
    named = [os.environ.get(variable, "") for variable in _VARIABLES]
    return next(filter(_may_be_written, (*named, *_FOLDERS)), ".")


def _may_be_written(folder: str) -> bool:
    return bool(folder) and Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)

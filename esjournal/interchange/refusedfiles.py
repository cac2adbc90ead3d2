"""What a file is that SQLite has refused as a database."""

from __future__ import annotations

from pathlib import Path

from esjournal.exceptions import UnusableFile
from esjournal.interchange import decompression
from esjournal.interchange.inputkinds import compression_of, not_a_journal


def reason_not_a_journal(path: str) -> str | None:
    """Return what a file is by its first bytes, and the command that uses it; None if it is not known.

    Args:
        path: a file that SQLite has just refused as a database, and that has no WAL beside it.
    """
    # Closing a file drops all locks that this process has on it. Nothing depends on one here: our connection is closed,
    # and any other one of this process would have been refused as well, or have a WAL beside the file.
    try:
        with Path(path).open("rb") as file:
            first = file.read(decompression.BLOCK_BYTES)
    except OSError:
        return None
    compression = compression_of(first)
    try:
        content, _ = decompression.beginning(decompression.decompressed(iter([first]), path, path))
    except (UnusableFile, *decompression.CORRUPT):
        content = b""
    return not_a_journal(content, path, compression)

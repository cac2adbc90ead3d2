"""The two formats of files, chosen by name; loads nothing, so that the command line can name them in its help."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """A format that events are written to files in."""

    NDJSON = "ndjson"
    CSV = "csv"


def format_of(path: str) -> FileFormat:
    """Return the format that a file's name tells: CSV for .csv, compressed or not, and NDJSON for any other."""
    bare = path.lower().removesuffix(".gz").removesuffix(".zst")
    return FileFormat.CSV if bare.endswith(".csv") else FileFormat.NDJSON

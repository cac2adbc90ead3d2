"""The formats of files, chosen by name; loads nothing, so that the command line can name them in its help."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """A format that events are written to files in."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


def format_of(path: str) -> FileFormat:
    """Return the format that a file's name tells, compressed or not: NDJSON where it is neither .csv nor .parquet."""
    bare = path.lower().removesuffix(".gz").removesuffix(".zst")
    if bare.endswith(".parquet"):
        return FileFormat.PARQUET
    return FileFormat.CSV if bare.endswith(".csv") else FileFormat.NDJSON

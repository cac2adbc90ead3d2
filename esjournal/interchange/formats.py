"""The formats of files, chosen by name; loads nothing, so that the command line can name them in its help."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """A format that events are written to files in."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


def is_file_of_events(path: str) -> bool:
    """Say whether a name is that of a file of events that can be read, compressed or not: .ndjson, .jsonl or .csv."""
    return "://" not in path and _uncompressed(path).endswith((".ndjson", ".jsonl", ".csv"))


def format_of(path: str) -> FileFormat:
    """Return the format that a file's name tells, compressed or not: NDJSON where it is neither .csv nor .parquet."""
    bare = _uncompressed(path)
    if bare.endswith(".parquet"):
        return FileFormat.PARQUET
    return FileFormat.CSV if bare.endswith(".csv") else FileFormat.NDJSON


def _uncompressed(path: str) -> str:
    return path.lower().removesuffix(".gz").removesuffix(".zst")

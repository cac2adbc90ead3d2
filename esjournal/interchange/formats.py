"""The format and the compression of a file by its name. Imports little, so that options can be checked quickly."""

from __future__ import annotations

from esjournal.domain.choices import FileFormat

# The name of standard input, or standard output, instead of a file.
STANDARD_STREAM = "-"

_EVENTS = (".ndjson", ".jsonl", ".json", ".csv")
_COMPRESSED = (".gz", ".zst")


def is_file_of_events(path: str) -> bool:
    """Say whether a name is one of a file of events: .ndjson, .jsonl, .json or .csv, compressed or not."""
    return "://" not in path and uncompressed(path).endswith(_EVENTS)


def compression_by_name(path: str) -> str | None:
    """Return the ending for a file's compression, in lower case: .gz or .zst."""
    return next((ending for ending in _COMPRESSED if path.lower().endswith(ending)), None)


def format_of(path: str) -> FileFormat:
    """Return the format of a file by its name, compressed or not: NDJSON unless it is .csv or .parquet."""
    bare = uncompressed(path)
    if bare.endswith(".parquet"):
        return FileFormat.PARQUET
    return FileFormat.CSV if bare.endswith(".csv") else FileFormat.NDJSON


def uncompressed(path: str) -> str:
    """Return a name in lower case, without the ending for its compression."""
    return path.lower().removesuffix(compression_by_name(path) or "")

"""What the name of a file says of its format and its compression; loads nothing, so that options can be checked."""

from __future__ import annotations

from esjournal.domain.choices import FileFormat

# How a command names standard input, or standard output, in the place of a file.
STANDARD_STREAM = "-"

_EVENTS = (".ndjson", ".jsonl", ".json", ".csv")
_COMPRESSED = (".gz", ".zst")


def is_file_of_events(path: str) -> bool:
    """Say whether a name is that of a file of events: .ndjson, .jsonl, .json or .csv, compressed or not."""
    return "://" not in path and uncompressed(path).endswith(_EVENTS)


def compression_by_name(path: str) -> str | None:
    """Return the ending that says how a file is compressed, in lower case: .gz or .zst."""
    return next((ending for ending in _COMPRESSED if path.lower().endswith(ending)), None)


def format_of(path: str) -> FileFormat:
    """Return the format that a file's name tells, compressed or not: NDJSON where it is neither .csv nor .parquet."""
    bare = uncompressed(path)
    if bare.endswith(".parquet"):
        return FileFormat.PARQUET
    return FileFormat.CSV if bare.endswith(".csv") else FileFormat.NDJSON


def uncompressed(path: str) -> str:
    """Return a name in lower case, without the ending that says how the file is compressed."""
    return path.lower().removesuffix(compression_by_name(path) or "")

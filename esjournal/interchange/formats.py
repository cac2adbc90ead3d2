"""The format and the compression of a file by its name. Imports little, so that options can be checked quickly."""

from __future__ import annotations

from collections.abc import Collection

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, RecordedEvent

# The name of standard input, or standard output, instead of a file.
STANDARD_STREAM = "-"

# The columns of events in CSV and Parquet; those that only some events have are there only if one has them.
COLUMNS = (*RecordedEvent._fields, SEQUENCE_NAME)
_ADDED = {*ADDED_FIELDS, SEQUENCE_NAME}

COMMA = ","
TAB = "\t"
# What separates the fields in nearly all CSV that there is.
USUAL_DELIMITERS = (COMMA, ";", TAB, "|")

_DELIMITED_BY_TABS = ".tsv"
_EVENTS = (".ndjson", ".jsonl", ".json", ".csv", _DELIMITED_BY_TABS)
_COMPRESSED = (".gz", ".zst")


def is_file_of_events(path: str) -> bool:
    """Say whether a name is one of a file of events: .ndjson, .jsonl, .json, .csv or .tsv, compressed or not."""
    return "://" not in path and uncompressed(path).endswith(_EVENTS)


def compression_by_name(path: str) -> str | None:
    """Return the ending for a file's compression, in lower case: .gz or .zst."""
    return next((ending for ending in _COMPRESSED if path.lower().endswith(ending)), None)


def format_of(path: str) -> FileFormat:
    """Return the format of a file by its name, compressed or not: NDJSON unless it is .csv, .tsv or .parquet."""
    bare = uncompressed(path)
    if bare.endswith(".parquet"):
        return FileFormat.PARQUET
    return FileFormat.CSV if bare.endswith((".csv", _DELIMITED_BY_TABS)) else FileFormat.NDJSON


def delimiter_by_name(path: str) -> str:
    """Return what separates the fields of a CSV file: a tab if it is named .tsv, compressed or not, else a comma."""
    return TAB if uncompressed(path).endswith(_DELIMITED_BY_TABS) else COMMA


def delimiter_option(delimiter: str) -> tuple[str, str]:
    """Return the option that names a delimiter, as two words."""
    return "--delimiter", "tab" if delimiter == TAB else delimiter


def columns_with(added: Collection[str]) -> list[str]:
    """Return the columns of events.

    Args:
        added: those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
    """
    return [name for name in COLUMNS if name not in _ADDED or name in added]


def uncompressed(path: str) -> str:
    """Return a name in lower case, without the ending for its compression."""
    return path.lower().removesuffix(compression_by_name(path) or "")

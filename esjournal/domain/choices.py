"""What can be chosen by name on the command line and in URLs; loads nothing, so that help can name it."""

from __future__ import annotations

from enum import StrEnum


class LayoutName(StrEnum):
    """The library whose tables are read in place of a journal's."""

    EVENTSOURCING = "eventsourcing"
    EVENTSOURCING_4 = "eventsourcing-4"
    MESSAGE_DB = "message-db"


class SequenceOrder(StrEnum):
    """What sequences are sorted by: id, most events first, oldest first event, or most recent event."""

    ID = "id"
    EVENTS = "events"
    FIRST = "first"
    LAST = "last"


class FileFormat(StrEnum):
    """A format that events are written to files in."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class OutputFormat(StrEnum):
    """How a command prints events."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


class LinesFormat(StrEnum):
    """How a command prints one line for each thing."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


class AnswerFormat(StrEnum):
    """How a command prints one answer."""

    TABLE = "table"
    JSON = "json"

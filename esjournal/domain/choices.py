"""The values that options and URLs accept by name. Imports nothing else, so that help stays fast."""

from __future__ import annotations

from enum import StrEnum


class LayoutName(StrEnum):
    """The library whose tables are read instead of a journal's."""

    EVENTSOURCING = "eventsourcing"
    EVENTSOURCING_4 = "eventsourcing-4"
    MESSAGE_DB = "message-db"


class SequenceOrder(StrEnum):
    """What sequences are sorted by: id, most events first, oldest first event, or most recent event."""

    ID = "id"
    NAME = "name"
    EVENTS = "events"
    FIRST = "first"
    LAST = "last"


class FileFormat(StrEnum):
    """The format of a file of events."""

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
    """How a command prints a list, one item a line."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


class ColorChoice(StrEnum):
    """When a command uses colours: on a capable terminal, everywhere, or nowhere."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class AnswerFormat(StrEnum):
    """How a command prints a single result."""

    TABLE = "table"
    JSON = "json"


class Shell(StrEnum):
    """A shell that has a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Completed(StrEnum):
    """What a word on a command line is the beginning of: a sequence is named by its name or its id."""

    TYPES = "types"
    NAMES = "names"
    SEQUENCES = "sequences"

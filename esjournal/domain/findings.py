"""Findings, the faults of a journal, and warnings about its store, as data; docs/findings.md explains each kind."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

# The place of a finding if only the database's own text says what is damaged.
WHOLE = "database"


class FindingKind(StrEnum):
    """The kind of a finding, in one word; `docs/findings.md` has a section for each."""

    MISSING_POSITION = "missing-position"
    MISSING_VERSION = "missing-version"
    BAD_POSITION = "bad-position"
    CONFLICT = "conflict"
    BAD_ID = "bad-id"
    BAD_VERSION = "bad-version"
    BAD_TYPE = "bad-type"
    BAD_STATE = "bad-state"
    BAD_MOMENT = "bad-moment"
    BAD_METADATA = "bad-metadata"
    BAD_EVENT_ID = "bad-event-id"
    BAD_NAME = "bad-name"
    BAD_LINE = "bad-line"
    UNMAPPED = "unmapped"
    SCHEMA = "schema"
    INDEX = "index"
    # What cannot be read, and what the database's own check reports.
    INTEGRITY = "integrity"
    SEQUENCE = "sequence"


class Finding(NamedTuple):
    """A fault in a journal.

    `place` says where: global positions (`5`, `5..7`), versions of a sequence (`<id>@3..4`), a line of a file
    (`events.ndjson:5`), or the name of a table or an index. `detail` says what is wrong.
    """

    kind: FindingKind
    place: str
    detail: str


class WarningKind(StrEnum):
    """The kind of a warning, in one word; `docs/findings.md` has a section for each."""

    WAL_RESET_BUG = "wal-reset-bug"
    JOURNAL_MODE = "journal-mode"
    HARD_LINKS = "hard-links"
    SYNCHRONOUS = "synchronous"
    SERVER_SETTING = "server-setting"
    SEQUENCE = "sequence"
    OUT_OF_ORDER = "out-of-order"


class StoreWarning(NamedTuple):
    """What could lose events of a store, or hide them from readers; `text` says it, and what to do."""

    kind: WarningKind
    text: str

"""What each kind of finding and warning means, and what to do about it, in a clause each.

The page has more to say: docs/findings.md, with a section for each kind.
"""

from __future__ import annotations

from typing import NamedTuple

from esjournal.domain.findings import FindingKind, WarningKind

PAGE = "docs/findings.md"
# Below this width there is no room for the place on the page.
_ROOM_FOR_PAGE = 80


class Explanation(NamedTuple):
    """What a kind of finding means in plain words, and what to do next."""

    meaning: str
    next_step: str


_CORRECTED = "correct the event in an export, and import that into a new journal"

FINDINGS = {
    FindingKind.MISSING_POSITION: Explanation(
        "no event is at these global positions: it was deleted, or lost",
        "look for it in a backup with `esjournal diff`",
    ),
    FindingKind.MISSING_VERSION: Explanation(
        "no event of the sequence is at these versions: it was left out, deleted, or lost",
        "look for it in a backup with `esjournal diff`, and append it at its version",
    ),
    FindingKind.BAD_POSITION: Explanation(
        "the global position of an event is less than 1, or that of another event",
        "give the event the position after the last one, in the database",
    ),
    FindingKind.CONFLICT: Explanation(
        "two different events are at the same version of a sequence",
        "find out which one is right, and give the other one a free version",
    ),
    FindingKind.BAD_ID: Explanation("the id of a sequence is not a UUID as esjournal writes it", _CORRECTED),
    FindingKind.BAD_VERSION: Explanation("the version of an event is not a number from 0", _CORRECTED),
    FindingKind.BAD_TYPE: Explanation("an event type is not one that an event may have", _CORRECTED),
    FindingKind.BAD_STATE: Explanation(
        "a state is not a JSON object", f"leave it if it is encrypted; otherwise {_CORRECTED}"
    ),
    FindingKind.BAD_MOMENT: Explanation("the time of an event is not one that esjournal writes", _CORRECTED),
    FindingKind.BAD_METADATA: Explanation("the metadata of an event are not a JSON object", _CORRECTED),
    FindingKind.BAD_EVENT_ID: Explanation("the id of an event is not a UUID as esjournal writes it", _CORRECTED),
    FindingKind.BAD_NAME: Explanation(
        "the name of a sequence is not the one that its id is derived from",
        "delete the row of the name in the database; the sequence stays",
    ),
    FindingKind.BAD_LINE: Explanation(
        "a line of the file is not an event, or the file was cut off",
        "correct the line, put it aside with `esjournal import --rejects`, or fetch the file again",
    ),
    FindingKind.UNMAPPED: Explanation(
        "no class in the imported modules is registered for the event type",
        "name the module that has it with --events, or register the type for a class",
    ),
    FindingKind.SCHEMA: Explanation(
        "a table is not as `esjournal init` makes it",
        "run `esjournal init`; if the finding stays, export the journal, and import it into a new one",
    ),
    FindingKind.INDEX: Explanation(
        "an index is missing, so that reads are slow, or two events may get the same place", "run `esjournal init`"
    ),
    FindingKind.INTEGRITY: Explanation(
        "something cannot be read, or the database has found damage",
        "stop writing, keep a copy of the files, and restore a backup",
    ),
    FindingKind.SEQUENCE: Explanation(
        "the database would give new events global positions that are taken", "run the SELECT that the finding names"
    ),
}

# Only where a warning itself does not say it.
_NEXT_STEPS = {WarningKind.SYNCHRONOUS: "leave it as esjournal sets it"}


def explanation_of(kind: FindingKind, width: int) -> str:
    """Return what a kind of finding means, and what to do next.

    Args:
        kind: the kind.
        width: the width of the terminal; a wide one has room for where the page says more.
    """
    meaning, next_step = FINDINGS[kind]
    return f"{meaning}; {next_step}{_page(kind, width)}"


def next_step_of(kind: WarningKind, width: int) -> str:
    """Return what a warning leaves to be said: what to do, unless it says that itself, and where the page says more."""
    next_step = _NEXT_STEPS.get(kind)
    return f"{f'; {next_step}' if next_step else ''}{_page(kind, width)}"


def _page(kind: FindingKind | WarningKind, width: int) -> str:
    return f" ({PAGE}#{kind})" if width >= _ROOM_FOR_PAGE else ""

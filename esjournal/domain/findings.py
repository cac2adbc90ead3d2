"""Findings: the faults of a journal, as data."""

from __future__ import annotations

from typing import NamedTuple

# The kind of findings about what cannot be read, and of those that the database's own check reports.
INTEGRITY = "integrity"
# The place of a finding if only the database's own text says what is damaged.
WHOLE = "database"


class Finding(NamedTuple):
    """A fault in a journal.

    `kind` is one word. `place` says where: global positions (`5`, `5..7`), versions of a sequence (`<id>@3..4`), a line
    of a file (`events.ndjson:5`), or the name of a table or an index. `detail` says what is wrong.
    """

    kind: str
    place: str
    detail: str

"""Findings: what is wrong in a journal, as data."""

from __future__ import annotations

from typing import NamedTuple

# The kind of what cannot be read, or what the database itself says of a journal.
INTEGRITY = "integrity"


class Finding(NamedTuple):
    """Something in a journal that is not as it must be.

    `kind` is one word; `place` is where: global positions (`5`, `5..7`), versions of a sequence (`<id>@3..4`), a line
    of a file (`events.ndjson:5`), or the name of a table or an index; `detail` says what is wrong there.
    """

    kind: str
    place: str
    detail: str

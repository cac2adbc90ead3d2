"""The kinds of values that the columns of events have: SQLite keeps any value anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esjournal.domain.model.sequencenames import NamedId
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_FIELDS = ("originator_id", "originator_version", "event_type", "state")
_KINDS = (str, int, str, str)
_WORDS = {str: "text", int: "integer"}
_FITTING = {_KINDS, (NamedId, *_KINDS[1:])}


def check_kinds(rows: Sequence[tuple[Any, ...]]) -> None:
    """Hold rows that begin with id, version, type and state against what these must be.

    Args:
        rows: perhaps with a global position behind the state.

    Raises:
        InvalidData: a value is of another kind.
    """
    if {tuple(map(type, row[:4])) for row in rows} <= _FITTING:
        return
    for row in rows:
        for name, kind, value in zip(_FIELDS, _KINDS, row, strict=False):
            if not isinstance(value, kind):
                place = f"global position {row[4]}" if len(row) > len(_FIELDS) else f"sequence {shortened(row[0])}"
                raise InvalidData(f"{place}: {name} is {shortened(value)}, and no {_WORDS[kind]}")

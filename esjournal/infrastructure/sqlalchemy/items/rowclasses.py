"""The Python classes of the values in rows.

SQLite stores any value in any column of a table that is not strict, and damage can turn text into a BLOB in any table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

from esjournal.domain.text import shortened

# The allowed classes of a column's values; none if any value is allowed.
Classes = frozenset[type]

TEXT, INTEGER = frozenset({str}), frozenset({int})
OPTIONAL_TEXT = TEXT | {type(None)}
_EVENT = (TEXT, INTEGER, TEXT, TEXT, TEXT, OPTIONAL_TEXT, OPTIONAL_TEXT, INTEGER)


def are_of_classes(rows: Sequence[tuple[Any, ...]], classes: tuple[Classes, ...]) -> bool:
    """Say whether the values of rows are of the classes of their columns.

    Args:
        rows: the rows.
        classes: the allowed classes of each column.
    """
    if classes == _EVENT:
        return _are_events(rows)
    return all(
        set(map(type, map(itemgetter(index), rows))) <= classes[index]
        for index in compress(range(len(classes)), classes)
    )


def misfit(
    rows: Sequence[tuple[Any, ...]], names: tuple[str, ...], classes: tuple[Classes, ...]
) -> tuple[tuple[Any, ...], str] | None:
    """Return the first row with a value of another class, and what is wrong with it; None if there is none.

    Args:
        rows: the rows.
        names: the name of each column.
        classes: the allowed classes of each column.
    """
    if are_of_classes(rows, classes):
        return None
    return next(
        (row, f"{name} {shortened(value)} is {type(value).__name__}, not {_wanted(allowed)}")
        for row in rows
        for name, allowed, value in zip(names, classes, row, strict=True)
        if allowed and type(value) not in allowed
    )


def _wanted(allowed: Classes) -> str:
    return " or ".join(sorted(kind.__name__ for kind in allowed))


def _are_events(rows: Sequence[tuple[Any, ...]]) -> bool:
    # One expression: an export checks every event, and a set of classes for each column takes twice as long. The global
    # position is left out, because positions are compared with each other anyway.
    return not [
        None
        for originator_id, version, event_type, state, recorded_at, metadata, event_id, _ in rows
        if originator_id.__class__ is not str
        or version.__class__ is not int
        or event_type.__class__ is not str
        or state.__class__ is not str
        or recorded_at.__class__ is not str
        or (metadata is not None and metadata.__class__ is not str)
        or (event_id is not None and event_id.__class__ is not str)
    ]

"""Rows of other libraries' tables: the types of their values, and the time in the state of an event."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from esjournal.domain.model import rules
from esjournal.domain.model.sequencenames import NamedId
from esjournal.domain.state.numbers import exact, scaled_integer
from esjournal.domain.state.values import Number
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_FIELDS = ("originator_id", "originator_version", "event_type", "state")
_KINDS = (str, int, str, str)
_WORDS = {str: "text", int: "an integer"}
_FITTING = {_KINDS, (NamedId, *_KINDS[1:])}
# How eventsourcing 9 writes the time of an event; nearly every state begins with it.
_AT_THE_START = re.compile(
    r'\{"timestamp":\{"_type_":"datetime_iso","_data_":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\+00:00"\}', re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# There are 253,402,300,800 seconds from 1970 to the end of the year 9999.
_DIGITS_OF_MICROSECONDS = 18


def check_kinds(rows: Sequence[tuple[Any, ...]]) -> None:
    """Check that rows of id, version, type and state have values of the right types.

    Args:
        rows: the rows, with or without a global position after the state.

    Raises:
        InvalidData: a value is of another type; SQLite stores any value in any column.
    """
    if {tuple(map(type, row[:4])) for row in rows} <= _FITTING:
        return
    for row in rows:
        for name, kind, value in zip(_FIELDS, _KINDS, row, strict=False):
            if not isinstance(value, kind):
                where = f"global position {row[4]}" if len(row) > len(_FIELDS) else f"sequence {shortened(row[0])}"
                raise InvalidData(f"{where}: {name} is {shortened(value)}, not {_WORDS[kind]}")


def with_times(rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """Return rows of id, version, type and state with the time from the state, and neither metadata nor event ids."""
    return [(*row[:4], time_of(row[3]), None, None, *row[4:]) for row in rows]


def time_of(state: Any) -> str | None:
    """Return the time in the field `timestamp` of a state, in canonical form; None if there is none.

    It is an ISO 8601 time, as in eventsourcing 9, or a number of seconds since 1970, as in eventsourcing 2 to 4.
    """
    if not isinstance(state, str):
        return None
    if found := _AT_THE_START.match(state):
        return f"{found[1]}Z" if _is_in_the_calendar(found[1]) else None
    if '"timestamp"' not in state or not state.startswith("{"):
        return None
    try:
        value = json.loads(state, parse_float=Number, parse_int=Number)["timestamp"]
        return _seconds(value) if isinstance(value, Number) else rules.recorded_at(_text(value))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, InvalidData):
        return None


def _is_in_the_calendar(time: str) -> bool:
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True


def _seconds(value: Number) -> str | None:
    # The exponent may be huge: a number that cannot be a time must not become an integer.
    microseconds = scaled_integer(exact(value), 6, most_digits=_DIGITS_OF_MICROSECONDS)
    if microseconds is None:
        return None
    return rules.recorded_at_text(_EPOCH + timedelta(microseconds=microseconds))


def _text(value: Any) -> str:
    return str(value["_data_"] if isinstance(value, dict) else value)

"""The values of an answer to a query in SQL, as text and as JSON."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from esjournal.domain.state.values import Number, is_json, text_of
from esjournal.exceptions import InvalidData, InvalidQuery

# What is inside of others has one of these types too.
_NESTED = frozenset({"list", "array", "struct", "map"})
_INTEGERS = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
)
_NUMBERS = _INTEGERS | {"decimal", "float", "double"}
_OTHERS = frozenset({"null", "sqlnull", "boolean", "varchar", "blob", "uuid", "enum", "date", "time", "interval"})
_TIMES = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp with time zone"})
_KNOWN = _NESTED | _NUMBERS | _OTHERS | _TIMES
_NANOSECONDS = 1_000

Convert = Callable[[Any], Any]


def is_number(kind: Any) -> bool:
    """Say whether a type is one of numbers, which are aligned at their ends."""
    return kind.id in _NUMBERS


def check_kind(column: str, kind: Any) -> None:
    """Refuse a column whose values cannot be shown exactly.

    Raises:
        InvalidQuery: its DuckDB type is a rare one.
    """
    if not _is_known(kind):
        raise InvalidQuery(
            f"the column {column} is {kind}, which has no form here: write CAST(... AS VARCHAR) AS {column}"
        )


def _is_known(kind: Any) -> bool:
    return kind.id in _KNOWN and all(map(_is_known, _parts(kind)))


def _parts(kind: Any) -> list[Any]:
    # The size of an array is among its children.
    return [child for _, child in kind.children if hasattr(child, "id")] if kind.id in _NESTED else []


def texts(column: str, values: Any, kind: Any) -> list[str | None]:
    """Return the values of a column as text, None for NULL.

    Args:
        column: its name, for messages.
        values: an Arrow array.
        kind: its DuckDB type.

    Raises:
        InvalidData: a time is outside of the years 1 to 9999.
    """
    convert = _text_by(kind)
    return [None if value is None else convert(value) for value in _listed(column, values)]


def json_texts(column: str, values: Any, kind: Any) -> list[str]:
    """Return the values of a column as JSON on one line; NULL, NaN and the infinities are null.

    Args:
        column: its name, for messages.
        values: an Arrow array.
        kind: its DuckDB type.

    Raises:
        InvalidData: a time is outside of the years 1 to 9999.
    """
    convert = _plain_by(kind)
    return [text_of(None if value is None else convert(value)) for value in _listed(column, values)]


def _listed(column: str, values: Any) -> list[Any]:
    try:
        found: list[Any] = values.to_pylist()
    except (ValueError, OverflowError) as error:
        raise InvalidData(
            f"the column {column} has a time that is outside of the years 1 to 9999: cast it to VARCHAR"
        ) from error
    return found


def _text_by(kind: Any) -> Convert:
    if kind.id in ("float", "double"):
        return _double_text
    if kind.id == "boolean":
        return lambda value: "true" if value else "false"
    if kind.id in _NESTED:
        plain = _plain_by(kind)
        return lambda value: text_of(plain(value))
    # The text of JSON stays as it is.
    plain = str if kind.id == "varchar" else _plain_by(kind)
    return lambda value: str(plain(value))


def _double_text(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _plain_by(kind: Any) -> Convert:
    """Return what makes a value of JSON of a value; texts of JSON and numbers are written as they are."""
    if kind.id in _NESTED:
        return _nested_by(kind)
    if kind.id in _INTEGERS:
        return lambda value: Number(int(value))
    if str(kind) == "JSON":
        return _of_json
    return _PLAIN.get(kind.id, _instant if kind.id in _TIMES else str)


def _nested_by(kind: Any) -> Convert:
    if kind.id == "struct":
        members = {name: _or_null(_plain_by(child)) for name, child in kind.children}
        return lambda values: {name: convert(values[name]) for name, convert in members.items()}
    *keys, item = (_or_null(_plain_by(part)) for part in _parts(kind))
    if keys:
        [key] = keys
        return lambda values: {str(key(name)): item(value) for name, value in values}
    return lambda values: [item(value) for value in values]


def _or_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _of_json(text: str) -> Any:
    # A line end is outside of all strings, where it means nothing.
    return Number(text.replace("\r", " ").replace("\n", " ")) if is_json(text) else text


def _iso(value: date | time) -> str:
    return value.isoformat()


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _interval(value: Any) -> str:
    months, days, nanoseconds = value
    parts = [
        f"{number} {unit}{'' if abs(number) == 1 else 's'}"
        for number, unit in ((months, "month"), (days, "day"))
        if number
    ]
    if nanoseconds or not parts:
        clock = timedelta(microseconds=abs(nanoseconds) // _NANOSECONDS)
        hours, seconds = divmod(clock, timedelta(hours=1))
        minutes, seconds = divmod(seconds, timedelta(minutes=1))
        sign = "-" if nanoseconds < 0 else ""
        parts.append(f"{sign}{hours:02}:{minutes:02}:{seconds / timedelta(seconds=1):09.6f}")
    return " ".join(parts)


_PLAIN: dict[str, Convert] = {
    "boolean": bool,
    "float": lambda value: Number(repr(value)) if math.isfinite(value) else None,
    "double": lambda value: Number(repr(value)) if math.isfinite(value) else None,
    "decimal": lambda value: Number(f"{value:f}"),
    "blob": lambda value: base64.b64encode(value).decode(),
    "date": _iso,
    "time": _iso,
    "interval": _interval,
}

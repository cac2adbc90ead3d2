"""The values that a column accepts: one set of rules for every writer.

What one database refuses, another stores or changes: SQLite accepts U+0000 and text of any length, and PostgreSQL
rounds 1.5 to 2. So values are checked before anything is sent, a whole column at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Uuid,
)
from sqlalchemy.types import TypeEngine

from esjournal.domain.model import rules
from esjournal.domain.model.rules import MAX_VERSION
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData


@dataclass(frozen=True)
class Rule:
    """The values that a field accepts.

    `fits` says whether all of many values are allowed and in canonical form. `canonical` takes the name of a field and
    a value, and returns the value in canonical form or raises InvalidData. `optional` also allows None.
    """

    fits: Callable[[Sequence[Any]], bool]
    canonical: Callable[[str, Any], Any]
    optional: bool = False

    def value(self, name: str, value: Any) -> Any:
        """Return a value in canonical form.

        Raises:
            InvalidData: the value is not allowed.
        """
        return None if value is None and self.optional else self.canonical(name, value)

    def values(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """Return many values in canonical form.

        Raises:
            InvalidData: one of them is not allowed; if there are several, the message says which.
        """
        known = values
        if self.optional and None in values:
            known = [value for value in values if value is not None]
        if self.fits(known):
            return values
        canonical = []
        for index, value in enumerate(values):
            try:
                canonical.append(self.value(name, value))
            except InvalidData as error:
                raise InvalidData(f"item {index + 1} of {len(values)}: {error}" if len(values) > 1 else error) from None
        return canonical


def rule_of(column: Column[Any], field: int | None = None) -> Rule:
    """Return the rule of a column.

    Args:
        column: a column of a record class. Types of this package have a `rule`; values of SQLAlchemy types that are not
            listed here are checked by the database only.
        field: the index of the item's field in this column: 0 is the sequence's id, 1 the position, 2 the topic and 3
            the data. An integer position that is written is never negative, and may be None for the next one. None for
            a value that is only compared with stored ones.
    """
    rule: Rule = getattr(column.type, "rule", None) or rule_of_type(column.type)
    # Only integers have a next one.
    has_next = False
    if field == _POSITION and isinstance(column.type, Integer):
        has_next, rule = True, _integers(0, _greatest(column.type))
    elif field == _TOPIC and isinstance(column.type, String):
        rule = TOPICS
    may_be_missing = column.nullable or column.default is not None
    optional = has_next or (may_be_missing and field not in _REQUIRED)
    return Rule(rule.fits, rule.canonical, optional)


_POSITION, _TOPIC = 1, 2
_REQUIRED = (None, 0, _POSITION, _TOPIC, 3)


def _refused(name: str, value: Any, wanted: str) -> InvalidData:
    return InvalidData(f"{name} {shortened(value)} is {type(value).__name__}, not {wanted}")


def _are(kind: type[Any], values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {kind}


def _exactly(kind: type[Any]) -> Rule:
    # No subclasses: a bool is an int, and one driver writes a member of a StrEnum as its name.
    def canonical(name: str, value: Any) -> Any:
        if type(value) is not kind:
            raise _refused(name, value, kind.__name__)
        return value

    return Rule(lambda values: _are(kind, values), canonical)


def _integers(least: int, greatest: int) -> Rule:
    def fits(values: Sequence[Any]) -> bool:
        return _are(int, values) and (not values or least <= min(values) <= max(values) <= greatest)

    def canonical(name: str, value: Any) -> Any:
        if type(value) is not int:
            raise _refused(name, value, "int")
        if not least <= value <= greatest:
            raise InvalidData(f"{name} {shortened(value)} is out of range: write an integer from {least} to {greatest}")
        return value

    return Rule(fits, canonical)


def _greatest(kind: Integer) -> int:
    if isinstance(kind, BigInteger):
        return MAX_VERSION
    return 2**15 - 1 if isinstance(kind, SmallInteger) else 2**31 - 1


def _texts(check: Callable[[str, str], str], are_sound: Callable[[Sequence[Any]], bool], longest: int | None) -> Rule:
    def fits(values: Sequence[Any]) -> bool:
        return _are(str, values) and are_sound(values) and (longest is None or all(len(v) <= longest for v in values))

    def canonical(name: str, value: Any) -> str:
        if type(value) is not str:
            raise _refused(name, value, "str")
        if longest is not None and len(value) > longest:
            raise InvalidData(f"{name} {shortened(value, 40)} is too long: {longest} characters are allowed")
        return check(value, name)

    return Rule(fits, canonical)


def _are_uuids(values: Sequence[Any]) -> bool:
    return all(issubclass(kind, UUID) for kind in set(map(type, values)))


def _uuid(name: str, value: Any) -> UUID:
    if not isinstance(value, UUID):
        raise _refused(name, value, "uuid.UUID")
    return value


def _are_ids(values: Sequence[Any]) -> bool:
    # Ids derived from names are of a subclass, which carries the name.
    return all(issubclass(kind, str) for kind in set(map(type, values))) and rules.are_canonical_ids(values)


def _id_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _refused(name, value, "str")
    return value if rules.are_canonical_ids([value]) else rules.originator_id(value, name)


def _are_time_texts(values: Sequence[Any]) -> bool:
    return _are(str, values) and rules.are_canonical_times(values)


def _time_text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise _refused(name, value, "str")
    return rules.recorded_at(value)


def _aware_time(name: str, value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise _refused(name, value, "datetime")
    if value.utcoffset() is None:
        raise InvalidData(f"{name} {value} has no time zone: give an aware datetime, such as datetime.now(UTC)")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidData(f"{name} {value} is outside of the years 1 to 9999 in UTC") from None


def _naive_time(name: str, value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise _refused(name, value, "datetime")
    if value.tzinfo is not None:
        raise InvalidData(f"{name} {value} has a time zone, which its column does not keep: give a naive datetime")
    return value


def _are_finite(values: Sequence[Any]) -> bool:
    return _are(float, values) and all(map(math.isfinite, values))


def _finite(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused(name, value, "float")
    try:
        number = float(value)
    except (OverflowError, ValueError):
        # An integer beyond a double, and a signalling NaN.
        number = math.nan
    if not math.isfinite(number):
        raise InvalidData(f"{name} {shortened(value)} is not a finite number that a float can hold")
    # A Decimal is accepted if the nearest float has the same digits: 1.1 is not exactly a double, but reads as one.
    if number != value and (not isinstance(value, Decimal) or Decimal(repr(number)) != value):
        raise InvalidData(f"{name} {shortened(value)} has more digits than a float can hold: round it")
    return number


def _no_rule(name: str, value: Any) -> Any:
    return value


UUIDS = Rule(_are_uuids, _uuid)
IDS_AS_TEXT = Rule(_are_ids, _id_text)
TOPICS = _texts(rules.event_type, rules.are_event_types, None)
STATES = _texts(rules.state_text, rules.are_storable, None)
# One by one, because few events have metadata.
OBJECTS = _texts(rules.json_object, lambda values: not values, None)
TIMES_AS_TEXT = Rule(_are_time_texts, _time_text)
TIMES = Rule(lambda values: all(type(value) is datetime and value.tzinfo is UTC for value in values), _aware_time)
NUMBERS = Rule(_are_finite, _finite)
ANYTHING = Rule(lambda values: True, _no_rule)


def rule_of_type(kind: TypeEngine[Any]) -> Rule:
    """Return the rule of one of SQLAlchemy's types."""
    if isinstance(kind, Uuid):
        return UUIDS if kind.as_uuid else IDS_AS_TEXT
    if isinstance(kind, DateTime):
        return TIMES if kind.timezone else Rule(lambda values: False, _naive_time)
    if isinstance(kind, Integer):
        greatest = _greatest(kind)
        return _integers(-greatest - 1, greatest)
    if isinstance(kind, String):
        return _texts(rules.state_text, rules.are_storable, kind.length)
    if isinstance(kind, Float):
        return NUMBERS
    exact: dict[type[Any], type[Any]] = {Boolean: bool, LargeBinary: bytes, Date: date}
    return next((_exactly(python) for cls, python in exact.items() if isinstance(kind, cls)), ANYTHING)

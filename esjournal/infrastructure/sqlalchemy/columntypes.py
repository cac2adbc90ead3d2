"""Column types: what a field of an item is in Python, and what it is in each database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

# From the top, and not from dialects.postgresql: loading that takes every process 20 ms, on SQLite too.
from sqlalchemy import (
    REAL,
    BigInteger,
    DateTime,
    Double,
    Integer,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from esjournal.domain.model.rules import recorded_at_text
from esjournal.infrastructure.sqlalchemy.items.columnrules import IDS_AS_TEXT, NUMBERS, TIMES, TIMES_AS_TEXT

# What the server's error says before and after a time that it cannot give.
OUTSIDE_YEARS = ("recorded_at is ", ", outside of the years 1 to 9999")
CANONICAL_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class _UUIDInText(TypeDecorator[UUID]):
    """A UUID in Python, 36 characters in the database: readable in the sqlite3 shell."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID:
        return UUID(value)


class _TimeInText(TypeDecorator[datetime]):
    """An aware datetime in Python, canonical text in UTC in the database: sorts as time does."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else recorded_at_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class _UUIDAsText(TypeDecorator[str]):
    """A uuid in PostgreSQL that is text in Python: the server casts it, which costs less than an object."""

    impl = Uuid(as_uuid=False)
    cache_ok = True
    rule = IDS_AS_TEXT

    def column_expression(self, column: Any) -> Any:
        return cast(column, Text)

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class _AwareTime(TypeDecorator[datetime]):
    """A timestamptz in PostgreSQL that is an aware datetime in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True
    rule = TIMES

    def column_expression(self, column: Any) -> Any:
        return within_years(column)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        # The session may have another time zone.
        return None if value is None else value.astimezone(UTC)


class _TimeAsText(TypeDecorator[str]):
    """A timestamptz in PostgreSQL that is canonical text in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True
    rule = TIMES_AS_TEXT

    def column_expression(self, column: Any) -> Any:
        catalog = func.pg_catalog
        in_utc = catalog.timezone(literal_column("'UTC'"), within_years(column))
        return catalog.to_char(in_utc, literal_column(f"'{CANONICAL_TIME}'"))


class Timestamp(TypeDecorator[float]):
    """Seconds since 1970, a float in Python and a double in the database: comes back equal, and sorts as time does."""

    impl = Double
    cache_ok = True
    rule = NUMBERS

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # What SQLite's strict tables call it.
        return dialect.type_descriptor(REAL() if dialect.name == "sqlite" else Double())


def within_years(time: Any, kind: TypeEngine[Any] | None = None) -> Any:
    """Return an expression of PostgreSQL that fails for times that four digits of a year cannot say.

    To PostgreSQL `infinity`, the year 12026 and 44 BC are times. Python has none of them, and `to_char` makes 0044 of
    the last. The server finds them while it reads: 336,776 events took it 0.49 seconds, and 0.46 without (medians of
    seven, on a machine that was busy).

    Args:
        moment: an expression.
        kind: its type, timestamptz by default.
    """
    first: Any = literal_column("'0001-01-01T00:00:00Z'")
    last: Any = literal_column("'9999-12-31T23:59:59.999999Z'")
    said = literal_column(f"'{OUTSIDE_YEARS[0]}'").concat(cast(time, Text))
    failing = cast(said.concat(literal_column(f"'{OUTSIDE_YEARS[1]}'")), kind or DateTime(timezone=True))
    return case((and_(time >= first, time <= last), time), else_=failing)


def sequence_id() -> TypeEngine[Any]:
    """Return the type of a sequence's id: a UUID in Python."""
    return Uuid().with_variant(_UUIDInText(), "sqlite")


def sequence_id_as_text(in_sqlite: TypeEngine[str] | None = None) -> TypeEngine[Any]:
    """Return the type of the same column where Python has its canonical text.

    Args:
        in_sqlite: the type in SQLite, where that is not the same text.
    """
    return _UUIDAsText().with_variant(in_sqlite or Text(), "sqlite")


def aware_time() -> TypeEngine[Any]:
    """Return the type of a moment: an aware datetime in Python."""
    return _AwareTime().with_variant(_TimeInText(), "sqlite")


def time_as_text() -> TypeEngine[Any]:
    """Return the type of the same column where Python has its canonical text."""
    return _TimeAsText().with_variant(Text(), "sqlite")


def big_integer() -> TypeEngine[Any]:
    """Return the type of an integer of 64 bits, which SQLite's strict tables call INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")


def now() -> datetime:
    """Return this moment, aware and in UTC."""
    return datetime.now(UTC)


def now_as_text() -> str:
    """Return this moment in canonical text."""
    return recorded_at_text(now())

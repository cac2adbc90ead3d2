"""Column types: the type of an item's field in Python and in each database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

# Not from dialects.postgresql: importing that takes 20 ms, and SQLite would need it too.
from sqlalchemy import (
    REAL,
    BigInteger,
    DateTime,
    Float,
    Integer,
    Table,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from esjournal.domain.model.rules import recorded_at_text
from esjournal.domain.model.sequencenames import with_name
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData
from esjournal.infrastructure.sqlalchemy.items.columnrules import IDS_AS_TEXT, NUMBERS, OBJECTS, TIMES, TIMES_AS_TEXT

# The server's error has these texts before and after a time that it cannot return.
OUTSIDE_YEARS = ("recorded_at is ", ", outside of the years 1 to 9999")
CANONICAL_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class _UUIDInText(TypeDecorator[UUID]):
    """A UUID in Python, 36 characters of text in the database: readable in the sqlite3 shell."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID:
        try:
            return UUID(value)
        except ValueError:
            raise InvalidData(f"{shortened(value)} is not a UUID") from None


class _TimeInText(TypeDecorator[datetime]):
    """An aware datetime in Python, canonical text in UTC in the database: sorts like times."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else recorded_at_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        try:
            return None if value is None else datetime.fromisoformat(value)
        except ValueError:
            raise InvalidData(f"{shortened(value)} is not a time") from None


class _UUIDAsText(TypeDecorator[str]):
    """A uuid in PostgreSQL that is text in Python: the server's cast costs less than a UUID object."""

    impl = Uuid(as_uuid=False)
    cache_ok = True
    rule = IDS_AS_TEXT

    def column_expression(self, column: Any) -> Any:
        return cast(column, Text)

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class _NamedIdAsText(TypeDecorator[str]):
    """An id that is text in Python, and carries its name, which is read from another table."""

    impl = Text
    cache_ok = False
    rule = IDS_AS_TEXT

    def __init__(self, names: Table, stored: TypeEngine[Any]) -> None:
        super().__init__()
        self.impl = self.impl_instance = stored  # type: ignore[assignment]
        self._names = names

    def column_expression(self, column: Any) -> Any:
        # One text, the id and perhaps a space and the name. An id that is not text stays as it is, and is found.
        name = select(self._names.c.name).where(self._names.c.originator_id == column).scalar_subquery()
        text = cast(column, Text)
        return func.coalesce(text.concat(literal_column("' '")).concat(name), text)

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return with_name(value) if isinstance(value, str) else value


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


class _ObjectAsText(TypeDecorator[str]):
    """A JSON object that is text in Python, and in the database."""

    impl = Text
    cache_ok = True
    rule = OBJECTS


class Timestamp(TypeDecorator[float]):
    """Seconds since 1970, a float in Python and a double in the database: comes back equal, and sorts like times."""

    # PostgreSQL calls a double FLOAT too, and strict tables of SQLite call it REAL.
    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Float().with_variant(REAL(), "sqlite")
    cache_ok = True
    rule = NUMBERS


def within_years(time: Any, kind: TypeEngine[Any] | None = None) -> Any:
    """Return a PostgreSQL expression that fails for times outside of the years 1 to 9999.

    PostgreSQL has the times `infinity`, the year 12026 and 44 BC. Python has none of them, and `to_char` writes the
    last as 0044. The server checks them while it reads: 336,776 events took 0.49 seconds, and 0.46 without the check
    (medians of seven, on a machine that was busy).

    Args:
        time: an expression.
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
    """Return the type of a sequence's id: its canonical text in Python.

    Args:
        in_sqlite: the type in SQLite, if it is not the same text there.
    """
    return _UUIDAsText().with_variant(in_sqlite or Text(), "sqlite")


def named_id_as_text(names: Table) -> TypeEngine[Any]:
    """Return the type of a sequence's id that carries the sequence's name, if it has one, to Python.

    Args:
        names: the table of names, with the columns `originator_id` and `name`.
    """
    return _NamedIdAsText(names, Uuid(as_uuid=False)).with_variant(_NamedIdAsText(names, Text()), "sqlite")


def object_as_text() -> TypeEngine[Any]:
    """Return the type of metadata: the text of a JSON object."""
    return _ObjectAsText()


def aware_time() -> TypeEngine[Any]:
    """Return the type of a time: an aware datetime in Python."""
    return _AwareTime().with_variant(_TimeInText(), "sqlite")


def time_as_text() -> TypeEngine[Any]:
    """Return the type of a time: its canonical text in Python."""
    return _TimeAsText().with_variant(Text(), "sqlite")


def big_integer() -> TypeEngine[Any]:
    """Return the type of a 64-bit integer, which strict tables of SQLite call INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")


def now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def now_as_text() -> str:
    """Return the current time in canonical text."""
    return recorded_at_text(now())

"""Checks that the table of a record class, such as one of SQLAlchemy's ORM, can hold items.

The check runs when a strategy is made, and has the same result on both databases. Otherwise one of them would store two
items at one place, and the other none at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import REAL, BigInteger, Column, DateTime, Float, Integer, Numeric, Table, UniqueConstraint
from sqlalchemy.types import TypeEngine

from esjournal.infrastructure.sequenceditem import SequencedItemFieldNames
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import writing_of
from esjournal.infrastructure.sqlalchemy.schema import place_names

# The bits of precision of a double, and the most that PostgreSQL stores in four bytes.
_BITS, _BITS_OF_REAL = 53, 24


def checked_table(active_record_class: type[Any], names: SequencedItemFieldNames) -> Table:
    """Return the table of a record class.

    Args:
        active_record_class: a class with a `__table__`; its `completed`, if any, adds the fields without a column.
        names: the names of the items' fields.

    Raises:
        TypeError: the table cannot hold such items; the message lists everything that is wrong with it.
    """
    table = getattr(active_record_class, "__table__", None)
    if not isinstance(table, Table):
        raise TypeError(f"{active_record_class.__qualname__} is not a record class: it needs a __table__")
    wrong: list[str] = []
    if not hasattr(active_record_class, "completed"):
        wrong += _missing(table, names)
    if not wrong and writing_of(table) is None:
        wrong += _of_types(table, names)
        if not place_names(table):
            wrong += _of_keys(table, names.all[:2])
    if wrong:
        raise TypeError(f"table {table.name} cannot hold items: {'; '.join(wrong)}")
    return table


def _missing(table: Table, names: SequencedItemFieldNames) -> Iterator[str]:
    missing = sorted({*names.all, GLOBAL_POSITION} - set(table.columns.keys()))
    if missing:
        yield (
            f"it has no column {', '.join(missing)}: a record class needs a column for each field of the items, "
            f"and {GLOBAL_POSITION}"
        )


def _of_types(table: Table, names: SequencedItemFieldNames) -> Iterator[str]:
    for column in table.columns:
        kind = column.type
        if isinstance(kind, DateTime) and kind.timezone and isinstance(_in_sqlite(column), DateTime):
            yield f"SQLite would lose the time zone of {column.key}: use columntypes.aware_time()"
        if isinstance(kind, Numeric) and not isinstance(kind, Float):
            yield f"SQLite has no exact type for {column.key}: use columntypes.big_integer(), or Text()"
        if isinstance(kind, Float) and (isinstance(kind, REAL) or (kind.precision or _BITS) <= _BITS_OF_REAL):
            yield f"PostgreSQL would round {column.key}: use Double()"
        if column.default is not None and not (column.default.is_scalar or column.default.is_callable):
            yield f"the default of {column.key} is not a value or a function: use server_default"
        is_filled = column.nullable or column.default is not None or column.server_default is not None
        if not is_filled and column.key not in {*names.all, GLOBAL_POSITION}:
            yield f"{column.key} is not a field of the items, and needs a default, or nullable=True"


def _of_keys(table: Table, place: Sequence[str]) -> Iterator[str]:
    if table.schema is not None:
        yield f"its schema is {table.schema}: name it with ?schema={table.schema} in the URL instead"
    position = table.columns[GLOBAL_POSITION]
    is_given_out = position.server_default is not None or position.identity is not None
    if list(table.primary_key.columns) != [position] or not _is_big_integer(position) or is_given_out:
        yield (
            f"{GLOBAL_POSITION} must be its primary key, of the type columntypes.big_integer(): "
            f"{GLOBAL_POSITION}: Mapped[int] = mapped_column(big_integer(), primary_key=True)"
        )
    if set(place) not in _unique_keys(table):
        yield (
            f"two items could have the same place: add UniqueConstraint({', '.join(repr(name) for name in place)}) "
            f"to __table_args__"
        )


def _is_big_integer(column: Column[Any]) -> bool:
    # In SQLite only a column of type INTEGER gets the next number automatically.
    return isinstance(column.type, BigInteger) and type(_in_sqlite(column)) is Integer


def _in_sqlite(column: Column[Any]) -> TypeEngine[Any]:
    # Imported here: on PostgreSQL only an application's own record classes need it.
    from sqlalchemy.dialects.sqlite.base import SQLiteDialect

    return column.type.dialect_impl(SQLiteDialect())


def _unique_keys(table: Table) -> Collection[set[str]]:
    columns = [key.columns for key in table.constraints if isinstance(key, UniqueConstraint)]
    columns += [index.columns for index in table.indexes if index.unique]
    return [{column.key for column in together} for together in columns]

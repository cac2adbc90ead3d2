"""Tables as an earlier esjournal made them, and the SQL that makes of them what they are now."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Dialect, Table

from esjournal.infrastructure.sqlalchemy.columntypes import Timestamp
from esjournal.infrastructure.sqlalchemy.schema import create_statements, index_statements

# How many of what an earlier esjournal counted are a second: whole microseconds.
_A_SECOND = 1_000_000
_INTEGERS = {"integer", "bigint"}


def time_columns(table: Table) -> set[str]:
    """Return the names of the columns of a table that hold times, which once were integers."""
    return {column.name for column in table.columns if isinstance(column.type, Timestamp)}


def changing_statements(table: Table, types: Mapping[str, str], dialect: Dialect) -> list[str]:
    """Return the statements that change a table to what it is now; none where it is that already.

    Args:
        table: the table as it is now.
        types: the types of the columns that are there, by their names, as the database calls them.
        dialect: the database's.
    """
    counted = {name for name in time_columns(table) if types.get(name, "").lower() in _INTEGERS}
    if not counted:
        return []
    quote = dialect.identifier_preparer
    name = quote.format_table(table)
    if dialect.name != "sqlite":
        return [
            f"ALTER TABLE {name} ALTER COLUMN {quote.quote(column)} TYPE double precision "
            f"USING CAST(CAST({quote.quote(column)} AS numeric) / CAST({_A_SECOND} AS numeric) AS double precision)"
            for column in sorted(counted)
        ]
    # SQLite changes no column's type: the rows move to a new table.
    before = quote.quote(f"{table.name}_before")
    names = [quote.quote(column.name) for column in table.columns]
    values = [
        f"{quoted} / {_A_SECOND}.0" if column.name in counted else quoted
        for quoted, column in zip(names, table.columns, strict=True)
    ]
    return [
        *(f"DROP INDEX IF EXISTS {quote.quote(index)}" for index in index_statements(table, dialect)),
        f"ALTER TABLE {name} RENAME TO {before}",
        *create_statements(table, dialect),
        f"INSERT INTO {name} ({', '.join(names)}) SELECT {', '.join(values)} FROM {before} ORDER BY 1",
        f"DROP TABLE {before}",
    ]

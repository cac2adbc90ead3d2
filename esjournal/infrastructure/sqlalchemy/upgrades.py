"""Upgrades the tables of an earlier esjournal."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Dialect, Table

from esjournal.infrastructure.sqlalchemy.columntypes import Timestamp
from esjournal.infrastructure.sqlalchemy.schema import create_statements, index_statements

# An earlier esjournal stored times as whole microseconds.
_A_SECOND = 1_000_000
_INTEGERS = {"integer", "bigint"}


def time_columns(table: Table) -> set[str]:
    """Return the names of the columns of a table that hold times, which an earlier esjournal stored as integers."""
    return {column.name for column in table.columns if isinstance(column.type, Timestamp)}


def changing_statements(table: Table, types: Mapping[str, str], dialect: Dialect) -> list[str]:
    """Return the statements that upgrade a table; none if it needs no upgrade.

    Args:
        table: the table as it should be.
        types: the database's names of the current column types, by the names of the columns.
        dialect: the database's dialect.
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
    # SQLite cannot change the type of a column: the rows move to a new table.
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

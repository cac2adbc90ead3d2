"""Upgrades the tables of an earlier esjournal."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table

from esjournal.infrastructure.sqlalchemy.columntypes import Timestamp
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.schema import column_definition, columns_of_version

# An earlier esjournal stored times as whole microseconds.
A_SECOND = 1_000_000
_INTEGERS = {"integer", "bigint"}


def time_columns(table: Table) -> set[str]:
    """Return the names of the columns of a table that hold times, which an earlier esjournal stored as integers."""
    return {column.name for column in table.columns if isinstance(column.type, Timestamp)}


def adding_statements(table: Table, version: int, sql: DatabaseSQL) -> list[str]:
    """Return the statements that add the columns that a table has since a later schema version.

    Args:
        table: the table as it should be.
        version: the schema version of the journal.
        sql: the database's SQL.
    """
    name = sql.dialect.identifier_preparer.format_table(table)
    there = columns_of_version(table, version)
    # A table that is new in that version has just been made.
    if not there:
        return []
    return [
        f"ALTER TABLE {name} ADD COLUMN {column_definition(column, sql)}"
        for column in table.columns
        if column not in there
    ]


def changing_statements(table: Table, types: Mapping[str, str], sql: DatabaseSQL) -> list[str]:
    """Return the statements that upgrade a table; none if it needs no upgrade.

    Args:
        table: the table as it should be.
        types: the database's names of the current column types, by the names of the columns.
        sql: the database's SQL.
    """
    counted = {name for name in time_columns(table) if types.get(name, "").lower() in _INTEGERS}
    return sql.seconds_statements(table, counted) if counted else []

"""Upgrades the tables of an earlier esjournal."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table

from esjournal.infrastructure.sqlalchemy.columntypes import Timestamp
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL

# An earlier esjournal stored times as whole microseconds.
A_SECOND = 1_000_000
_INTEGERS = {"integer", "bigint"}


def time_columns(table: Table) -> set[str]:
    """Return the names of the columns of a table that hold times, which an earlier esjournal stored as integers."""
    return {column.name for column in table.columns if isinstance(column.type, Timestamp)}


def changing_statements(table: Table, types: Mapping[str, str], sql: DatabaseSQL) -> list[str]:
    """Return the statements that upgrade a table; none if it needs no upgrade.

    Args:
        table: the table as it should be.
        types: the database's names of the current column types, by the names of the columns.
        sql: the database's SQL.
    """
    counted = {name for name in time_columns(table) if types.get(name, "").lower() in _INTEGERS}
    return sql.seconds_statements(table, counted) if counted else []

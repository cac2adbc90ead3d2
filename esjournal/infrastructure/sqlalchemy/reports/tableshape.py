"""Compares the shape of a journal's tables with what it must be: columns, types, keys and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table

from esjournal.domain.findings import Finding
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.schema import create_statements, index_statements
from esjournal.infrastructure.sqlalchemy.session import Session

_SQLITE_COLUMNS = """
    SELECT name, lower(type) || iif("notnull", ' not null', '') || iif(pk AND NOT EXISTS
        (SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk'), ' primary key', '')
    FROM pragma_table_xinfo(:name)
"""
_SQLITE_INDEXES = """
    SELECT name, iif("unique", 'unique ', '') || '(' ||
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) || ')' ||
        iif(partial, ' where ...', '')
    FROM pragma_index_list(:name) AS list
"""
_SQLITE_OPTIONS = """
    SELECT 'strict' FROM pragma_table_list(:name) WHERE strict AND schema = 'main'
    UNION ALL SELECT 'autoincrement' FROM sqlite_master WHERE name = :name AND sql LIKE '%AUTOINCREMENT%'
"""
_POSTGRESQL_COLUMNS = """
    SELECT attname, pg_catalog.format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    FROM pg_catalog.pg_attribute
    WHERE attrelid = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid) AND attnum > 0 AND NOT attisdropped
"""
_POSTGRESQL_INDEXES = """
    SELECT relname, CASE WHEN indisunique THEN 'unique ' ELSE '' END || '(' ||
        (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(indexrelid, number, true), ', ' ORDER BY number)
         FROM pg_catalog.generate_series(1, indnkeyatts::integer) AS number) || ')' ||
        CASE WHEN indpred IS NULL THEN '' ELSE ' where ...' END ||
        CASE WHEN indisvalid AND indisready THEN '' ELSE ' not valid' END
    FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid)
"""


class Shape(NamedTuple):
    """The shape of a table.

    `columns` and `indexes` have a definition for each name; `options` are SQLite's table options.
    """

    columns: dict[str, str]
    indexes: dict[str, str]
    options: frozenset[str]


def shape_findings(session: Session, table: Table) -> Iterator[Finding]:
    """Yield the differences between a table and the statements that create it; additional columns or indexes are fine.

    Args:
        session: a session on the journal.
        table: one of its tables.
    """
    with session.connection() as connection:
        found = _shape_of(connection, table, session.engine.dialect)
    expected = _expected(table, session.sql)
    if not found.columns:
        yield Finding("schema", table.name, "the table is missing")
        return
    for name, definition in expected.columns.items():
        if name not in found.columns:
            yield Finding("schema", table.name, f"the column {name} is missing")
        elif found.columns[name] != definition:
            yield Finding("schema", table.name, f"the column {name} is {found.columns[name]}, not {definition}")
    for option in sorted(expected.options - found.options):
        yield Finding("schema", table.name, f"the table is not {option}")
    named = index_statements(table, session.sql)
    for name, definition in expected.indexes.items():
        if definition not in found.indexes.values():
            hints = [f"{other} is {its}" for other, its in found.indexes.items() if _columns(its) in definition]
            if name in named and name not in found.indexes:
                hints.append("`esjournal init` makes it")
            yield Finding("index", table.name, "; ".join([f"there is no index {definition}", *hints]))


def _columns(index: str) -> str:
    return index[index.index("(") : index.index(")") + 1]


def _expected(table: Table, sql: DatabaseSQL) -> Shape:
    # SQLite accepts any name of a type, so it can run the statements of both databases, but only without a schema.
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in create_statements(table, sql.without_schema()):
            connection.execute(statement)
        return _shape_in_sqlite(connection, table)


def _shape_of(connection: Any, table: Table, dialect: Dialect) -> Shape:
    if dialect.name == "sqlite":
        return _shape_in_sqlite(connection, table)
    name = (dialect.identifier_preparer.format_table(table),)
    columns = dict(connection.execute(_POSTGRESQL_COLUMNS, name).fetchall())
    return Shape(columns, dict(connection.execute(_POSTGRESQL_INDEXES, name).fetchall()), frozenset())


def _shape_in_sqlite(connection: sqlite3.Connection, table: Table) -> Shape:
    name = {"name": table.name}
    columns, indexes, options = (
        connection.execute(query, name).fetchall() for query in (_SQLITE_COLUMNS, _SQLITE_INDEXES, _SQLITE_OPTIONS)
    )
    return Shape(dict(columns), dict(indexes), frozenset(option for (option,) in options))

"""Reads the shape of a table in SQLite: columns, types, keys and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing

from esjournal.infrastructure.sqlalchemy.reports.tableshape import Shape

_COLUMNS = """
    SELECT name, lower(type) || iif("notnull", ' not null', '') || iif(pk AND NOT EXISTS
        (SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk'), ' primary key', '')
    FROM pragma_table_xinfo(:name)
"""
_INDEXES = """
    SELECT name, iif("unique", 'unique ', '') || '(' ||
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) || ')' ||
        iif(partial, ' where ...', '')
    FROM pragma_index_list(:name) AS list
"""
_OPTIONS = """
    SELECT 'strict' FROM pragma_table_list(:name) WHERE strict AND schema = 'main'
    UNION ALL SELECT 'autoincrement' FROM sqlite_master WHERE name = :name AND sql LIKE '%AUTOINCREMENT%'
"""


def shape_in_sqlite(connection: sqlite3.Connection, table: str) -> Shape:
    """Return the shape of a table.

    Args:
        connection: a connection of sqlite3.
        table: the table's name.
    """
    name = {"name": table}
    columns, indexes, options = (connection.execute(query, name).fetchall() for query in (_COLUMNS, _INDEXES, _OPTIONS))
    return Shape(dict(columns), dict(indexes), frozenset(option for (option,) in options))


def shape_made_by(statements: Iterable[str], table: str) -> Shape:
    """Return the shape of the table that statements create.

    SQLite accepts any name of a type, so it can run the statements of both databases, but only without a schema.

    Args:
        statements: statements without a schema.
        table: the table's name.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            connection.execute(statement)
        return shape_in_sqlite(connection, table)

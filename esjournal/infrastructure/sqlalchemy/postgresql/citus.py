"""Citus, which may keep the tables of a schema on another server: a worker.

https://docs.citusdata.com/en/stable/develop/api_metadata.html describes its catalogs, and the functions.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors

# Citus lists its tables in pg_catalog; the method is 'n' if rows are not distributed by their values.
IS_THERE = "SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL"
_METHOD = """
    SELECT CAST(partmethod AS text) FROM pg_catalog.pg_dist_partition
    WHERE CAST(logicalrelid AS oid) = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid)
"""
_NOT_BY_VALUES = "n"

# `set_config` does not reach workers. These do, as each is asked for the first time in a transaction.
REACH_WORKERS = "SET LOCAL citus.propagate_set_commands TO 'local'"


def distribution(connection: Any, table: str) -> str | None:
    """Return a message if a table is distributed by rows, else None; only if `IS_THERE`.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
    """
    if _method(connection, table) in (None, _NOT_BY_VALUES):
        return None
    return (
        f"Citus has distributed the table {table}, so a transaction is not committed on all servers at once; "
        f"undistribute it with undistribute_table()"
    )


def is_elsewhere(connection: Any, table: str) -> bool:
    """Say whether Citus may keep the rows of a table on another server.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
    """
    [is_there] = connection.execute(IS_THERE).fetchone()
    return is_there and _method(connection, table) is not None


def size_function(connection: Any, table: str) -> str:
    """Return the function that has the size of a table with its indexes, which may be on another server.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
    """
    name = "citus_total_relation_size" if is_elsewhere(connection, table) else "pg_total_relation_size"
    return f"pg_catalog.{name}"


def is_unique_violation(error: BaseException) -> bool:
    """Say whether an error is what a worker says of a COPY with a key that is taken: the code is not passed on."""
    if not isinstance(error, errors.InternalError_):
        return False
    return (error.diag.message_primary or "").startswith("duplicate key value")


def may_be_committed(error: psycopg.Error) -> bool:
    """Say whether an error of COMMIT leaves open what a worker did: Citus says so in an error that has no code."""
    return isinstance(error, errors.InternalError_)


def _method(connection: Any, table: str) -> str | None:
    row = connection.execute(_METHOD, (table,)).fetchone()
    return None if row is None else str(row[0])

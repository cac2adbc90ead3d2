"""Whether the rows of a PostgreSQL table become visible in the order of their global positions.

Cursors, followers and copies continue after the last position that they have seen, so they need that order. Writers of
a journal take a lock that guarantees it. This module finds what breaks the guarantee, in a journal and in tables of
other libraries.
"""

from __future__ import annotations

from typing import Any

from psycopg import errors

from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION

# Whether a logical subscription fills a table of the database; an expression.
SUBSCRIPTIONS_ARE_THERE = "EXISTS (SELECT FROM pg_catalog.pg_subscription_rel)"
# A table and the tables that may have its rows: partitions, and children by inheritance.
_FAMILY = """
    WITH RECURSIVE family (relation) AS (
        SELECT CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid)
        UNION SELECT inhrelid FROM pg_catalog.pg_inherits JOIN family ON inhparent = relation
    )
"""
# The locks that writers hold until their transactions end, prepared ones included; seeing them needs no privilege.
WRITERS = f"""
    {_FAMILY} SELECT virtualtransaction FROM pg_catalog.pg_locks
    WHERE locktype = 'relation' AND relation IN (SELECT relation FROM family) AND granted
        AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
_FOREIGN = f"""
    {_FAMILY} SELECT CAST(relname AS text) FROM pg_catalog.pg_class JOIN family ON oid = relation
    WHERE relkind = 'f' ORDER BY relname
"""
# A subscription may name a partitioned table or its partitions.
_IS_SUBSCRIBED = f"""
    {_FAMILY} SELECT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel WHERE srrelid IN (
        SELECT relation FROM family UNION SELECT CAST(relid AS oid)
        FROM pg_catalog.pg_partition_ancestors(pg_catalog.to_regclass(CAST(%s AS text))) AS ancestors (relid)
    ))
"""
# The sequences that the column's default refers to, or that the column owns.
SEQUENCES = f"""
    {_FAMILY}, positions (relation, number) AS (
        SELECT attrelid, attnum FROM pg_catalog.pg_attribute JOIN family ON attrelid = relation
        WHERE attname = CAST(%s AS name)
    )
    SELECT DISTINCT CAST(CAST(seqrelid AS regclass) AS text) AS name, seqrelid, seqcache, seqincrement
    FROM pg_catalog.pg_sequence WHERE seqrelid IN (
        SELECT refobjid FROM pg_catalog.pg_depend JOIN pg_catalog.pg_attrdef ON pg_attrdef.oid = objid
            JOIN positions ON adrelid = relation AND adnum = number
        WHERE classid = CAST(CAST('pg_catalog.pg_attrdef' AS regclass) AS oid)
            AND refclassid = CAST(CAST('pg_catalog.pg_class' AS regclass) AS oid)
        UNION SELECT objid FROM pg_catalog.pg_depend JOIN positions ON refobjid = relation
            AND refobjsubid = CAST(number AS integer)
        WHERE classid = CAST(CAST('pg_catalog.pg_class' AS regclass) AS oid)
            AND refclassid = CAST(CAST('pg_catalog.pg_class' AS regclass) AS oid) AND deptype IN ('a', 'i')
    ) ORDER BY name
"""


_IS_KEY = f"""
    {_FAMILY} SELECT EXISTS (SELECT FROM pg_catalog.pg_index
        JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid JOIN family ON indrelid = relation
        JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = indkey[0] AND attname = CAST(%s AS name)
        WHERE indisunique AND indnkeyatts = CAST(1 AS smallint) AND relname = CAST(%s AS name))
"""


def behind(connection: Any, table: str, position: str, column: str) -> str | None:
    """Return a message if the sequence of a table will assign positions that are taken, else None.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
        position: the name of the column of global positions.
        column: that name in SQL.
    """
    # Read before the sequence: it has assigned every position that is committed by now.
    [last] = connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()
    for sequence, oid, _, _ in connection.execute(SEQUENCES, (table, position)).fetchall():
        may_read = "SELECT pg_catalog.has_sequence_privilege(CAST(%s AS oid), 'select')"
        if not connection.execute(may_read, (oid,)).fetchone()[0]:
            continue
        given_out, is_called = connection.execute(f"SELECT last_value, is_called FROM {sequence}").fetchone()
        if given_out < last + (not is_called):
            literal = sequence.replace("'", "''")
            return (
                f"the sequence {sequence} is at {given_out}, and {table} has positions up to {last}, so new events "
                f"would get positions that are taken; run `SELECT setval('{literal}', {last})`"
            )
    return None


def is_key(connection: Any, table: str, position: str, constraint: str | None) -> bool:
    """Say whether a constraint of a table is the unique key of its positions.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
        position: the name of the column of global positions.
        constraint: the name of the constraint, or of its index.
    """
    return bool(connection.execute(_IS_KEY, (table, position, constraint)).fetchone()[0])


def is_of_position(error: errors.UniqueViolation) -> bool:
    """Say whether a unique violation is that of a journal's global position; on Citus only the message names it."""
    return f"_{GLOBAL_POSITION}_key" in (error.diag.constraint_name or error.diag.message_primary or "")


def foreign_part(connection: Any, table: str) -> str | None:
    """Return a message if rows of a table are on another server, which commits them separately, else None.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
    """
    if foreign := [name for (name,) in connection.execute(_FOREIGN, (table,)).fetchall()]:
        return f"{', '.join(foreign)} is a foreign table, whose own server commits it; name that server"
    return None


def is_standby(connection: Any) -> bool:
    """Say whether a server is a standby, which shows commits in the order of its primary, and later.

    Args:
        connection: a driver connection.
    """
    return bool(connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()[0])


def is_subscribed(connection: Any, table: str) -> bool:
    """Say whether a logical subscription fills a table, in the order of commits on the server that publishes it.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
    """
    return bool(connection.execute(_IS_SUBSCRIBED, (table, table)).fetchone()[0])


def gap(connection: Any, table: str, position: str) -> str | None:
    """Return why rows of another library's table may become visible out of order, None if they cannot.

    Its sequence assigns positions before their transactions are committed, so a reader has to wait for every writer.
    All writers must be visible here, and none may reserve positions for later.

    Args:
        connection: a driver connection.
        table: the table's name in SQL.
        position: the name of the column of global positions.
    """
    if is_standby(connection):
        return (
            f"this is a standby, which does not see transactions that are still writing to {table} on the primary; "
            f"name the primary"
        )
    if is_subscribed(connection, table):
        return (
            f"a logical subscription fills {table} in the order of commits, which is not that of positions; "
            f"name the server that publishes it"
        )
    sequences = connection.execute(SEQUENCES, (table, position)).fetchall()
    if not sequences:
        return (
            f"what assigns the positions of {table} is unknown, because the default of that column is not a sequence; "
            f"make it nextval() of one"
        )
    for sequence, _, cache, increment in sequences:
        if cache > 1:
            return (
                f"each connection takes {cache} positions at a time from the sequence {sequence} and uses them later; "
                f"run `ALTER SEQUENCE {sequence} CACHE 1`, have every writer connect again, and read from the beginning"
            )
        if increment < 1:
            return f"the sequence {sequence} counts down; new events must have higher positions than the ones before"
    return foreign_part(connection, table)

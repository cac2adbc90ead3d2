"""Building the indexes of an empty journal when its events are written, while nobody else can read it.

The key of places has random ids: updating it row by row takes a third of a COPY. The key of global positions stays,
because it only grows at its end, and the last position is looked up in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import errors
from sqlalchemy import Table

from esjournal.exceptions import InvalidData, StoreError
from esjournal.infrastructure.sqlalchemy.schema import index_statements
from esjournal.infrastructure.sqlalchemy.session import Session

_KEY = """
    SELECT pg_catalog.quote_ident(CAST(conname AS text)), pg_catalog.pg_get_constraintdef(oid)
    FROM pg_catalog.pg_constraint
    WHERE conrelid = CAST(pg_catalog.to_regclass(%s) AS oid) AND contype = 'p'
"""


@contextmanager
def indexes_last(session: Session, connection: Any, table: Table) -> Iterator[None]:
    """Drop the key of places and the indexes of a table if it is empty, and make them again at the end.

    Both are part of the transaction, as is what is written inside: after an error or a kill, the table is as before.

    Args:
        session: the session that leased the connection.
        connection: a driver connection, inside a transaction.
        table: the journal's table of events.

    Raises:
        StoreError: this user is not the owner of the table.
        InvalidData: two of the events that were written have the same place, or the same event id.
    """
    name = session.engine.dialect.identifier_preparer.format_table(table)
    with session.translating():
        statements = _dropped(session, connection, table, name) if _is_empty(connection, name) else []
    yield
    with session.translating():
        for statement in statements:
            try:
                connection.execute(statement)
            except errors.UniqueViolation as error:
                raise InvalidData(
                    f"two events are the same, or differ at one place ({error.diag.message_detail}): with "
                    f"--lock-readers, nobody can say which; import without it, which skips what comes twice"
                ) from session.redacted(error)


def _is_empty(connection: Any, name: str) -> bool:
    return not connection.execute(f"SELECT EXISTS (SELECT FROM {name})").fetchone()[0]


def _dropped(session: Session, connection: Any, table: Table, name: str) -> list[str]:
    """Drop the key and the indexes of a table, which locks it; return the statements that make them again."""
    try:
        keys = connection.execute(_KEY, (name,)).fetchall()
        made = index_statements(table, session.sql)
        indexes = sorted(session.names_present(connection, list(made)))
        for key, _ in keys:
            connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT {key}")
        for index in indexes:
            connection.execute(f"DROP INDEX {session.table_name(index)}")
    except errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{session.url}: --lock-readers is for the owner of the table, who may drop its indexes: "
            f"import without it, or as the owner ({error.diag.message_primary})"
        ) from session.redacted(error)
    again = [f"ALTER TABLE {name} ADD CONSTRAINT {key} {definition}" for key, definition in keys]
    return [*again, *(made[index] for index in indexes)]

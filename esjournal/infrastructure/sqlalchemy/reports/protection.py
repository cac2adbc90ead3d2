"""Whether the database refuses to change or delete the events of a journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Table

from esjournal.infrastructure.sqlalchemy.schema import identity_table
from esjournal.infrastructure.sqlalchemy.session import Session


class Protection(NamedTuple):
    """The triggers that protect a journal: those that are `present`, and `missing` ones, each with its table's name."""

    present: list[tuple[str, str]]
    missing: list[tuple[str, str]]

    @property
    def is_complete(self) -> bool:
        """Whether no event can be changed or deleted."""
        return not self.missing


def protection_of(session: Session, tables: Iterable[Table]) -> Protection:
    """Return which triggers protect the tables of a journal.

    Args:
        session: a session on the journal.
        tables: its tables; that of its identity has no events, and is not protected.
    """
    protection = Protection([], [])
    with session.connection() as connection:
        for table in tables:
            if table is identity_table:
                continue
            found = session.protections(connection, table)
            for trigger in session.sql.protecting_statements(table):
                (protection.present if trigger in found else protection.missing).append((table.name, trigger))
    return protection

"""Describes a store: its size, the versions of its software, and settings that could lose events."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy
from sqlalchemy import Table, select

from esjournal.domain.findings import StoreWarning, WarningKind
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import writing_of
from esjournal.infrastructure.sqlalchemy.reports.protection import protection_of
from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION, identity_table, names_table
from esjournal.infrastructure.sqlalchemy.session import Session


class DatabaseDescription(NamedTuple):
    """What only the database knows of a store; see `StoreDescription`."""

    bytes: int
    driver: str
    server: str
    warnings: list[StoreWarning]


class StoreDescription(NamedTuple):
    """The description of a store; `made_at`, `schema_version` and `is_protected` are None unless it is a journal.

    `bytes` is the size of the table of events with its indexes, on SQLite that of the whole file. `driver` and `server`
    are names with versions. `is_protected` says whether the database refuses to change or delete events. `warnings`
    say what could lose events, and what to do.
    """

    made_at: str | None
    schema_version: int | None
    is_protected: bool | None
    events: int
    sequences: int
    bytes: int
    sqlalchemy: str
    driver: str
    server: str
    warnings: list[StoreWarning]


def described(session: Session, table: Table) -> StoreDescription:
    """Return the description of a store.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """
    dialect = session.engine.dialect
    quote = dialect.identifier_preparer
    name, sequence_id = quote.format_table(table), quote.quote(table.columns["originator_id"].name)
    columns = identity_table.columns
    identity = select(columns["created_at"], columns["schema_version"]).compile(dialect=dialect).string
    made_at = schema_version = is_protected = None
    with session.connection() as connection:
        if writing_of(table) is None:
            made_at, schema_version = connection.execute(identity).fetchone()
        events, sequences = connection.execute(
            f"SELECT (SELECT count(*) FROM {name}), "
            f"(SELECT count(*) FROM (SELECT DISTINCT {sequence_id} FROM {name}) AS sequences)"
        ).fetchone()
        size, driver, server, warnings = session.description(connection, table)
    if made_at is not None and schema_version == SCHEMA_VERSION:
        is_protected = protection_of(session, (table, names_table)).is_complete
    if (reason := session.sequence_behind(table)) is not None:
        warnings.append(StoreWarning(WarningKind.SEQUENCE, reason))
    if (reason := session.out_of_order(table)) is not None:
        text = f"followers, copies and cursors are refused, because they would miss events: {reason}"
        warnings.append(StoreWarning(WarningKind.OUT_OF_ORDER, text))
    return StoreDescription(
        made_at, schema_version, is_protected, events, sequences, size, sqlalchemy.__version__, driver, server, warnings
    )

"""Finds the layouts of a store's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from esjournal.advice import quoted
from esjournal.exceptions import InvalidURL, NotAJournal
from esjournal.infrastructure.sqlalchemy.layouts.base import FoundTable, Layout, LayoutStrategy
from esjournal.infrastructure.sqlalchemy.layouts.eventsourcing4 import Eventsourcing4Layout
from esjournal.infrastructure.sqlalchemy.layouts.eventsourcing9 import EventsourcingLayout
from esjournal.infrastructure.sqlalchemy.layouts.message_db import MessageDbLayout
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.urls import StoreURL

LAYOUTS: tuple[Layout, ...] = (EventsourcingLayout(), Eventsourcing4Layout(), MessageDbLayout())

# A table WITHOUT ROWID has no order of insertion; in any other, the rowid counts as a column.
_SQLITE_COLUMNS = """
    SELECT NULL, list.name, columns.name, lower(columns.type)
    FROM pragma_table_list AS list JOIN pragma_table_info(list.name) AS columns
    WHERE list.schema = 'main' AND list.type = 'table' AND list.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    UNION ALL SELECT NULL, name, 'rowid', 'integer' FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND NOT wr
"""
_POSTGRESQL_COLUMNS = """
    SELECT nspname::text, relname::text, attname::text, pg_catalog.format_type(atttypid, NULL)
    FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
        AND nspname::text NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'
"""


class Recognised(NamedTuple):
    """A table with its layout.

    `schema` is its schema on PostgreSQL, and `is_found` says whether it is found without naming the schema.
    """

    layout: Layout
    schema: str | None
    table: str
    is_found: bool


def recognised(session: Session) -> list[Recognised]:
    """Return the tables of a store that have a layout, sorted by name; if its URL names a schema, only those in it.

    Args:
        session: a session on the store, which need not be a journal.
    """
    schema, current = session.url.schema, _current_schema(session)
    found = [
        Recognised(layout, table.schema, table.name, table.schema in (schema, schema or layout.schema or current))
        for table in _tables(session)
        for layout in LAYOUTS
        if layout.has(table) and schema in (None, table.schema)
    ]
    return sorted(found, key=lambda each: (each.schema or "", each.table))


def layout_of(url: StoreURL) -> Layout:
    """Return the layout that a URL names.

    Raises:
        InvalidURL: no layout has that name.
    """
    for layout in LAYOUTS:
        if layout.name == url.layout:
            return layout
    names = ", ".join(layout.name for layout in LAYOUTS)
    raise InvalidURL(f"the layout {url.layout!r} is not known: name one of {names}")


def open_layout(session: Session) -> LayoutStrategy:
    """Return the strategy for the table that a session's URL names.

    Args:
        session: a session on the store.

    Raises:
        InvalidURL: no layout has that name.
        NotAJournal: there is no table of that layout, or there are several and the URL names none.
    """
    url = session.url
    layout = layout_of(url)
    schema = _current_schema(session)
    tables = {table.name: table for table in _tables(session) if table.schema == schema and layout.has(table)}
    wanted = url.table or (layout.table if layout.table in tables else None)
    if wanted is None and len(tables) == 1:
        [wanted] = tables
    if not tables:
        session.check_schema()
    if wanted in tables:
        strategy = layout.strategy(session, tables[wanted])
        session.check_tables([strategy.table])
        return strategy
    if len(tables) > 1 and url.table is None:
        raise NotAJournal(
            f"{url} has several tables of the layout {layout.name}: name one with --table or &table=: "
            f"{', '.join(map(quoted, sorted(tables)))}"
        )
    named = f"no table {url.table}" if url.table else "no table"
    raise NotAJournal(f"{url} has {named} of the layout {layout.name}: run `esjournal info` to see what it has")


def _tables(session: Session) -> Iterator[FoundTable]:
    query = _SQLITE_COLUMNS if session.engine.dialect.name == "sqlite" else _POSTGRESQL_COLUMNS
    columns: dict[tuple[str | None, str], dict[str, str]] = {}
    with session.connection() as connection:
        for schema, table, column, kind in connection.execute(query).fetchall():
            columns.setdefault((schema, table), {})[column] = kind
    for (schema, table), kinds in columns.items():
        yield FoundTable(schema, table, kinds)


def _current_schema(session: Session) -> str | None:
    if session.engine.dialect.name == "sqlite" or session.url.schema is not None:
        return session.url.schema
    with session.connection() as connection:
        schema: str | None = connection.execute("SELECT pg_catalog.current_schema()").fetchone()[0]
    return schema

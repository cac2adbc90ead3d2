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
    schema, current = session.url.schema, session.current_schema()
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
    schema = session.current_schema()
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
    columns: dict[tuple[str | None, str], dict[str, str]] = {}
    for schema, table, column, kind in session.all_columns():
        columns.setdefault((schema, table), {})[column] = kind
    for (schema, table), kinds in columns.items():
        yield FoundTable(schema, table, kinds)

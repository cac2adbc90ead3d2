"""Stores that eventsourcing 2, 3 and 4 write, in tables of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from tests.helpers.other_libraries.process import Appending, Program
from tests.helpers.other_libraries.urls import is_sqlite, make_schema, schema_of, text_of


class Item(NamedTuple):
    """An item as the library returns it."""

    sequence_id: str
    position: int | float | str
    topic: str
    data: str


class Shop:
    """A store of eventsourcing 2, 3 or 4.

    Args:
        python: the Python of the library's environment.
        url: the store's URL, as esjournal writes it.
        folder: a folder for the output of processes.
        table: `stored_events`, which version 2 does not have, `integer_sequenced_items` or `timestamp_sequenced_items`.
    """

    def __init__(self, python: Path, url: str, folder: Path, *, table: str) -> None:
        self.url = url
        self._folder = folder
        self._program = Program(python, "shop.py", _spelled(url), table, variables={})

    def make(self, orders: int, events: int) -> list[str]:
        """Make orders with the same number of events each, in turn, and return their ids."""
        return self._program.run("make", orders, events)

    def items(self) -> list[Item]:
        """Return all items as the library reads them; it does not ask for an order."""
        return [Item(*fields) for fields in self._program.run("items")]

    @contextmanager
    def appending(self) -> Iterator[Appending]:
        """Have a process append to a new order until it is killed, at the end of the block at the latest."""
        with self._program.appending(self._folder / f"{uuid4().hex}.out") as appending:
            yield appending


def _spelled(url: str) -> str:
    """Write a URL for SQLAlchemy 1.3 and psycopg2."""
    if is_sqlite(url):
        return url
    make_schema(url)
    schema, server = schema_of(url)
    return text_of(server.update_query_dict({"options": f"-csearch_path={schema}"}))

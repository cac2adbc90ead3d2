"""Stores of message-db, written and read by its own functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import URL

from tests.helpers.other_libraries.urls import text_of

# In the order of its install.sh. Its extension is left out, because PostgreSQL has had the same built in since version
# 13; its role and privileges are left out, too.
PARTS = ("schema", "tables", "types", "functions", "indexes", "views")


class Message(NamedTuple):
    """A message as the library returns it."""

    id: str
    stream_name: str
    type: str
    position: int
    global_position: int
    data: str | None
    metadata: str | None
    time: Any


class MessageDb:
    """A store of message-db, which has a database of its own.

    Args:
        url: the URL of the database, without a schema.
    """

    def __init__(self, url: URL) -> None:
        self.url = text_of(url.update_query_dict({"schema": "message_store"}))
        self.connection = psycopg.connect(text_of(url), autocommit=True)
        self.connection.execute("SET search_path TO message_store, public")

    def install(self, scripts: Path) -> None:
        """Make its schema, table, type, functions, indexes and views.

        Args:
            scripts: the folder `database` of its package.
        """
        for part in PARTS:
            for script in sorted((scripts / part).glob("*.sql")):
                self.connection.execute(script.read_bytes())

    def write(
        self,
        stream_name: str,
        type_: str,
        data: object,
        metadata: object = None,
        *,
        id_: str | None = None,
        expected_version: int | None = None,
    ) -> int:
        """Write a message, and return its position in the stream; None as data or metadata is stored as NULL."""
        documents = (None if value is None else json.dumps(value) for value in (data, metadata))
        row = self.connection.execute(
            "SELECT write_message(%s, %s, %s, %s::jsonb, %s::jsonb, %s)",
            (id_ or str(uuid4()), stream_name, type_, *documents, expected_version),
        ).fetchone()
        assert row is not None
        position: int = row[0]
        return position

    def stream(self, name: str) -> list[Message]:
        """Return all messages of a stream."""
        return list(self._messages("get_stream_messages", name, 0))

    def category(self, name: str) -> list[Message]:
        """Return all messages of a category, in global order."""
        return list(self._messages("get_category_messages", name, 1))

    def close(self) -> None:
        self.connection.close()

    def _messages(self, function: str, name: str, first: int) -> Iterator[Message]:
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            for row in cursor.execute(f"SELECT * FROM {function}(%s, %s, -1)", (name, first)):
                yield Message(**row._asdict())

"""The layout of message-db, 1.x: the table `message_store.messages`, written by its own function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, FetchedValue, Text, case, cast, func, literal_column, null
from sqlalchemy.types import TypeDecorator

from esjournal.domain.choices import LayoutName
from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state import values
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData
from esjournal.infrastructure.sqlalchemy.columntypes import CANONICAL_TIME, sequence_id_as_text
from esjournal.infrastructure.sqlalchemy.items.columnrules import STATES
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.layouts.base import FoundTable, Layout, LayoutStrategy
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import Writing, others_table
from esjournal.infrastructure.sqlalchemy.layouts.namedids import NamedIds, NameInText
from esjournal.infrastructure.sqlalchemy.layouts.writemessage import INSERT, INSERT_NEXT
from esjournal.infrastructure.sqlalchemy.session import Session

_COLUMNS = {"id", "stream_name", "type", "position", "global_position", "data", "metadata", "time"}
# Each escape of a JSON text; both halves of a surrogate pair are one.
_ESCAPES = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.", re.DOTALL)
_NO_JSONB = re.compile(r"\\u(?:0000|[dD][89a-fA-F]..)")
# jsonb stores numbers as numeric, whose smallest value is about 1e-16383.
_TINY = re.compile(r'"(?:[^"\\]|\\.)*"|(-?[0-9.]+[eE]-0*[1-9][0-9]{4,})', re.DOTALL)
_PERHAPS_TINY = re.compile(r"[eE]-0*[1-9][0-9]{4}")


class MessageDbLayout(Layout):
    """The messages of message-db: a stream is a sequence, and its id is the UUIDv5 of the stream's name."""

    name: ClassVar[LayoutName] = LayoutName.MESSAGE_DB
    library: ClassVar[str] = "message-db 1"
    table: ClassVar[str] = "messages"
    schema: ClassVar[str | None] = "message_store"
    rewrites_states: ClassVar[bool] = True
    contiguous: ClassVar[bool] = True
    first_versions: ClassVar[tuple[int, ...]] = (0,)
    has_opaque_states: ClassVar[bool] = False

    def has(self, table: FoundTable) -> bool:
        """Say whether a table is the messages table."""
        return table.schema is not None and table.columns.keys() >= _COLUMNS

    def strategy(self, session: Session, table: FoundTable) -> LayoutStrategy:
        """Return the strategy that reads and writes messages."""
        names = NamedIds(session, session.table_name(table.name), "stream_name")
        columns = others_table(
            table.name,
            Column("stream_name", NameInText(names), key="originator_id", nullable=False),
            Column("position", BigInteger(), key="originator_version", nullable=False),
            Column("type", Text(), key="event_type", nullable=False),
            Column("data", _JsonInText(), key="state"),
            Column("time", _TimeWithoutZone(), key="recorded_at", server_default=FetchedValue()),
            Column("metadata", _MetadataInText(), key="metadata"),
            Column("id", sequence_id_as_text(), key="event_id"),
            Column("global_position", BigInteger(), key=GLOBAL_POSITION, server_default=FetchedValue()),
            writing=Writing(insert=INSERT, insert_next=INSERT_NEXT, last_written="SELECT pg_catalog.lastval()"),
        )
        methods = {"means": staticmethod(_meaning), "check": staticmethod(_check_times)}
        record = type("MessageRecord", (), {"__table__": columns, **methods})
        return _MessagesStrategy(session, self, record, names)

    def misfit(self, event: RecordedEvent) -> str | None:
        """Return why an event does not fit this layout: its data is jsonb."""
        if not values.is_json(event.state):
            return "the state is not JSON, which the data of a message must be"
        return _no_jsonb("state", event.state) or (event.metadata and _no_jsonb("metadata", event.metadata)) or None


class _MessagesStrategy(LayoutStrategy):
    def _append_all(self, events: list[RecordedEvent]) -> Sequence[int]:
        if len(events) < 2:
            return super()._append_all(events)
        # The function locks one category only, so writers of others may get positions in between. Each event's own
        # position is read.
        with self._naming(events), self.transaction() as transaction:
            return [position for event in events for position in transaction.append([event])]


def _no_jsonb(name: str, text: str) -> str | None:
    for escape in _ESCAPES.findall(text) if "\\u" in text else ():
        if _NO_JSONB.fullmatch(escape):
            return f"the {name} has {escape}, which PostgreSQL's jsonb does not accept"
    for number in _TINY.findall(text) if _PERHAPS_TINY.search(text) else ():
        if number:
            return f"the {name} has {shortened(number)}, which is too close to 0 for PostgreSQL's jsonb"
    return None


def _meaning(content: tuple[Any, ...]) -> tuple[Any, ...]:
    # jsonb changes spaces, the order of keys and exponents.
    originator_id, version, event_type, state, metadata, event_id = content
    return originator_id, version, event_type, _value(state), metadata and _value(metadata), event_id


def _value(text: str) -> Any:
    value = values.comparable(text)
    return text if value is values.MISSING else value


def _check_times(rows: Sequence[tuple[Any, ...]]) -> None:
    if rules.are_canonical_times({row[4] for row in rows}):
        return
    for row in rows:
        try:
            rules.recorded_at(row[4])
        except InvalidData as error:
            # The rows of one sequence have no global position.
            is_placed = len(row) == len(RecordedEvent._fields)
            where = f"global position {row[-1]}" if is_placed else f"sequence {shortened(row[0])}"
            raise InvalidData(f"{where}: {error}") from None


class _JsonInText(TypeDecorator[str]):
    """JSON as text in Python, jsonb in the database, which changes its text."""

    impl = Text
    cache_ok = True
    rule = STATES

    def column_expression(self, column: Any) -> Any:
        # A message without data is an event with an empty state.
        return func.coalesce(cast(column, Text), literal_column("'{}'"))


class _MetadataInText(TypeDecorator[str]):
    """Metadata as text in Python, jsonb in the database."""

    impl = Text
    cache_ok = True
    rule = STATES

    def column_expression(self, column: Any) -> Any:
        # JSON's null says that there is none.
        is_null = func.pg_catalog.jsonb_typeof(column) == literal_column("'null'")
        return case((is_null, null()), else_=cast(column, Text))


class _TimeWithoutZone(TypeDecorator[str]):
    """A timestamp in UTC in the database, canonical text in Python."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: Any) -> Any:
        # to_char writes 44 BC as 0044 and infinity as NULL. Such times are returned unchanged, so that the check sees
        # them.
        first: Any = literal_column("timestamp '0001-01-01'")
        last: Any = literal_column("timestamp '9999-12-31 23:59:59.999999'")
        canonical = func.pg_catalog.to_char(column, literal_column(f"'{CANONICAL_TIME}'"))
        return case((column.between(first, last), canonical), else_=cast(column, Text))

"""The layout of the library eventsourcing, 9.x: the tables of its recorders, on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, FetchedValue, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from esjournal.domain.choices import LayoutName
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, name_of_id
from esjournal.exceptions import InvalidData
from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text
from esjournal.infrastructure.sqlalchemy.items.columnrules import STATES
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.layouts.base import FoundTable, Layout, LayoutStrategy
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import Writing, others_table
from esjournal.infrastructure.sqlalchemy.layouts.namedids import NamedIds, NameInText
from esjournal.infrastructure.sqlalchemy.layouts.rows import check_kinds, with_times
from esjournal.infrastructure.sqlalchemy.session import Session

_COLUMNS = {"originator_id", "originator_version", "topic", "state"}
_HEX = re.compile(r"[0-9a-f]{32}")
# JSON begins with one of these, and base64 has none of them.
_JSON_TEXT_STARTS = ("{", "[", '"')
_JSON_STARTS = tuple(start.encode() for start in _JSON_TEXT_STARTS)
_FIRST_VERSION = 1


class EventsourcingLayout(Layout):
    """The tables of eventsourcing 9: `stored_events`, or `NAME_events` of a named application."""

    name: ClassVar[LayoutName] = LayoutName.EVENTSOURCING
    library: ClassVar[str] = "eventsourcing 9"

    def has(self, table: FoundTable) -> bool:
        """Say whether a table has an application's events, and not its snapshots, which have no notification ids."""
        columns = table.columns.keys()
        if table.schema is not None:
            return columns == _COLUMNS | {"notification_id"}
        return columns == _COLUMNS | {"rowid"}

    def strategy(self, session: Session, table: FoundTable) -> LayoutStrategy:
        """Return the strategy that reads and writes a table."""
        quote = session.engine.dialect.identifier_preparer.quote
        has_names = _has_names(session, table)
        names = NamedIds(session, session.table_name(table.name), "originator_id") if has_names else None
        position: Column[Any]
        if table.schema is None:
            position = Column("rowid", BigInteger(), key=GLOBAL_POSITION)
        else:
            position = Column("notification_id", BigInteger(), key=GLOBAL_POSITION, server_default=FetchedValue())
        id_type: TypeEngine[str] = sequence_id_as_text(_HexInText() if has_names is False else _HexOrNameInText())
        lock = f"LOCK TABLE {session.table_name(table.name)} IN EXCLUSIVE MODE"
        # As the library does: the lock commits notification ids in order, and NOTIFY wakes followers.
        writing = Writing(begin=(lock, f"NOTIFY {quote(table.name)}"), first_position=_FIRST_VERSION)
        columns = others_table(
            table.name,
            Column("originator_id", id_type if names is None else NameInText(names), nullable=False),
            Column("originator_version", big_integer(), nullable=False),
            Column("topic", Text(), key="event_type"),
            Column("state", _StateInBytes()),
            position,
            writing=writing,
        )
        methods = {"completed": staticmethod(with_times), "check": staticmethod(check_kinds)}
        record = type("EventsourcingRecord", (), {"__table__": columns, **methods})
        return LayoutStrategy(session, self, record, names)

    def misfit(self, event: RecordedEvent) -> str | None:
        """Return why an event does not fit this layout: its state could not be read back, or it has metadata."""
        if event.metadata is not None:
            return "the event has metadata, for which eventsourcing's tables have no column"
        if event.state.startswith(_JSON_TEXT_STARTS):
            return None
        try:
            bytes_of_state(event.state)
        except InvalidData as error:
            return str(error)
        return None


class _StateInBytes(TypeDecorator[str]):
    """A state: text in Python, bytes in the database; bytes that are not JSON are base64 in Python."""

    impl = LargeBinary
    cache_ok = True
    rule = STATES

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes_of_state(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str):
            value = value.encode()
        return state_of_bytes(value) if isinstance(value, bytes) else value


class _HexInText(TypeDecorator[str]):
    """A UUID in canonical form in Python, 32 hexadecimal digits in the database; any other text becomes bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("-", "")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            # Bytes, so that no other text is mistaken for an id.
            return value.encode() if isinstance(value, str) else value
        digits = value
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class _HexOrNameInText(_HexInText):
    """The same for an empty table, which accepts names too: it is not known yet what its ids are."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return (value and name_of_id(value)) or super().process_bind_param(value, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str) and not _HEX.fullmatch(value):
            return id_of_name(value)
        return super().process_result_value(value, dialect)


def state_of_bytes(stored: bytes) -> str:
    """Return the text of a state: its own if it is JSON in UTF-8, else (compressed or encrypted) its base64."""
    if stored.startswith(_JSON_STARTS) and b"\0" not in stored:
        try:
            return stored.decode()
        except UnicodeDecodeError:
            pass
    return base64.b64encode(stored).decode()


def bytes_of_state(state: str) -> bytes:
    """Return the bytes for which `state_of_bytes` returns this text.

    Raises:
        InvalidData: there are none.
    """
    text = state.encode()
    if text.startswith(_JSON_STARTS):
        return text
    try:
        stored = base64.b64decode(text, validate=True)
    except binascii.Error:
        stored = b""
    if state_of_bytes(stored) != state:
        raise InvalidData(
            "the state is neither JSON nor the base64 of other bytes, so it could not be read back unchanged"
        )
    return stored


def _has_names(session: Session, table: FoundTable) -> bool | None:
    # With ORIGINATOR_ID_TYPE=text ids are any text. On SQLite only the values in the column show this, not its type.
    if table.schema is not None:
        return table.columns["originator_id"] == "text"
    name = session.engine.dialect.identifier_preparer.quote(table.name)
    with session.connection() as connection:
        # A value of another kind is damage, and says nothing about the others.
        texts = f"SELECT originator_id FROM {name} WHERE typeof(originator_id) = 'text' LIMIT 1"
        row = connection.execute(texts).fetchone()
    return None if row is None else not _HEX.fullmatch(str(row[0]))

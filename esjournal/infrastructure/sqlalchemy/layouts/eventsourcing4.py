"""The layout of the library eventsourcing, 2 to 4: its tables with SQLAlchemy, which are only read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from esjournal.domain.choices import LayoutName
from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.layouts.base import FoundTable, Layout, LayoutStrategy
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import Writing, others_table
from esjournal.infrastructure.sqlalchemy.layouts.rows import check_kinds, with_times
from esjournal.infrastructure.sqlalchemy.session import Session

_STORED_EVENTS = ("originator_id", "originator_version", "event_type", "state")
_UUID_BYTES = 16
_SEQUENCED_ITEMS = ("sequence_id", "position", "topic", "data")


class Eventsourcing4Layout(Layout):
    """The tables of eventsourcing 2 to 4: `stored_events`, or `integer_sequenced_items`.

    Tables of version 3 have no global order on PostgreSQL, and are not recognised there.
    """

    name: ClassVar[LayoutName] = LayoutName.EVENTSOURCING_4
    library: ClassVar[str] = "eventsourcing 2 to 4"
    is_written: ClassVar[bool] = False

    def has(self, table: FoundTable) -> bool:
        """Say whether a table is one of the two kinds, and has integer versions and a global order."""
        names = _names(table)
        return names is not None and table.columns[names[1]] == "bigint" and _position(table) in table.columns

    def strategy(self, session: Session, table: FoundTable) -> LayoutStrategy:
        """Return the strategy that reads a table."""
        sequence_id, version, topic, state = _names(table) or _STORED_EVENTS
        id_type: TypeEngine[str] = sequence_id_as_text(_SixteenBytes())
        columns = others_table(
            table.name,
            Column(sequence_id, id_type, key="originator_id", nullable=False),
            Column(version, big_integer(), key="originator_version", nullable=False),
            Column(topic, Text(), key="event_type"),
            Column(state, Text(), key="state"),
            Column(_position(table), BigInteger(), key=GLOBAL_POSITION),
            writing=Writing(),
        )
        methods = {"completed": staticmethod(_completed), "check": staticmethod(check_kinds)}
        record = type("Eventsourcing4Record", (), {"__table__": columns, **methods})
        return LayoutStrategy(session, self, record)


class _SixteenBytes(TypeDecorator[str]):
    """A UUID in canonical form in Python, 16 bytes in the database; any other value becomes bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else UUID(value).bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, bytes) and len(value) == _UUID_BYTES:
            return str(UUID(bytes=value))
        # Bytes, so that no other text is mistaken for an id.
        return value.encode() if isinstance(value, str) else value


def _names(table: FoundTable) -> tuple[str, ...] | None:
    found = table.columns.keys()
    return next((names for names in (_STORED_EVENTS, _SEQUENCED_ITEMS) if found >= set(names)), None)


def _position(table: FoundTable) -> str:
    # The tables of version 3 have no id; on SQLite the rowid has the order of insertion.
    return "id" if "id" in table.columns else "rowid"


def _completed(rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    # The column may be NULL, but a state is always text.
    return with_times([(*row[:3], "" if row[3] is None else row[3], *row[4:]) for row in rows])

"""Record classes of SQLAlchemy's ORM: they hold items, or are refused when a strategy is made, on each database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    CHAR,
    REAL,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from esjournal.exceptions import SequencedItemConflict
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.columntypes import aware_time, big_integer, sequence_id
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings


class Base(DeclarativeBase):
    pass


class Ordered(NamedTuple):
    order_id: UUID
    number: int
    kind: str
    body: str
    placed_at: datetime
    status: str | None = None


class OrderedRecord(Base):
    __tablename__ = "ordered"
    __table_args__ = (UniqueConstraint("order_id", "number"), Index("ordered_by_kind", "kind"))

    global_position: Mapped[int] = mapped_column(big_integer(), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(sequence_id())
    number: Mapped[int] = mapped_column(big_integer())
    kind: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime] = mapped_column(aware_time())
    status: Mapped[str | None] = mapped_column(Text, server_default="new")
    written_by: Mapped[str] = mapped_column(Text, default="shop")
    seen_at: Mapped[datetime | None] = mapped_column(aware_time())
    kept: Mapped[str] = mapped_column(Text, server_default="yes")


@pytest.mark.parametrize("batch", [1, 60])
def test_a_record_class_of_the_orm_holds_items(journal_url: str, batch: int) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(OrderedRecord,)) as datastore:
        assert datastore.setup_tables() is True
        assert datastore.setup_tables() is False
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=OrderedRecord, sequenced_item_class=Ordered
        )
        order, at = uuid4(), datetime(2026, 1, 31, tzinfo=UTC)
        items = [Ordered(order, number, "a#B", "{}", at, "paid") for number in range(batch)]
        assert strategy.append(items) == range(1, batch + 1)
        assert strategy.get_items(order) == list(strategy.all_items()) == items
        for size in (1, batch):
            with pytest.raises(SequencedItemConflict):
                strategy.append(items[:size])
        assert strategy.append(items[0]._replace(number=batch, status=None)) == range(batch + 1, batch + 2)
        last = strategy.get_item(order, batch)
        assert last is not None
        assert last.status is None
        with datastore.session.connection() as connection:
            table = datastore.session.table_name("ordered")
            rows = connection.execute(f"SELECT DISTINCT written_by, kept FROM {table}").fetchall()
            assert rows == [("shop", "yes")]
            assert "ordered_by_kind" in datastore.session.names_present(connection, ["ordered_by_kind"])
        datastore.drop_tables()
        assert datastore.setup_tables() is True


def made(name: str, *arguments: Any, **changed: Any) -> type[Any]:
    columns = {
        "global_position": mapped_column(big_integer(), primary_key=True),
        "originator_id": mapped_column(Uuid),
        "originator_version": mapped_column(BigInteger),
        "event_type": mapped_column(Text),
        "state": mapped_column(Text),
        **changed,
    }
    columns = {name: column for name, column in columns.items() if column is not None}
    arguments = arguments or (UniqueConstraint("originator_id", "originator_version"),)
    return type(name, (Base,), {"__tablename__": name.lower(), "__table_args__": arguments, **columns})


class NoTable:
    pass


KEY = r"global_position must be its primary key, of the type columntypes\.big_integer\(\)"
PLACE = r"two items could have the same place: add UniqueConstraint\('originator_id', 'originator_version'\)"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (NoTable, "NoTable is not a record class: it needs a __table__"),
        (made("Lacking", state=None, kind=mapped_column(Text)), "it has no column state: a record class needs"),
        (made("Placeless", Index("placeless", "originator_id")), PLACE),
        (made("HalfPlaced", UniqueConstraint("originator_id")), PLACE),
        (made("NotUnique", Index("not_unique", "originator_id", "originator_version")), PLACE),
        (made("Bigint", global_position=mapped_column(BigInteger, primary_key=True)), KEY),
        (made("Small", global_position=mapped_column(Integer, primary_key=True)), KEY),
        (made("Given", global_position=mapped_column(big_integer(), Identity(), primary_key=True)), KEY),
        (
            made(
                "ByPlace",
                global_position=mapped_column(big_integer(), unique=True),
                originator_id=mapped_column(Uuid, primary_key=True),
                originator_version=mapped_column(BigInteger, primary_key=True),
            ),
            KEY,
        ),
        (
            made("Demanding", user=mapped_column(Text, nullable=False)),
            "user is not a field of the items, and needs a default",
        ),
        (
            made("Calling", user=mapped_column(Text, default=func.now())),
            "the default of user is not a value or a function",
        ),
        (made("Zoned", at=mapped_column(DateTime(timezone=True), nullable=True)), r"use columntypes\.aware_time\(\)"),
        (made("Exact", price=mapped_column(Numeric(10, 2), default=Decimal(1))), "SQLite has no exact type for price"),
        (made("Real", weight=mapped_column(REAL, nullable=True)), r"would round weight: use Double\(\)"),
        (made("Short", weight=mapped_column(Float(24), nullable=True)), r"would round weight: use Double\(\)"),
        (
            made("Elsewhere", UniqueConstraint("originator_id", "originator_version"), {"schema": "others"}),
            r"its schema is others: name it with \?schema=others in the URL",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_record_class_that_cannot_hold_items_is_refused_when_the_strategy_is_made(
    journal_url: str, record: type[Any], message: str
) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url)) as datastore, pytest.raises(TypeError, match=message):
        SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=record, sequenced_item_class=StoredEvent
        )


@pytest.mark.parametrize(
    "record",
    [
        made("Indexed", Index("by_place", "originator_version", "originator_id", unique=True)),
        made("Referring", parent=mapped_column(big_integer(), ForeignKey("ordered.global_position"), nullable=True)),
    ],
    ids=lambda record: record.__name__,
)
def test_other_ways_to_say_the_same_are_taken(journal_url: str, record: type[Any]) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(OrderedRecord, record)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=record, sequenced_item_class=StoredEvent
        )
        item = StoredEvent(uuid4(), 0, "a#B", "{}")
        strategy.append(item)
        with pytest.raises(SequencedItemConflict):
            strategy.append(item)


# Two ways to write an id, which are the same for the database.
PADDED = Text(collation="RTRIM").with_variant(CHAR(5), "postgresql")


@pytest.mark.parametrize(
    ("record", "stored", "given"),
    [
        (made("Padded", originator_id=mapped_column(PADDED)), ("abc", 1), ("abc ", 1)),
        (made("ByBytes", originator_id=mapped_column(LargeBinary)), (b"abc", 1), (b"abc", 1)),
        (
            made("ByUuid", originator_version=mapped_column(Uuid)),
            (UUID(int=7), UUID(int=8)),
            (UUID(int=7), UUID(int=8)),
        ),
        (made("Once", originator_version=mapped_column(Boolean)), (UUID(int=7), True), (UUID(int=7), True)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
@pytest.mark.parametrize("batch", [1, 60])
def test_a_place_that_the_database_says_is_taken_is_a_conflict(
    journal_url: str, record: type[Any], stored: tuple[Any, Any], given: tuple[Any, Any], batch: int
) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(record,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=record, sequenced_item_class=StoredEvent
        )
        strategy.append(StoredEvent(*stored, "a#B", "{}"))
        others = [StoredEvent(other(stored[0], n), stored[1], "a#B", "{}") for n in range(1, batch)]
        for state, identical in (("{}", True), ('{"a":1}', False)):
            with pytest.raises(SequencedItemConflict) as caught:
                strategy.append([*others, StoredEvent(*given, "a#B", state)])
            assert (caught.value.position, caught.value.last_position) == (given[1], stored[1])
            assert caught.value.identical is identical


def other(sequence: Any, number: int) -> Any:
    if isinstance(sequence, UUID):
        return UUID(int=1000 + number)
    return str(number) if isinstance(sequence, str) else str(number).encode()

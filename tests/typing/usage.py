"""Code as users write it: it passes `mypy --strict`, and it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple, assert_type
from uuid import UUID, uuid4

from esjournal import (
    NEXT,
    AESGCMCipher,
    ConcurrencyError,
    Conflict,
    Cursor,
    DomainEvent,
    EsjournalError,
    EventStore,
    InvalidData,
    InvalidURL,
    JournalEvent,
    JournalStore,
    JSONTranscoder,
    OutcomeUnknown,
    SequencedItemConflict,
    StoredEvent,
    StoreError,
    fold,
    open_event_store,
    register_topic,
    retry,
)
from esjournal.infrastructure.sequenceditem import SequencedItem
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"


class OrderPlaced(DomainEvent):
    item: str
    price: Money
    note: str = ""
    largest: ClassVar[int] = 100


class GiftPlaced(OrderPlaced):
    giver: str


class OrderPaid(DomainEvent):
    amount: Decimal


class Measured(DomainEvent):
    """An event that uses its own words for its place."""

    sensor: UUID
    at: float
    celsius: float


class AuditedEvent(NamedTuple):
    order_id: UUID
    number: int
    kind: str
    body: str
    user: str


def place(store: EventStore[StoredEvent], order: UUID) -> OrderPlaced:
    placed = OrderPlaced(originator_id=order, originator_version=0, item="tea", price=Money(Decimal("1.10")))
    assert_type(placed.item, str)
    assert_type(placed.price, Money)
    assert_type(placed.originator_version, int)
    positions = store.append(placed)
    assert list(positions) == [1]
    store.append([OrderPaid(originator_id=order, originator_version=NEXT, amount=Decimal("1.10"))])
    store.append(event for event in [DomainEvent(originator_id=order, originator_version=NEXT, anything=[1, 2])])
    return placed


def total(events: Iterator[DomainEvent]) -> Decimal:
    return sum((event.amount for event in events if isinstance(event, OrderPaid)), Decimal(0))


def amounts(state: dict[str, Decimal], found: JournalEvent) -> None:
    if isinstance(found.event, OrderPaid):
        state["paid"] = state.get("paid", Decimal(0)) + found.event.amount


def follow(store: JournalStore, cursor: Cursor | None) -> Cursor | None:
    for found in store.follow(cursor, timeout=0):
        assert_type(found.position, int)
        cursor = Cursor.from_text(found.cursor.to_text())
    return cursor


@retry(attempts=3, wait=0.001)
def pay(store: EventStore[StoredEvent], order: UUID, *, amount: Decimal) -> int:
    last = store.get_most_recent_event(order)
    version = 0 if last is None else last.originator_version + 1
    store.append(OrderPaid(originator_id=order, originator_version=version, amount=amount))
    return version


def conflict_of(store: EventStore[StoredEvent], event: DomainEvent) -> Conflict | None:
    try:
        store.append(event)
    except (ConcurrencyError, SequencedItemConflict) as conflict:
        assert_type(conflict.identical, bool)
        return conflict
    except OutcomeUnknown as unknown:
        assert_type(unknown.reason, str)
    except (InvalidData, InvalidURL, StoreError, EsjournalError):
        raise
    return None


def use_one_call(order: UUID) -> None:
    transcoder = JSONTranscoder()
    transcoder.register(
        Money,
        name="money",
        encode=lambda money: [money.amount, money.currency],
        decode=lambda parts: Money(*parts),
    )
    with open_event_store(":memory:", create=True, transcoder=transcoder) as store:
        placed = place(store, order)
        events = store.get_domain_events(order, gte=0, limit=10)
        assert_type(events, list[DomainEvent])
        assert events[0] == placed
        assert events[0].item == "tea"
        assert events[2].anything == [1, 2]
        assert pay(store, order, amount=Decimal(2)) == 3
        assert total(store.all_domain_events(after=1)) == Decimal("3.10")
        assert fold(store.read(as_of=2), amounts) == {"paid": Decimal("1.10")}
        assert follow(store, store.cursor(3)) == store.cursor()
        conflict = conflict_of(store, placed)
        assert conflict is not None
        assert conflict.last_position == 3


def use_the_layers(order: UUID) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(), tables=(StoredEventRecord,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        strategy.append(StoredEvent(order, NEXT, "shop.events#OrderLost", "{}"))
        item = strategy.get_item(order, eq=0)
        assert_type(item, StoredEvent | None)
        store = EventStore(
            sequenced_item_mapper=SequencedItemMapper(StoredEvent, cipher=AESGCMCipher(bytes(32))),
            active_record_strategy=strategy,
        )
        assert_type(store, EventStore[StoredEvent])
        register_topic(GiftPlaced, "shop.old_events#GiftPlaced")
        store.append(
            GiftPlaced(
                originator_id=order, originator_version=1, item="jam", price=Money(Decimal(2)), note="x", giver="Ann"
            )
        )
        assert store.get_domain_event(order, eq=1) is not None


def map_other_items(order: UUID) -> None:
    by_time = SequencedItemMapper(SequencedItem, sequence_id_attr_name="sensor", position_attr_name="at")
    assert_type(by_time.to_sequenced_item(Measured(sensor=order, at=1767225600.5, celsius=21.5)), SequencedItem)
    audited = SequencedItemMapper(AuditedEvent)
    assert_type(audited.to_sequenced_item(DomainEvent(order_id=order, number=0, user="ann")), AuditedEvent)


def main() -> None:
    use_one_call(uuid4())
    use_the_layers(uuid4())
    map_other_items(uuid4())


if __name__ == "__main__":
    main()

"""Sequences with names, in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.sequencenames import name_of_id, sequence_id
from esjournal.exceptions import ConcurrencyError, InvalidData
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    SQLAlchemyActiveRecordStrategy,
)
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from tests.helpers.events import ID

Store = EventStore[StoredEvent]
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]


class Placed(DomainEvent):
    pass


class Numbered(DomainEvent):
    """An event that knows the name of its sequence."""

    number: int | None

    @property
    def originator_name(self) -> str | None:
        return None if self.number is None else f"order-{self.number}"


def placed(name: str, version: int = 0) -> Placed:
    return Placed(originator_id=sequence_id(name), originator_version=version)


def test_events_are_found_by_the_name_of_their_sequence(event_store: Store) -> None:
    events = [placed("order-1"), placed("order-1", 1)]
    event_store.append(events, name="order-1")
    assert event_store.get_domain_events("order-1") == events
    assert event_store.get_domain_event("order-1", 1) == events[1]
    assert event_store.get_most_recent_event("order-1") == events[1]
    assert event_store.get_domain_events(sequence_id("order-1")) == events
    assert event_store.get_domain_events("Order-1") == []


def test_the_command_line_reads_the_names_that_the_library_wrote(store_url: str) -> None:
    initialise(store_url)
    with open_event_store(store_url) as store:
        store.append(placed("order-1"), name="order-1")
        numbered = [Numbered(originator_id=sequence_id(f"order-{n}"), originator_version=0, number=n) for n in (2, 3)]
        store.append(numbered)
        store.append(Numbered(originator_id=uuid4(), originator_version=0, number=None))
    with open_journal(store_url) as journal:
        names = [name_of_id(event.originator_id) for event in journal.events.all_items()]
    assert names == ["order-1", "order-2", "order-3", None]


def test_a_name_of_another_sequence_is_refused(event_store: Store) -> None:
    for name, event in (
        ("order-2", placed("order-1")),
        ("order-1", Placed(originator_id=uuid4(), originator_version=0)),
    ):
        with pytest.raises(InvalidData, match=f"'{name}' belongs to the sequence {sequence_id(name)}, but"):
            event_store.append(event, name=name)
    assert list(event_store.all_domain_events()) == []


@pytest.mark.parametrize("name", ["", "next", ID.upper(), "a\nb", 7])
def test_what_is_not_a_name_is_refused(event_store: Store, name: Any) -> None:
    with pytest.raises(InvalidData, match="the name"):
        event_store.append(placed("order-1"), name=name)


def test_a_conflict_writes_no_name(event_store: Store) -> None:
    event_store.append(placed("order-1"))
    with pytest.raises(ConcurrencyError):
        event_store.append(placed("order-1"), name="order-1")
    session = event_store.active_record_strategy.session  # type: ignore[attr-defined]
    assert session.rows(f"SELECT name FROM {session.table_name('sequence_names')}") == []


def test_a_table_without_names_refuses_them(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(IntegerSequencedItemRecord, SequencedItem)
    store = EventStore(
        sequenced_item_mapper=SequencedItemMapper(SequencedItem, "originator_id", "originator_version"),
        active_record_strategy=strategy,
    )
    with pytest.raises(InvalidData, match="have no names: leave the name out"):
        store.append(placed("order-1"), name="order-1")
    store.append(placed("order-1"))

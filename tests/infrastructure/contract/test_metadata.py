"""Metadata of events, in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import sequence_id
from esjournal.exceptions import ConcurrencyError, InvalidData
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    RecordedEventRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
)
from tests.helpers.events import ID, event

Store = EventStore[StoredEvent]
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]


def happened(version: int | None = 0) -> DomainEvent:
    return DomainEvent(originator_id=UUID(ID), originator_version=version)


@pytest.fixture
def recorded(make_strategy: MakeStrategy) -> Callable[[], list[RecordedEvent]]:
    return lambda: list(make_strategy(RecordedEventRecord, RecordedEvent).all_items())


def test_metadata_is_stored_with_each_event(event_store: Store, recorded: Callable[[], list[RecordedEvent]]) -> None:
    about = {"user": "ann", "ip": None, "tags": ["é", 1.5, True]}
    event_store.append([happened(0), happened(NEXT)], metadata=about)
    event_store.append(happened(2))
    text = '{"user":"ann","ip":null,"tags":["é",1.5,true]}'
    assert [found.metadata for found in recorded()] == [text, text, None]
    assert [found.originator_version for found in event_store.get_domain_events(UUID(ID))] == [0, 1, 2]


def test_metadata_and_a_name_are_written_together(
    event_store: Store, recorded: Callable[[], list[RecordedEvent]]
) -> None:
    event_store.append(
        DomainEvent(originator_id=sequence_id("order-1"), originator_version=0), name="order-1", metadata={"a": 1}
    )
    assert [found.metadata for found in recorded()] == ['{"a":1}']
    assert len(event_store.get_domain_events("order-1")) == 1


def test_events_without_metadata_are_identical_too(event_store: Store) -> None:
    event_store.append(happened())
    with pytest.raises(ConcurrencyError) as raised:
        event_store.append(happened())
    assert raised.value.identical


@pytest.mark.parametrize(("metadata", "identical"), [({"user": "ann"}, True), ({"user": "bob"}, False), (None, False)])
def test_metadata_is_part_of_what_is_identical(
    event_store: Store, metadata: dict[str, Any] | None, identical: bool
) -> None:
    event_store.append(happened(), metadata={"user": "ann"})
    with pytest.raises(ConcurrencyError) as raised:
        event_store.append(happened(), metadata=metadata)
    assert raised.value.identical is identical


@pytest.mark.parametrize("metadata", [{"a": object()}, {"a": float("nan")}, {"a": "\ud800"}, {"a": {1, 2}}])
def test_metadata_that_is_not_json_is_refused(event_store: Store, metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidData, match="metadata"):
        event_store.append(happened(), metadata=metadata)
    assert event_store.get_domain_events(UUID(ID)) == []


def test_a_table_without_a_place_for_metadata_refuses_it(make_strategy: MakeStrategy) -> None:
    store: EventStore[Any] = EventStore(
        sequenced_item_mapper=SequencedItemMapper(SequencedItem),
        active_record_strategy=make_strategy(IntegerSequencedItemRecord, SequencedItem),
    )
    with pytest.raises(InvalidData, match="integer_sequenced_items cannot store metadata"):
        store.append(DomainEvent(sequence_id=UUID(ID), position=0), metadata={"a": 1})


def test_items_that_have_metadata_give_it_themselves(make_strategy: MakeStrategy) -> None:
    with pytest.raises(TypeError, match="RecordedEvent has metadata of its own"):
        make_strategy(RecordedEventRecord, RecordedEvent).append(event(), metadata="{}")


@pytest.mark.parametrize("text", ["", "x", "[1]", "null", '{"a":NaN}'])
def test_a_strategy_takes_only_the_text_of_a_json_object(make_strategy: MakeStrategy, text: str) -> None:
    strategy = make_strategy(StoredEventRecord, StoredEvent)
    with pytest.raises(InvalidData, match="metadata "):
        strategy.append(StoredEvent(UUID(ID), 0, "a#B", "{}"), metadata=text)
    assert strategy.last_global_position() == 0

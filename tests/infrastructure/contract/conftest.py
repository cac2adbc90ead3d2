"""A datastore with every table, and a strategy and an event store on it, on each database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings

TABLES = (StoredEventRecord, IntegerSequencedItemRecord, TimestampSequencedItemRecord)
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]


@pytest.fixture
def datastore(journal_url: str) -> Iterator[SQLAlchemyDatastore]:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=TABLES) as datastore:
        datastore.setup_tables()
        yield datastore


@pytest.fixture
def make_strategy(datastore: SQLAlchemyDatastore) -> MakeStrategy:
    def make(record: type[Any], item: type[Any]) -> SQLAlchemyActiveRecordStrategy[Any]:
        return SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=record, sequenced_item_class=item
        )

    return make


@pytest.fixture
def strategy(make_strategy: MakeStrategy) -> SQLAlchemyActiveRecordStrategy[StoredEvent]:
    return make_strategy(StoredEventRecord, StoredEvent)


@pytest.fixture
def event_store(strategy: SQLAlchemyActiveRecordStrategy[StoredEvent]) -> EventStore[StoredEvent]:
    return EventStore(
        sequenced_item_mapper=SequencedItemMapper(StoredEvent),
        active_record_strategy=strategy,
    )

"""The event store of eventsourcing 2, 3 or 4 on one of its tables, which is made if it does not exist yet."""

from __future__ import annotations

from eventsourcing.infrastructure import sequenceditem
from eventsourcing.infrastructure.eventstore import EventStore
from eventsourcing.infrastructure.sequenceditemmapper import SequencedItemMapper
from eventsourcing.infrastructure.sqlalchemy import activerecords, datastore

RECORDS = {
    "stored_events": "StoredEventRecord",
    "integer_sequenced_items": "IntegerSequencedItemRecord",
    "timestamp_sequenced_items": "TimestampSequencedItemRecord",
}
# Version 2 has no table stored_events, and uses other names for its records.
RECORDS_OF_VERSION_2 = {
    "integer_sequenced_items": "SqlIntegerSequencedItem",
    "timestamp_sequenced_items": "SqlTimestampSequencedItem",
}


def open_store(url: str, table: str) -> EventStore:
    settings = datastore.SQLAlchemySettings(uri=url)
    is_version_2 = hasattr(datastore, "Base")
    record = getattr(activerecords, (RECORDS_OF_VERSION_2 if is_version_2 else RECORDS)[table])
    base = datastore.Base if is_version_2 else datastore.ActiveRecord
    database = datastore.SQLAlchemyDatastore(base=base, tables=(record,), settings=settings)
    database.setup_connection()
    database.setup_tables()
    item = sequenceditem.StoredEvent if table == "stored_events" else sequenceditem.SequencedItem
    strategy = activerecords.SQLAlchemyActiveRecordStrategy(
        **({"datastore": database} if is_version_2 else {"session": database.session}),
        active_record_class=record,
        sequenced_item_class=item,
    )
    return EventStore(strategy, SequencedItemMapper(item, "originator_id", "originator_version"))

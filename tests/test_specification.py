"""The path that the specification walks through, with our own examples."""

from uuid import uuid4

from esjournal.domain.model.events import DomainEvent
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings

SPECIFICATION_TOPIC = "eventsourcing.domain.model.events#DomainEvent"


def test_an_event_of_the_specification_maps_and_comes_back_as_it_was_stored() -> None:
    parcel = uuid4()
    mapper = SequencedItemMapper(sequenced_item_class=StoredEvent)
    stored = StoredEvent(
        originator_id=parcel, originator_version=0, event_type=SPECIFICATION_TOPIC, state='{"weight":1.5}'
    )

    event = mapper.from_sequenced_item(stored)

    assert isinstance(event, DomainEvent)
    assert (event.weight, event.originator_id, event.originator_version) == (1.5, parcel, 0)
    assert mapper.to_sequenced_item(event) == stored


def test_the_whole_path_from_stored_event_to_event_store_and_back(journal_url: str) -> None:
    parcel = uuid4()
    weighed = StoredEvent(parcel, 0, SPECIFICATION_TOPIC, '{"weight":1.5}')

    datastore = SQLAlchemyDatastore(settings=SQLAlchemySettings(uri=journal_url), tables=(StoredEventRecord,))
    datastore.setup_connection()
    try:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        strategy.append(weighed)
        assert strategy.get_items(parcel) == [weighed]

        store = EventStore(
            sequenced_item_mapper=SequencedItemMapper(sequenced_item_class=StoredEvent),
            active_record_strategy=strategy,
        )
        assert [event.weight for event in store.get_domain_events(parcel)] == [1.5]

        delivered = DomainEvent(originator_id=parcel, originator_version=1, door="blue")
        store.append(delivered)

        events = store.get_domain_events(parcel)
        assert len(events) == 2
        assert events[1] == delivered
    finally:
        datastore.close_connection()


def test_the_settings_default_to_a_store_in_memory() -> None:
    with SQLAlchemyDatastore(settings=SQLAlchemySettings(), tables=(StoredEventRecord,)) as datastore:
        assert datastore.setup_tables()
        assert datastore.url.path == ":memory:"

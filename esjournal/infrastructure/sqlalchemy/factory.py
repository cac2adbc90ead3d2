"""An event store from a URL, in one call."""

from __future__ import annotations

from esjournal.infrastructure.cipher import Cipher
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.transcoding import JSONTranscoder


def open_event_store(
    uri: str, *, transcoder: JSONTranscoder | None = None, cipher: Cipher | None = None
) -> EventStore[StoredEvent]:
    """Return an event store on the journal at a URL, which is made if it is not there.

    Args:
        uri: a URL, or the path of a SQLite file.
        transcoder: for values of your own types.
        cipher: for encrypted states.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: the store cannot be opened or made.
    """
    datastore = SQLAlchemyDatastore(SQLAlchemySettings(uri=uri), tables=(StoredEventRecord,))
    datastore.setup_connection()
    try:
        if datastore.session.why_read_only() is None:
            datastore.setup_tables()
        else:
            # A standby, for instance: its journals are read as they are.
            datastore.identity()
        datastore.check_columns()
    except BaseException:
        datastore.close_connection()
        raise
    return EventStore(
        sequenced_item_mapper=SequencedItemMapper(StoredEvent, transcoder=transcoder, cipher=cipher),
        active_record_strategy=SQLAlchemyActiveRecordStrategy(
            session=datastore.session,
            active_record_class=StoredEventRecord,
            sequenced_item_class=StoredEvent,
        ),
    )

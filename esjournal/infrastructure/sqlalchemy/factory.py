"""An event store from a URL, in one call."""

from __future__ import annotations

from contextlib import suppress

from esjournal.exceptions import NotInitialised, StoreError, StoreNotFound
from esjournal.infrastructure.cipher import Cipher
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION
from esjournal.infrastructure.transcoding import JSONTranscoder


def open_event_store(
    uri: str, *, create: bool = False, transcoder: JSONTranscoder | None = None, cipher: Cipher | None = None
) -> EventStore[StoredEvent]:
    """Return an event store on the journal at a URL.

    Args:
        uri: a URL, or the path of a SQLite file. `:memory:` is a new journal, which is gone when the store is closed.
        create: make the journal if there is none.
        transcoder: for values of your own types.
        cipher: for encrypted states.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreNotFound: nothing is there, and `create` is False.
        NotInitialised: a database is there without a journal, and `create` is False.
        StoreError: the store cannot be opened or made. If an earlier esjournal made it, appending raises SchemaTooOld
            until `esjournal init` upgrades it.
    """
    datastore = SQLAlchemyDatastore(SQLAlchemySettings(uri=uri), tables=(StoredEventRecord,))
    datastore.setup_connection()
    try:
        session = datastore.session
        # A database that nobody else sees is always new. A journal on a standby can only be read, and one of an earlier
        # esjournal is upgraded only when its users say so.
        if not session.is_shared or (create and session.why_read_only() is None and not _is_earlier(datastore)):
            datastore.setup_tables()
        else:
            datastore.identity()
        datastore.check_columns()
    except BaseException as error:
        datastore.close_connection()
        if not create and isinstance(error, StoreNotFound | NotInitialised):
            raise type(error)(f"{error}, or open it with create=True") from None
        raise
    return EventStore(
        sequenced_item_mapper=SequencedItemMapper(StoredEvent, transcoder=transcoder, cipher=cipher),
        active_record_strategy=SQLAlchemyActiveRecordStrategy(
            session=datastore.session,
            active_record_class=StoredEventRecord,
            sequenced_item_class=StoredEvent,
        ),
    )


def _is_earlier(datastore: SQLAlchemyDatastore) -> bool:
    with suppress(StoreError):
        return datastore.identity().schema_version < SCHEMA_VERSION
    return False

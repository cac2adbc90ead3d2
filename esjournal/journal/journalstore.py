"""The event store of a journal, which also reads the journal as a whole, and follows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from threading import Event
from typing import Any
from uuid import UUID

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.recordedevent import EventRow
from esjournal.domain.model.replayedevent import ReplayedEvent
from esjournal.domain.model.rules import recorded_at_text
from esjournal.exceptions import InvalidData, NotInitialised, StoreError, StoreNotFound
from esjournal.infrastructure.activerecord import check_at_least
from esjournal.infrastructure.cipher import Cipher
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION
from esjournal.infrastructure.transcoding import JSONTranscoder
from esjournal.journal.cursor import Cursor, cursor_at, cursor_of, position_once_there
from esjournal.journal.journal import Journal, journal_on
from esjournal.journal.read.criteria import position_as_of
from esjournal.journal.read.follow import follow

_UNMAPPED: Any = object()


class JournalEvent(ReplayedEvent):
    """An event with what the journal knows about it.

    `event` is the domain event. It is made when it is first asked for, so that events of other types can be passed over
    by their `type`, also if their classes are not registered. The other attributes are those that a replay gives.
    """

    __slots__ = ("_event", "_journal", "_mapper")

    def __init__(self, row: EventRow, journal: Journal, mapper: SequencedItemMapper[StoredEvent]) -> None:
        super().__init__(row)
        self._journal = journal
        self._mapper = mapper
        self._event = _UNMAPPED

    @property
    def event(self) -> DomainEvent:
        """The domain event.

        Raises:
            MappingError: the stored event does not map to one.
        """
        if self._event is _UNMAPPED:
            originator_id, version, event_type, state, *_ = self._row
            try:
                item = StoredEvent(UUID(originator_id), version, event_type, state)
                self._event = self._mapper.from_sequenced_item(item)
            except InvalidData as error:
                raise type(error)(f"global position {self.position}: {error}") from error
        mapped: DomainEvent = self._event
        return mapped

    @property
    def cursor(self) -> Cursor:
        """The cursor of a reader that has come up to this event, and goes on after it."""
        return cursor_of(self._journal, self._row)


class JournalStore(EventStore[StoredEvent]):
    """The event store of a journal: it also reads and follows the journal, all sequences together in global order.

    Args:
        sequenced_item_mapper: maps events to items.
        active_record_strategy: writes the items to the journal's own table.
    """

    active_record_strategy: SQLAlchemyActiveRecordStrategy[StoredEvent]

    def __init__(
        self,
        *,
        sequenced_item_mapper: SequencedItemMapper[StoredEvent],
        active_record_strategy: SQLAlchemyActiveRecordStrategy[StoredEvent],
    ) -> None:
        super().__init__(sequenced_item_mapper=sequenced_item_mapper, active_record_strategy=active_record_strategy)

    def read(self, *, after: int = 0, as_of: int | datetime | None = None) -> Generator[JournalEvent, None, None]:
        """Return the events that are there when the reading begins, in global order, streaming.

        Args:
            after: the global position to begin after.
            as_of: read the journal as it was after this global position, or at this time.

        Raises:
            ValueError: a global position below 0, or a time without a time zone.
            OutOfOrder: `after` is given, and events with lower positions may come later.
        """
        check_at_least(0, after=after)
        if isinstance(as_of, datetime):
            if as_of.tzinfo is None:
                raise ValueError(f"as_of is {as_of}, without a time zone: give it one, such as UTC")
        else:
            check_at_least(0, as_of=as_of)
        return self._read(after, as_of)

    def _read(self, after: int, as_of: int | datetime | None) -> Generator[JournalEvent, None, None]:
        journal = self._journal
        if after:
            journal.events.check_order()
        until = journal.events.settled_position()
        if as_of is not None:
            moment = recorded_at_text(as_of) if isinstance(as_of, datetime) else as_of
            until = min(until, position_as_of(journal, moment))
        for page in journal.events.pages(after=after, until=until):
            for row in page:
                yield self._event_of(row)

    def cursor(self, position: int | None = None) -> Cursor:
        """Return the cursor of a reader that has come up to an event.

        Args:
            position: the global position of the event, 0 for the beginning; by default the last one there is.

        Raises:
            ValueError: a global position below 0.
            InvalidCursor: there is no event at the position.
            OutOfOrder: events with lower positions may come later.
        """
        check_at_least(0, position=position)
        return cursor_at(self._journal, self._journal.events.settled_position() if position is None else position)

    def follow(
        self, cursor: Cursor | None = None, *, timeout: float | None = None, stop: Event | None = None
    ) -> Generator[JournalEvent, None, None]:
        """Yield the events after a cursor, and then new ones as they are committed: each once, in global order.

        It blocks until there is an event. It waits while the server is gone, the store is locked, or a standby lags
        behind the cursor, as `log -f` does.

        Args:
            cursor: where to go on: the `cursor` of the last event that was handled. None is the beginning.
            timeout: end if no event has come for this many seconds; 0 ends after those that are there. Without it the
                following has no end.
            stop: end when this is set, by another thread or a signal handler: within a fraction of a second, or two
                seconds while the server is gone.

        Raises:
            ValueError: a timeout that is not a number of seconds, 0 or more.
            InvalidCursor: the cursor is another journal's, or the journal was restored, or changed, since.
            StoreError: the store cannot be read. One that is only gone or locked for now is raised if it still is when
                the timeout is over.
            OutOfOrder: events with lower positions may come later.
        """
        if timeout is not None and not 0 <= timeout < math.inf:
            raise ValueError(f"timeout is {timeout}: give a number of seconds, 0 or more")
        return self._follow(cursor, timeout, stop or Event())

    def _follow(self, cursor: Cursor | None, timeout: float | None, stop: Event) -> Generator[JournalEvent, None, None]:
        journal = self._journal
        last_came = time.monotonic()

        def is_over() -> bool:
            return stop.is_set() or (timeout is not None and time.monotonic() - last_came >= timeout)

        try:
            for found in follow(journal, after=self._position_of(cursor, is_over), is_over=is_over):
                for row in found.page:
                    if stop.is_set():
                        return
                    yield self._event_of(row)
                last_came = time.monotonic()
        except StoreError:
            if not stop.is_set():
                raise

    def _position_of(self, cursor: Cursor | None, is_over: Callable[[], bool]) -> int:
        """Return the global position of a cursor after checking that it fits, once a standby has come there."""
        if cursor is None:
            return 0
        self._journal.events.check_order()
        return position_once_there(self._journal, cursor, is_over=is_over)

    def _event_of(self, row: EventRow) -> JournalEvent:
        return JournalEvent(row, self._journal, self.sequenced_item_mapper)

    @cached_property
    def _journal(self) -> Journal:
        session = self.active_record_strategy.session
        return journal_on(session, session.identity())


def open_event_store(
    uri: str, *, create: bool = False, transcoder: JSONTranscoder | None = None, cipher: Cipher | None = None
) -> JournalStore:
    """Return the event store of the journal at a URL.

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
    return JournalStore(
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

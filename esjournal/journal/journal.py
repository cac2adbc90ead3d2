"""Opening and making journals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import (
    InvalidURL,
    NotADatabase,
    NotInitialised,
    NotMarked,
    StoreNotFound,
    UnfinishedWrite,
    advising,
)
from esjournal.infrastructure.sqlalchemy.activerecords import (
    NumberedEventRecord,
    RecordedEventRecord,
    RecordedEventRecord1,
    SQLAlchemyActiveRecordStrategy,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION
from esjournal.infrastructure.sqlalchemy.session import JournalIdentity, Session
from esjournal.infrastructure.sqlalchemy.urls import MEMORY, TEMPORARY, StoreURL
from esjournal.interchange.formats import STANDARD_STREAM, is_file_of_events

if TYPE_CHECKING:
    from esjournal.infrastructure.sqlalchemy.layouts.base import Layout


@dataclass(frozen=True)
class Journal:
    """An open journal.

    `shown_url` is its URL without the password, `journal_id` the UUID it was made with, and `events` the strategy that
    writes and reads its events. `layout` is the layout of another library's tables, whose `journal_id` is derived from
    their address, and None for a journal. `has_names` says whether sequences have names, from which their ids are
    derived.
    """

    shown_url: str
    journal_id: str
    events: SQLAlchemyActiveRecordStrategy[RecordedEvent]
    layout: Layout | None = None
    has_names: bool = False


@contextmanager
def open_journal(url: str, *, as_it_is: bool = False) -> Iterator[Journal]:
    """Open the journal at a URL, or another library's tables as a journal, and close it afterwards.

    Args:
        url: a URL, or the path of a SQLite file.
        as_it_is: open it even if its columns have been changed, to find out what else is wrong.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened; nothing is made.
    """
    with _datastore(url) as datastore:
        with _naming_other_files(datastore):
            journal = _journal(datastore, as_it_is) if datastore.url.layout is None else _others_journal(datastore)
        yield journal


def is_same_journal(one: Journal, other: Journal) -> bool:
    """Say whether two open journals are the same; a copy of a journal's file has its id, but is another journal."""
    return one.journal_id == other.journal_id and one.events.session.location() == other.events.session.location()


@contextmanager
def open_temporary_journal(*, positions_are_given: bool = False) -> Iterator[Journal]:
    """Make an empty journal that lasts until it is closed; what does not fit in memory goes to an unnamed file.

    Args:
        positions_are_given: whether events are written at the global positions that they have.
    """
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=TEMPORARY), tables=(RecordedEventRecord,)) as datastore:
        datastore.setup_tables()
        journal = _journal(datastore)
        yield (
            replace(journal, events=_strategy(datastore.session, NumberedEventRecord))
            if positions_are_given
            else journal
        )


def _journal(datastore: SQLAlchemyDatastore, as_it_is: bool = False) -> Journal:
    identity = datastore.identity()
    if not as_it_is:
        datastore.check_columns()
    return journal_on(datastore.session, identity)


def journal_on(session: Session, identity: JournalIdentity) -> Journal:
    """Return the journal that a session is on, which is open as long as the session is.

    Args:
        session: the session of a datastore.
        identity: the identity of the journal.
    """
    events = _strategy(session, RecordedEventRecord1 if identity.schema_version == 1 else RecordedEventRecord)
    events.look_for_names()
    return Journal(str(session.url), identity.journal_id, events)


def _strategy(session: Session, record_class: type[Any]) -> SQLAlchemyActiveRecordStrategy[RecordedEvent]:
    return SQLAlchemyActiveRecordStrategy(
        session=session, active_record_class=record_class, sequenced_item_class=RecordedEvent
    )


def _others_journal(datastore: SQLAlchemyDatastore) -> Journal:
    # Only another library's tables need it.
    from esjournal.infrastructure.sqlalchemy.layouts.detection import open_layout

    events = open_layout(datastore.session)
    path = datastore.url.path
    address = str(datastore.url) if path is None else f"{Path(path).resolve().as_uri()} {events.table.name}"
    return Journal(str(datastore.url), str(uuid5(NAMESPACE_URL, address)), events, events.layout, events.has_names)


@dataclass(frozen=True)
class Initialised:
    """The result of making a journal.

    `created` is False if there was one already. `marked` says whether its SQLite file was not marked as a journal, and
    otherwise `completed` says whether it lacked something that a journal of this esjournal has, such as an index, and
    `upgraded_from` is its earlier schema version, None if it had the present one. `protected` says whether it is
    protected now, and was not before.
    """

    shown_url: str
    journal_id: str
    created: bool
    marked: bool
    completed: bool
    upgraded_from: int | None
    protected: bool


def initialise(url: str, *, schema: str | None = None, protect: bool = False) -> Initialised:
    """Make a journal at a URL, unless there is one already.

    Args:
        url: a URL, or the path of a SQLite file.
        schema: on PostgreSQL, the schema to make it in, if the URL names none.
        protect: make the database refuse to change or delete events, for everyone.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: something else is there, or the store cannot be written; it is left unchanged.
    """
    with _datastore(url, schema) as datastore, _naming_other_files(datastore):
        _check_is_our_own(datastore)
        was_there, was_marked, version = _has_journal(datastore)
        with advising("run the same command again: it makes what is missing"):
            made = datastore.setup_tables()
            protected = protect and datastore.protect()
        journal_id = datastore.identity().journal_id
        return Initialised(
            str(datastore.url),
            journal_id,
            created=made and not was_there,
            marked=made and was_there and not was_marked,
            completed=made and was_there and was_marked,
            upgraded_from=version if version < SCHEMA_VERSION else None,
            protected=protected,
        )


def schema_sql(url: str, *, schema: str | None = None, protect: bool = False) -> str:
    """Return the SQL that makes the tables of a journal at a URL, for reading; nothing is opened.

    Args:
        url: a URL, or the path of a SQLite file.
        schema: on PostgreSQL, the schema to make it in, if the URL names none.
        protect: also the SQL that protects the events.

    Raises:
        InvalidURL: the URL cannot be used.
    """
    with _datastore(url, schema) as datastore:
        _check_is_our_own(datastore)
        return datastore.schema_sql(protected=protect)


def _check_is_our_own(datastore: SQLAlchemyDatastore) -> None:
    if datastore.url.layout is not None:
        raise InvalidURL(
            f"{datastore.url} names the layout {datastore.url.layout}, whose tables are made by its own library: "
            f"leave it out to make a journal"
        )


def _has_journal(datastore: SQLAlchemyDatastore) -> tuple[bool, bool, int]:
    """Say whether there is a journal, whether it is marked as one, and which schema version it has."""
    try:
        return True, True, datastore.identity().schema_version
    except NotMarked:
        return True, False, SCHEMA_VERSION
    except (StoreNotFound, NotInitialised):
        return False, False, SCHEMA_VERSION
    except UnfinishedWrite:
        # A database that is opened to write undoes it.
        with datastore.session.writing_connection():
            pass
        return _has_journal(datastore)


@contextmanager
def _naming_other_files(datastore: SQLAlchemyDatastore) -> Iterator[None]:
    """Say what a file is, by its first bytes, if SQLite says that it is not a database."""
    try:
        yield
    except NotADatabase:
        # Loaded here, because only such a file needs the decompressors.
        from esjournal.interchange.refusedfiles import reason_not_a_journal

        reason = None if datastore.url.path is None else reason_not_a_journal(datastore.url.path)
        if reason is None:
            raise
        raise NotADatabase(reason) from None


def _datastore(url: str, schema: str | None = None) -> SQLAlchemyDatastore:
    if is_file_of_events(url):
        raise InvalidURL(
            f"{url} is a file of events, which can be read, but not written: name a journal, and import the file; for "
            f"a SQLite file of that name, write sqlite:///{url}"
        )
    if url == STANDARD_STREAM:
        raise InvalidURL("- is standard input or output, not a journal: name a file, or ./- if that is its name")
    settings = SQLAlchemySettings(uri=url, schema=schema)
    address = StoreURL.parse(url)
    if address.path in (MEMORY, TEMPORARY):
        raise InvalidURL(
            f"{address} is a journal in memory, gone when the command ends: name a file, or ./{address.path} if that "
            f"is its name"
        )
    if address.layout is not None and address.path is None and address.schema is None:
        from esjournal.infrastructure.sqlalchemy.layouts.detection import layout_of

        settings = replace(settings, schema=layout_of(address).schema)
    return SQLAlchemyDatastore(settings, tables=(RecordedEventRecord,))

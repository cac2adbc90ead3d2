"""What a journal is, what is in it, and what it runs on."""

from __future__ import annotations

import platform
from contextlib import closing
from dataclasses import dataclass, replace

from esjournal import __version__
from esjournal.domain.findings import StoreWarning
from esjournal.infrastructure.sqlalchemy.continuedjournals import ContinuedJournal, continued_journals
from esjournal.infrastructure.sqlalchemy.datastore import session_on
from esjournal.infrastructure.sqlalchemy.layouts.detection import LAYOUTS, Recognised, recognised
from esjournal.infrastructure.sqlalchemy.reports.storeinfo import described
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.journal.journal import Journal


@dataclass(frozen=True)
class Description:
    """What is known about a journal.

    `url` has no password; `made_at` is UTC; `bytes` is the size of events and indexes; `driver` and `server` are names
    with versions; `continues` are earlier journals whose cursors are taken here; `protected` says whether the database
    refuses to change or delete events; `warnings` say what could lose events, and what to do. A file of events has no
    id, schema version, protection or warnings, because the journal that it is read into ends with this process.
    `layout` and `table` are those of another library's tables, and None for a journal.
    """

    url: str
    layout: str | None
    table: str | None
    journal_id: str | None
    continues: tuple[ContinuedJournal, ...]
    made_at: str | None
    schema_version: int | None
    protected: bool | None
    events: int
    sequences: int
    last_global_position: int
    bytes: int | None
    esjournal: str
    python: str
    sqlalchemy: str
    driver: str
    server: str
    warnings: tuple[StoreWarning, ...]


def describe(journal: Journal) -> Description:
    """Return what is known about a journal; its events are counted, which takes a while if there are millions.

    Args:
        journal: an open journal.
    """
    table = journal.events.table
    store = described(journal.events.session, table)
    kept = journal.events.session.is_shared
    is_journal = kept and journal.layout is None
    return Description(
        url=journal.shown_url,
        layout=None if journal.layout is None else journal.layout.name,
        table=None if journal.layout is None else table.name,
        journal_id=journal.journal_id if is_journal else None,
        continues=tuple(continued_journals(journal.events.session, journal.journal_id)) if is_journal else (),
        made_at=store.made_at if kept else None,
        schema_version=store.schema_version if kept else None,
        protected=store.is_protected if kept else None,
        events=store.events,
        sequences=store.sequences,
        last_global_position=journal.events.last_global_position(),
        bytes=store.bytes if kept else None,
        esjournal=__version__,
        python=platform.python_version(),
        sqlalchemy=store.sqlalchemy,
        driver=store.driver,
        server=store.server,
        warnings=tuple(store.warnings) if kept else (),
    )


def recognise(url: str) -> tuple[str, list[Recognised]]:
    """Return the URL of a store that is not a journal, without the password, and its tables that have a layout.

    Args:
        url: a URL, or the path of a SQLite file.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: the store cannot be opened.
    """
    address = StoreURL.parse(url)
    # With a layout named, a file need not be a journal.
    with closing(session_on(replace(address, layout=LAYOUTS[0].name))) as session:
        return str(address), recognised(session)

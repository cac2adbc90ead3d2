"""The journals of a PostgreSQL database, each in a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

from esjournal.exceptions import InvalidURL
from esjournal.infrastructure.sqlalchemy.datastore import session_on
from esjournal.infrastructure.sqlalchemy.schema import identity_table
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.journal.journal import Journal

_RECORDED_AT = 4


@dataclass(frozen=True)
class Summary:
    """What can be said of a journal without counting: `events` is its last global position, as positions have no gaps.

    The times are those of the events with the first and the last position, None without events.
    """

    journal_id: str
    events: int
    first_recorded_at: str | None
    last_recorded_at: str | None


def journals_by_schema(url: str) -> list[tuple[str, str]]:
    """Return the schemas of a database that have a journal, in the order of their names, each with the journal's URL.

    Tables can be found without the right to use their schema, so a journal that may not be read is among them.

    Args:
        url: the URL of a PostgreSQL database.

    Raises:
        InvalidURL: it is the URL of something else, or names one schema, or a layout.
        StoreError: the database cannot be reached.
        NotInitialised: no schema has a journal.
    """
    address = StoreURL.parse(url)
    if address.path is not None:
        raise InvalidURL(f"{address} is a file, and only a PostgreSQL database has a journal in each schema")
    for name, value in (("schema", address.schema), ("layout", address.layout)):
        if value is not None:
            raise InvalidURL(f"{address} names a {name}, and the journals of all schemas are wanted: leave it out")
    with closing(session_on(address)) as session:
        schemas = _schemas(session)
        if not schemas:
            raise session.not_initialised()
    separator = "&" if "?" in url else "?"
    return [(schema, f"{url}{separator}schema={quote(schema, safe='')}") for schema in schemas]


def summary(journal: Journal) -> Summary:
    """Return what can be said of a journal without counting.

    Args:
        journal: an open journal.
    """
    last = journal.events.last_global_position()
    times = [next(_times(journal, position), None) for position in (1, last)] if last else [None, None]
    return Summary(journal.journal_id, last, *times)


def _schemas(session: Session) -> list[str]:
    columns: dict[str, set[str]] = {}
    for schema, table, column, _ in session.all_columns():
        if table == identity_table.name:
            columns.setdefault(schema, set()).add(column)
    # Another program's table may have the same name.
    return sorted(schema for schema, names in columns.items() if names >= set(identity_table.columns.keys()))


def _times(journal: Journal, position: int) -> Iterator[str | None]:
    for page in journal.events.pages(after=position - 1, until=position):
        yield from (event[_RECORDED_AT] for event in page)

"""The datastore: settings, the connection, and the tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Table

from esjournal.exceptions import NotInitialised, SchemaTooNew, StoreError
from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION, create_statements, identity_table
from esjournal.infrastructure.sqlalchemy.session import JournalIdentity, Session
from esjournal.infrastructure.sqlalchemy.urls import DEFAULT_TIMEOUT, StoreURL


@dataclass(frozen=True)
class SQLAlchemySettings:
    """Where the store is, and how long to wait for it.

    `uri` is a URL or the path of a SQLite file, in memory by default; `timeout` is how many seconds to wait for a lock;
    where the URL says it, that holds. `schema` is the schema on PostgreSQL, for a URL that names none or the same.
    """

    uri: str = field(default="sqlite:///:memory:", repr=False)
    timeout: float = DEFAULT_TIMEOUT
    schema: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.timeout < math.inf:
            raise ValueError(f"timeout is {self.timeout}: give a number of seconds, 0 or more")


class SQLAlchemyDatastore:
    """A store and its tables; as a context manager it is connected inside and closed after.

    Args:
        settings: where the store is.
        tables: the record classes whose tables belong to it.
    """

    def __init__(self, settings: SQLAlchemySettings, tables: Iterable[type[Any]] = ()) -> None:
        self.url = StoreURL.parse(settings.uri, timeout=settings.timeout, schema=settings.schema)
        self._tables: list[Table] = [record.__table__ for record in tables]
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session that strategies work with.

        Raises:
            StoreError: the datastore is not connected.
        """
        if self._session is None:
            raise StoreError(f"the datastore {self.url} is not connected: call setup_connection() first")
        return self._session

    def setup_connection(self) -> None:
        """Make the session; the database itself is reached when something is first asked of it."""
        if self._session is None:
            self._session = session_on(self.url)

    def setup_tables(self) -> bool:
        """Create the tables that are missing, and the journal's identity, in one transaction.

        Returns:
            Whether anything had to be created.

        Raises:
            NotAJournal: something else is there already; it is left as it was.
            SchemaTooNew: a later esjournal made the journal.
        """
        created = self.session.create_tables(self._tables)
        self.identity()
        return created

    def schema_sql(self) -> str:
        """Return the SQL that makes the tables, for reading; the database is not asked."""
        dialect = self.session.engine.dialect
        tables = [identity_table, *self._tables]
        statements = [statement for table in tables for statement in create_statements(table, dialect)]
        return "".join(f"{statement};\n" for statement in statements)

    def drop_tables(self) -> None:
        """Drop the tables and the journal's identity."""
        self.session.drop_tables(self._tables)

    def check_columns(self) -> None:
        """Make sure that the columns of the tables are what they were made as.

        Raises:
            StoreDamaged: one of them is not, and reading it could change what is stored.
        """
        self.session.check_columns([identity_table, *self._tables])

    def close_connection(self) -> None:
        """Close every connection; a database in memory is gone then."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def identity(self) -> JournalIdentity:
        """Return the identity of the journal that is there.

        Raises:
            NotInitialised: there is none.
            SchemaTooNew: a later esjournal made it.
        """
        self.session.check_tables([identity_table, *self._tables])
        try:
            identity = self.session.identity()
        except NotInitialised:
            self.session.check_schema()
            raise
        if identity.schema_version > SCHEMA_VERSION:
            raise SchemaTooNew(
                f"{self.url} has schema version {identity.schema_version}, and this esjournal knows versions up to "
                f"{SCHEMA_VERSION}: upgrade esjournal"
            )
        return identity

    def __enter__(self) -> Self:
        self.setup_connection()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_connection()


def session_on(url: StoreURL) -> Session:
    """Return a session on the store at an address.

    Raises:
        StoreError: the database's driver cannot be loaded.
    """
    # Either driver costs start-up time, and a process needs one of them.
    if url.path is not None:
        from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession

        return SQLiteSession(url)
    try:
        from esjournal.infrastructure.sqlalchemy.postgresql.session import PostgreSQLSession
    except ImportError as error:
        raise StoreError(
            f"{url} needs psycopg, which cannot be loaded ({error}): install it with `pip install 'psycopg[binary]'`"
        ) from None

    return PostgreSQLSession(url)

"""The datastore: settings, the connection, and the tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Table

from esjournal.exceptions import NotInitialised, SchemaTooNew, StoreError
from esjournal.infrastructure.sqlalchemy.schema import (
    SCHEMA_VERSION,
    continued_table,
    create_statements,
    identity_table,
)
from esjournal.infrastructure.sqlalchemy.session import JournalIdentity, Session
from esjournal.infrastructure.sqlalchemy.urls import DEFAULT_TIMEOUT, StoreURL


@dataclass(frozen=True)
class SQLAlchemySettings:
    """Where the store is, and how long to wait for it.

    `uri` is a URL or the path of a SQLite file; the default is a database in memory. `timeout` is how many seconds to
    wait for a lock, unless the URL says it. `schema` is the schema on PostgreSQL; the URL may not name another one.
    """

    uri: str = field(default="sqlite:///:memory:", repr=False)
    timeout: float = DEFAULT_TIMEOUT
    schema: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.timeout < math.inf:
            raise ValueError(f"timeout is {self.timeout}: give a number of seconds, 0 or more")


class SQLAlchemyDatastore:
    """A store and its tables; as a context manager it connects on entry and closes on exit.

    Args:
        settings: where the store is.
        tables: the record classes of its tables.
    """

    def __init__(self, settings: SQLAlchemySettings, tables: Iterable[type[Any]] = ()) -> None:
        self.url = StoreURL.parse(settings.uri, timeout=settings.timeout, schema=settings.schema)
        records = list(tables)
        self._tables: list[Table] = [record.__table__ for record in records]
        self._tables += {record.__names__: None for record in records if hasattr(record, "__names__")}
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
        """Make the session; the first statement connects to the database."""
        if self._session is None:
            self._session = session_on(self.url)

    def setup_tables(self) -> bool:
        """Create the tables that are missing, and the journal's identity, in one transaction.

        Returns:
            Whether anything was created.

        Raises:
            NotAJournal: the database has other tables; they are left as they were.
            SchemaTooNew: a later esjournal made the journal.
        """
        created = self.session.create_tables(self._tables)
        self.identity()
        return created

    def protect(self) -> bool:
        """Make the database refuse to change or delete events, for everyone.

        Returns:
            Whether it did not refuse that before.
        """
        return self.session.protect(self._tables)

    def schema_sql(self, *, protected: bool = False) -> str:
        """Return the SQL that creates the tables, for reading; nothing is sent to the database.

        Args:
            protected: add the SQL that protects the events.
        """
        sql = self.session.sql
        statements = [
            statement for table in (identity_table, *self._tables) for statement in create_statements(table, sql)
        ]
        if protected:
            for table in self._tables:
                statements += chain.from_iterable(sql.protecting_statements(table).values())
        return "".join(f"{statement};\n" for statement in statements)

    def drop_tables(self) -> None:
        """Drop the tables and the journal's identity."""
        self.session.drop_tables([*self._tables, continued_table])

    def check_columns(self) -> None:
        """Check that the columns of the tables have the types they were created with.

        Raises:
            StoreDamaged: one of them has another type, and its values could be read wrongly.
        """
        self.session.check_columns([identity_table, *self._tables])

    def close_connection(self) -> None:
        """Close every connection; a database in memory is gone then."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def identity(self) -> JournalIdentity:
        """Return the identity of the journal.

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
    """Return a session on a store.

    Raises:
        StoreError: the database's driver cannot be loaded.
    """
    return session_class(url)(url)


def session_class(url: StoreURL) -> Callable[[StoreURL], Session]:
    """Return the class of the sessions on a store, and load its driver.

    Raises:
        StoreError: the driver cannot be loaded.
    """
    # Each driver costs start-up time, and a process needs only one.
    if url.path is not None:
        from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession

        return SQLiteSession
    try:
        from esjournal.infrastructure.sqlalchemy.postgresql.session import PostgreSQLSession
    except ImportError as error:
        raise StoreError(
            f"{url} needs psycopg, which cannot be loaded ({error}): install it with `pip install 'psycopg[binary]'`"
        ) from None
    return PostgreSQLSession

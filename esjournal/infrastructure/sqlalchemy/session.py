"""A session: how the layers above talk to one database, whichever it is."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Table
from sqlalchemy import table as named_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from esjournal.advice import command
from esjournal.domain.model import rules
from esjournal.domain.text import counted
from esjournal.exceptions import EsjournalError, InvalidData, NotInitialised, StoreDamaged, StoreLocked
from esjournal.infrastructure.sqlalchemy.columntypes import now_as_text
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, AppendStatements
from esjournal.infrastructure.sqlalchemy.schema import (
    SCHEMA_VERSION,
    create_statements,
    identity_table,
    index_statements,
)
from esjournal.infrastructure.sqlalchemy.sqlite.deferredindex import DeferredIndex
from esjournal.infrastructure.sqlalchemy.upgrades import changing_statements, time_columns
from esjournal.infrastructure.sqlalchemy.urls import StoreURL

Row = tuple[Any, ...]

STREAMED_ROWS = 500

# Of a connection that is lost, or whose closing is interrupted, SQLAlchemy's pool logs a traceback. We raise it as an
# error; where nobody listens, Python would print the rest.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class JournalIdentity:
    """What tells one journal from another.

    `journal_id` is a UUID made when the journal was, `schema_version` counts the forms its tables have had.
    """

    journal_id: str
    schema_version: int


@dataclass(frozen=True)
class _Pinned:
    """The connection of a snapshot, as a lease that does not end with each use."""

    dbapi_connection: Any

    def close(self) -> None:
        pass


class Session(ABC):
    """Leases driver connections for one operation each.

    The drivers stand in autocommit: a read is one statement, a write is one explicit transaction. Rows go to the
    driver as tuples, because a statement built and a unit of work kept for each event cost far more than the insert.

    Args:
        url: the address of the store.
        engine: SQLAlchemy's engine, in autocommit.
        one_at_a_time: guards a connection that all threads share.
    """

    def __init__(self, url: StoreURL, engine: Engine, one_at_a_time: AbstractContextManager[Any] | None = None) -> None:
        self.url = url
        self.engine = engine
        self._one_at_a_time = one_at_a_time or nullcontext()
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._pinned: _Pinned | None = None

    def connection(self) -> AbstractContextManager[Any]:
        """Lease a driver connection, inside a snapshot always the same one; its errors leave as ours."""
        return self._leased()

    @contextmanager
    def _leased(self) -> Iterator[Any]:
        with self._one_at_a_time:
            lease = None
            try:
                lease = self._pinned or self.engine.raw_connection()
                yield lease.dbapi_connection
            except EsjournalError:
                raise
            except PoolTimeout as error:
                raise StoreLocked("every connection of the pool is in use: close what you do not need") from error
            except DBAPIError as error:
                # SQLAlchemy repeats the driver's words in its own error, so that must not be the cause.
                cause = error.orig or error
                raise self.translated(cause) from self.redacted(cause)
            except UnicodeEncodeError as error:
                raise InvalidData(f"text with half of a surrogate pair cannot be stored: {error.reason}") from None
            except UnicodeDecodeError:
                raise StoreDamaged(str(self.url), "a text is no UTF-8") from None
            except OverflowError:
                raise InvalidData("an integer is beyond 64 bits: positions go up to 2**63 - 1") from None
            except self._driver_error as error:
                if (interruption := self.interruption(error)) is not None:
                    raise interruption from None
                raise self.translated(error) from self.redacted(error)
            finally:
                if lease is not None:
                    lease.close()

    def rows(self, select: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a select."""
        with self.connection() as connection:
            rows: list[Row] = connection.execute(select, parameters).fetchall()
        return rows

    def whole(self, rows: list[Row]) -> list[Row]:
        """Return rows in which no value can be missing.

        Raises:
            StoreDamaged: one is missing, as a damaged page has it even where the table does not allow it.
        """
        if any(None in row for row in rows):
            raise StoreDamaged(str(self.url), "a value is missing where the table has one in every row")
        return rows

    def writing_connection(self) -> AbstractContextManager[Any]:
        """Lease a driver connection to write with; its errors leave as ours."""
        return self.connection()

    @contextmanager
    def transaction(self, table: Table) -> Iterator[Any]:
        """Lease a connection inside a transaction that alone may give out positions of a table."""
        with self.writing_connection() as connection, self._in_transaction(connection, table):
            yield connection

    @contextmanager
    def _in_transaction(self, connection: Any, table: Table) -> Iterator[None]:
        self.begin(connection, table)
        try:
            yield
            self.commit(connection)
        except BaseException:
            self.roll_back(connection)
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See the store inside as it is now, whatever others commit meanwhile.

        For reading, and in one thread: every connection that is leased inside is the same one, in one transaction.
        """
        leased = ExitStack()
        pinned = leased.enter_context(self.connection())
        try:
            self._pinned = _Pinned(pinned)
            with self.connection() as connection:
                self.begin_snapshot(connection)
            yield
        finally:
            self._pinned = None
            self.roll_back(pinned)
            # Without the exception that may be on its way: what is raised inside is not of this connection.
            leased.close()

    @contextmanager
    def savepoint(self, connection: Any) -> Iterator[None]:
        """Undo what fails inside, and keep the transaction."""
        connection.execute("SAVEPOINT chunk")
        try:
            yield
        except BaseException:
            # A full disk ends the transaction of SQLite without a word, and the savepoint with it.
            if self.in_transaction(connection):
                connection.execute("ROLLBACK TO SAVEPOINT chunk")
            raise
        connection.execute("RELEASE SAVEPOINT chunk")

    def append(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows in a transaction of their own, and return the last global position."""
        with self._in_transaction(connection, statements.table):
            return self.load(connection, statements, rows)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def server_version(self) -> int | None:
        """Return the first number of the server's version, None where the database is a file."""
        return None

    def table_name(self, name: str) -> str:
        """Return the name of a table as SQL writes it: on PostgreSQL with the schema that the URL names."""
        return self.engine.dialect.identifier_preparer.format_table(named_table(name))

    @abstractmethod
    def place(self) -> tuple[Any, ...]:
        """Return what tells where the store is from any other place, whatever its address is called."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same store."""
        return True

    @property
    def can_lock(self) -> bool:
        """Whether what is read is protected by the database from writers."""
        return True

    def forget_connections(self) -> None:
        """Use new connections from now on: to be called in a copy of the process that opened those there are."""
        # Kept, because closing them would end them for the other process too.
        self._of_the_other_process = self.engine.pool
        self.engine.dispose(close=False)

    @abstractmethod
    def begin(self, connection: Any, table: Table) -> None:
        """Begin a transaction and wait for the right to give out positions of a table."""

    def commit(self, connection: Any) -> None:
        """Commit a transaction.

        Raises:
            OutcomeUnknown: the database did not say whether it has committed.
        """
        connection.execute("COMMIT")

    @abstractmethod
    def begin_snapshot(self, connection: Any) -> None:
        """Begin a transaction that reads, and that sees from now on what is committed now."""

    @abstractmethod
    def in_transaction(self, connection: Any) -> bool:
        """Say whether a transaction is open on a connection that can still be used."""

    @abstractmethod
    def load(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows inside a transaction, and return the last global position."""

    @abstractmethod
    def load_leading(self, connection: Any, statements: AppendStatements, batches: Iterable[list[Row]]) -> int:
        """Write rows at given positions, up to one whose place is taken at the most; return how many were written.

        Inside a transaction, which stays open. A database that takes back what it was given together writes none
        of the rows where the place of one is taken.
        """

    def prepare_for_many_rows(self, connection: Any) -> None:  # noqa: B027
        """Make ready for a transaction that writes many rows."""

    def defer_index(self, connection: Any, table: Table) -> DeferredIndex | None:
        """Drop the index of places where that makes loading faster, or return None; inside a transaction."""
        return None

    @abstractmethod
    def rows_at(self, connection: Any, select: str, places: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows at places, given as sequence ids and positions in the driver's form."""

    @abstractmethod
    def last_positions(self, connection: Any, select: str, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence in the driver's form, None where it has no rows."""

    def rows_of_each(self, select: str, parameters: Iterable[Sequence[Any]]) -> Iterator[list[Row]]:
        """Yield the rows of a select for one set of parameters after another."""
        for given in parameters:
            yield self.rows(select, given)

    def rows_streamed(self, select: str, parameters: Sequence[Any]) -> Generator[list[Row], None, None]:
        """Yield the rows of a select in lists of many, however many there are; it stays open until all are read."""
        with self.connection() as connection, closing(connection.cursor()) as cursor:
            cursor.execute(select, parameters)
            while rows := cursor.fetchmany(STREAMED_ROWS):
                yield rows

    @abstractmethod
    def changes(self) -> Iterator[None]:
        """Yield at once, and then whenever others may have committed something; wait in between, without an end."""

    def wait_for_writers(self, table: Table) -> None:  # noqa: B027
        """Wait for the end of every transaction that is writing to a table now, where later ones may end before it."""

    def out_of_order(self, table: Table) -> str | None:
        """Say why a reader in global order could miss rows of a table, and what to do; None where it cannot."""
        return None

    def check_tables(self, tables: Sequence[Table]) -> None:  # noqa: B027
        """Make sure that reading tables runs nothing that others made, as far as that can be before they are read.

        Raises:
            NotAJournal: one of them is something else, or has columns of other types.
        """

    def check_columns(self, tables: Sequence[Table]) -> None:  # noqa: B027
        """Make sure that columns are what `init` makes, so that nothing is changed or left out while it is read.

        Raises:
            StoreDamaged: one of them is not.
        """

    def check_schema(self) -> None:  # noqa: B027
        """Find out why nothing is seen of a store that may be there.

        Raises:
            StoreError: the user may not look into it.
        """

    def sequence_behind(self, table: Table) -> str | None:
        """Say that the database would give out positions that rows have already, and what to do; or return None."""
        return None

    def check_sequence(self, table: Table, cause: BaseException) -> None:  # noqa: B027
        """Find out whether a row was refused because the database gave out a position that another one has.

        Args:
            table: the table that was written to.
            cause: the driver's error.

        Raises:
            StoreError: that is why.
        """

    def why_read_only(self) -> str | None:
        """Say why nothing can be written here, and what to do; None where that is not known before it is tried."""
        return None

    @abstractmethod
    def is_unique_violation(self, error: BaseException) -> bool:
        """Say whether a driver's error means that a place is taken."""

    @abstractmethod
    def translated(self, error: BaseException) -> EsjournalError:
        """Return a driver's error as one of ours, without the rows and passwords that it may quote."""

    def redacted(self, error: BaseException) -> BaseException:
        """Return a driver's error, as it may stand in a traceback: without the rows and passwords it may quote."""
        return error

    @abstractmethod
    def create_tables(self, tables: Sequence[Table]) -> bool:
        """Create what is missing of a journal with these tables, and say whether anything was."""

    @abstractmethod
    def names_present(self, connection: Any, names: Sequence[str]) -> set[str]:
        """Return which of these names tables or indexes of the journal's schema have."""

    @abstractmethod
    def columns_present(self, connection: Any) -> dict[str, dict[str, str]]:
        """Return the types of the columns of every table in the journal's schema, by the tables' names and theirs."""

    def drop_tables(self, tables: Sequence[Table]) -> None:
        """Drop these tables of the journal, and its identity when no other table of it is left.

        A table of the same name that a journal could not have made stays; so does a SQLite file, and stays ours.
        """
        quote = self.engine.dialect.identifier_preparer
        with self.transaction(identity_table) as connection:
            present = self.columns_present(connection)
            # Without an identity there is no journal, and the tables are somebody else's.
            if identity_table.name not in present:
                return
            ours = [table for table in tables if present.get(table.name, {}).keys() == {c.name for c in table.columns}]
            left = present.keys() - {table.name for table in ours}
            if not any(GLOBAL_POSITION in present[name] for name in left):
                ours.append(identity_table)
            for table in ours:
                connection.execute(f"DROP TABLE {quote.format_table(table)}")

    def identity(self) -> JournalIdentity:
        """Return the identity of the journal."""
        name = self.engine.dialect.identifier_preparer.format_table(identity_table)
        rows = self.rows(f"SELECT CAST(journal_id AS text), schema_version FROM {name}")
        if not rows:
            raise self.not_initialised()
        journal_id, schema_version = rows[0]
        try:
            journal_id = rules.originator_id(str(journal_id))
        except InvalidData as error:
            raise StoreDamaged(str(self.url), f"of the journal's own id: {error}") from None
        if type(schema_version) is not int:
            raise StoreDamaged(str(self.url), f"its schema version is {schema_version!r}, which is not a number")
        return JournalIdentity(journal_id, schema_version)

    def not_initialised(self) -> NotInitialised:
        """Return the error of a store without a journal."""
        return NotInitialised(f"{self.url} has no journal yet: run {command('init', url=self.url.argument)}")

    def locked(self) -> StoreLocked:
        """Return the error of a store whose lock was waited for in vain."""
        return StoreLocked(
            f"{self.url} was locked by others for {counted(self.url.timeout, 'second')}: try again, or wait longer "
            f"with ?timeout=SECONDS in the URL"
        )

    def insert(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> None:
        """Insert rows one by one; one without a position gets the next of its sequence."""
        with closing(connection.cursor()) as cursor:
            if all(row[1] is not None for row in rows):
                cursor.executemany(statements.insert, rows)
                return
            for row in rows:
                if row[1] is None:
                    cursor.execute(statements.insert_next, (row[0], row[0], *row[2:]))
                else:
                    cursor.execute(statements.insert, row)

    def make_tables(self, connection: Any, tables: Sequence[Table]) -> None:
        """Make tables inside a transaction; the identity table gets its one row."""
        for table in tables:
            for statement in create_statements(table, self.engine.dialect):
                connection.execute(statement)
            if table is identity_table:
                name = self.engine.dialect.identifier_preparer.format_table(table)
                # Literals, because the databases mark parameters differently; none of the three has a quote in it.
                connection.execute(f"INSERT INTO {name} VALUES ('{uuid4()}', {SCHEMA_VERSION}, '{now_as_text()}')")

    def complete_tables(self, connection: Any, tables: Sequence[Table]) -> bool:
        """Make of a journal of an earlier esjournal what it is now, and say whether anything had to be done."""
        timed = [table for table in tables if time_columns(table)]
        # Only then: a schema may have many tables of others.
        present = self.columns_present(connection) if timed else {}
        changing = [
            statement
            for table in timed
            for statement in changing_statements(table, present.get(table.name, {}), self.engine.dialect)
        ]
        for statement in changing:
            connection.execute(statement)
        statements: dict[str, str] = {}
        for table in tables:
            statements |= index_statements(table, self.engine.dialect)
        missing = statements.keys() - self.names_present(connection, list(statements))
        for name in sorted(missing):
            connection.execute(statements[name])
        return bool(missing or changing)

    def interruption(self, error: BaseException) -> BaseException | None:
        """Return the interruption that a driver's error comes from, None if it comes from something else."""
        return interruption_of(error)

    def roll_back(self, connection: Any) -> None:
        """End a transaction that failed, if the database has not ended it itself."""
        if self.in_transaction(connection):
            # Not a statement: psycopg must learn of it, to forget statements that were never prepared after all.
            connection.rollback()


def interruption_of(error: BaseException) -> BaseException | None:
    """Return the interruption that a driver's error hides, or None."""
    # Interrupted while it waits for the server, psycopg cannot leave its pipeline and raises that instead.
    context = error.__context__
    while context is not None and isinstance(context, Exception):
        context = context.__context__
    return context

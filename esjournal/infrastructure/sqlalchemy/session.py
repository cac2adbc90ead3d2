"""A session: the interface of the layers above to either database."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Engine, Table
from sqlalchemy import table as named_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from esjournal.advice import command
from esjournal.domain.model import rules
from esjournal.domain.model.rules import MAX_VERSION
from esjournal.domain.text import counted
from esjournal.exceptions import (
    EsjournalError,
    InvalidData,
    NotInitialised,
    OutcomeUnknown,
    SchemaTooOld,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreUnreachable,
)
from esjournal.infrastructure.sqlalchemy.columntypes import now_as_text
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.rowclasses import Classes, misfit
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, AppendStatements, Row
from esjournal.infrastructure.sqlalchemy.schema import (
    SCHEMA_VERSION,
    create_statements,
    identity_table,
    index_statements,
    names_table,
)
from esjournal.infrastructure.sqlalchemy.sqlite.deferredindex import DeferredIndex
from esjournal.infrastructure.sqlalchemy.upgrades import adding_statements, changing_statements, time_columns
from esjournal.infrastructure.sqlalchemy.urls import StoreURL

if TYPE_CHECKING:
    from esjournal.infrastructure.sqlalchemy.reports.eventcounts import EventCounts
    from esjournal.infrastructure.sqlalchemy.reports.storechecks import StoreChecks
    from esjournal.infrastructure.sqlalchemy.reports.storeinfo import DatabaseDescription

# The ids and names of sequences.
Names = Sequence[tuple[Any, str]]

STREAMED_ROWS = 500
# More events than one transaction writes.
_MORE_THAN_A_TRANSACTION = 2**40

# SQLAlchemy's pool logs a traceback if a connection is lost or its closing is interrupted. We raise an error instead;
# without a handler, Python would print the log.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class JournalIdentity:
    """The identity of a journal.

    `journal_id` is a UUID made together with the journal; `schema_version` is the version of its tables.
    """

    journal_id: str
    schema_version: int


@dataclass(frozen=True)
class Replica:
    """A store that another server fills, and that may lag behind it: what it is, and what its source is called."""

    what: str
    source: str


@dataclass(frozen=True)
class _Pinned:
    """The connection of a snapshot: a lease that does not end after each use."""

    dbapi_connection: Any

    def close(self) -> None:
        pass


def never() -> bool:
    """Say that something without an end is not over."""
    return False


class _Translating:
    """Raises a session's EsjournalErrors.

    A class, because each append enters it twice, and a generator would take 2 microseconds more each time.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None:
            self._session.raise_if_translated(error)


class Session(ABC):
    """Leases driver connections, each for one operation.

    The drivers are in autocommit mode: a read is one statement, a write is one explicit transaction. Rows are given to
    the driver as tuples, because building a statement and a unit of work for each event costs far more than the insert.

    Args:
        url: the URL of the store.
        engine: SQLAlchemy's engine, in autocommit mode.
        sql: the database's SQL.
        one_at_a_time: guards a connection that all threads share.
    """

    def __init__(
        self,
        url: StoreURL,
        engine: Engine,
        sql: DatabaseSQL,
        one_at_a_time: AbstractContextManager[Any] | None = None,
    ) -> None:
        self.url = url
        self.engine = engine
        self.sql = sql
        self._one_at_a_time = one_at_a_time or nullcontext()
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._translating = _Translating(self)
        self._pinned: _Pinned | None = None
        # How often another server has answered than before, where the URL names several.
        self.moves = 0
        # That of the journal, once its identity was read.
        self.schema_version = SCHEMA_VERSION

    def connection(self) -> AbstractContextManager[Any]:
        """Lease a driver connection, inside a snapshot always the same one; its errors become EsjournalErrors."""
        return self._leased(self.translating())

    @contextmanager
    def _leased(self, body: AbstractContextManager[None]) -> Iterator[Any]:
        with self._one_at_a_time:
            with self.translating():
                lease = self._pinned or self.engine.raw_connection()
            try:
                with body:
                    yield lease.dbapi_connection
            finally:
                lease.close()

    def translating(self) -> AbstractContextManager[None]:
        """Raise an EsjournalError for each error of the driver; only calls of the driver belong inside."""
        return self._translating

    def raise_if_translated(self, error: BaseException) -> None:
        """Raise the EsjournalError for an error of the driver; do nothing if it is another error."""
        if isinstance(error, EsjournalError):
            return
        if isinstance(error, PoolTimeout):
            raise StoreLocked("every connection of the pool is in use: close those you do not need") from error
        if isinstance(error, DBAPIError):
            # SQLAlchemy's error quotes the driver's, with its secrets, so it must not be the cause.
            cause = error.orig or error
            raise self.translated(cause) from self.redacted(cause)
        if isinstance(error, UnicodeEncodeError):
            raise InvalidData(f"text with half of a surrogate pair cannot be stored: {error.reason}") from None
        if isinstance(error, UnicodeDecodeError):
            raise StoreDamaged(str(self.url), "a text is not UTF-8") from None
        if isinstance(error, OverflowError):
            raise InvalidData("an integer is beyond 64 bits: positions go up to 2**63 - 1") from None
        if isinstance(error, self._driver_error):
            if (interruption := self.interruption(error)) is not None:
                raise interruption from None
            raise self.translated(error) from self.redacted(error)

    def rows(self, select: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a select."""
        with self.connection() as connection:
            rows: list[Row] = connection.execute(select, parameters).fetchall()
        return rows

    def whole(self, rows: list[Row], columns: Mapping[str, Classes]) -> list[Row]:
        """Return rows after checking that no value is missing or of another class.

        Args:
            rows: the rows.
            columns: the allowed classes of each column, by its name.

        Raises:
            StoreDamaged: one is, as in a damaged page or in a table that is not strict.
        """
        if (found := misfit(rows, tuple(columns), tuple(columns.values()))) is not None:
            raise StoreDamaged(str(self.url), found[1])
        return rows

    def check_ids(self, table: Table) -> None:  # noqa: B027
        """Check that the ids of sequences are of their class, if the database does not enforce it.

        Raises:
            StoreDamaged: one is of another class, and would be left out by comparisons with ids.
        """

    def writing_connection(self) -> AbstractContextManager[Any]:
        """Lease a driver connection to write with; see `connection`."""
        self._check_is_current()
        self.prepare_to_write()
        return self._leased(self.translating())

    def prepare_to_write(self) -> None:  # noqa: B027 - a server checks each statement itself
        """Check that the store may be written, before a connection is leased for it."""

    @contextmanager
    def transaction(self, table: Table) -> Iterator[Any]:
        """Lease a connection inside a transaction; meanwhile no other one can assign global positions of a table.

        The transaction is rolled back by any error of the body, which stays as it is: the body may be a caller's.
        """
        if table is not identity_table:
            self._check_is_current()
        self.prepare_to_write()
        with self._leased(nullcontext()) as connection:
            with self.translating():
                self.begin(connection, table)
            try:
                yield connection
                with self.translating():
                    self.commit(connection)
            except BaseException:
                with self.translating():
                    self.roll_back(connection)
                raise

    def _check_is_current(self) -> None:
        if self.schema_version < SCHEMA_VERSION:
            raise SchemaTooOld(
                f"{self.url} was made by an earlier esjournal (schema version {self.schema_version}), and is only read "
                f"until it is upgraded: run {command('init', url=self.url.argument)}, which changes no event"
            )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the store inside as it is now, whatever others commit meanwhile.

        Only for reading, in one thread: all leases inside are the same connection, in one transaction.
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
            # All is read; a connection that was ended meanwhile is not used again.
            with suppress(self._driver_error):
                self.roll_back(pinned)
            # Without the current exception, if any: it does not come from this connection.
            leased.close()

    @contextmanager
    def on_one_server(self) -> Iterator[None]:
        """Check that no other server has answered inside: a standby that took over may have had fewer rows.

        Raises:
            StoreUnreachable: one has.
        """
        before = self.moves
        yield
        if self.moves != before:
            raise StoreUnreachable(
                f"{self.url} was answered by another server while it was read, which may lag behind: try again"
            )

    @contextmanager
    def savepoint(self, connection: Any) -> Iterator[None]:
        """Roll back to the beginning if something inside fails, and keep the transaction."""
        connection.execute("SAVEPOINT chunk")
        try:
            yield
        except BaseException:
            # A full disk silently ends SQLite's transaction, and the savepoint with it.
            if self.in_transaction(connection):
                connection.execute("ROLLBACK TO SAVEPOINT chunk")
            raise
        connection.execute("RELEASE SAVEPOINT chunk")

    def append(self, connection: Any, statements: AppendStatements, rows: list[Row], names: Names = ()) -> int:
        """Write rows, and the names of their sequences, in a transaction of their own.

        Returns:
            The last global position.
        """
        self.begin(connection, statements.table)
        try:
            self.write_names(connection, statements, names)
            last = self.load(connection, statements, rows)
            self.commit(connection)
        except BaseException:
            self.roll_back(connection)
            raise
        return last

    def to_confirm(self, connection: Any, statements: AppendStatements) -> int | None:
        """Return the last global position in a transaction, if it must be looked for after the commit, else None."""
        return None

    def confirm(self, connection: Any, statements: AppendStatements, last: int | None) -> None:  # noqa: B027
        """Check that a position that `to_confirm` returned can be read.

        Raises:
            OutcomeUnknown: it cannot, although the commit was acknowledged.
        """

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def table_name(self, name: str) -> str:
        """Return the name of a table for SQL; on PostgreSQL with the schema that the URL names."""
        return self.engine.dialect.identifier_preparer.format_table(named_table(name))

    @abstractmethod
    def location(self) -> tuple[Any, ...]:
        """Return a key that is the same for two sessions exactly if they are on the same store, whatever their URLs."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same store."""
        return True

    @property
    def can_lock(self) -> bool:
        """Whether the database keeps reads consistent while others write."""
        return True

    def forget_connections(self) -> None:
        """Use new connections from now on; to be called in a forked process.

        The existing connections belong to the parent process.
        """
        # Kept, because closing them here would end them for the parent too.
        self._of_the_other_process = self.engine.pool
        self.engine.dispose(close=False)

    @abstractmethod
    def begin(self, connection: Any, table: Table) -> None:
        """Begin a transaction and wait for the lock to assign global positions of a table."""

    def commit(self, connection: Any) -> None:
        """Commit a transaction.

        Raises:
            OutcomeUnknown: the database did not confirm the commit.
        """
        with self.committing():
            connection.execute("COMMIT")

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Make OutcomeUnknown the cause of an interruption inside: it may come before or after the commit itself."""
        try:
            yield
        except Exception:
            raise
        except BaseException as interruption:
            raise interruption from self.interrupted()

    def interrupted(self) -> OutcomeUnknown:
        """Return the cause of an interruption during a commit."""
        return OutcomeUnknown(str(self.url), "it was interrupted before COMMIT was answered")

    @abstractmethod
    def begin_snapshot(self, connection: Any) -> None:
        """Begin a read transaction, which keeps seeing what is committed now."""

    @abstractmethod
    def in_transaction(self, connection: Any) -> bool:
        """Say whether a transaction is open on a connection that can still be used."""

    @abstractmethod
    def load(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows inside a transaction, and return the last global position."""

    @abstractmethod
    def load_leading(self, connection: Any, statements: AppendStatements, batches: Iterable[list[Row]]) -> int:
        """Write rows at given positions until one whose place is taken; return the number written.

        It runs inside a transaction, which stays open. A database that can only undo all rows together writes none if
        the place of one is taken.
        """

    def prepare_for_many_rows(self, connection: Any) -> None:  # noqa: B027
        """Prepare a connection for writing many rows."""

    def defer_index(self, connection: Any, table: Table) -> DeferredIndex | None:
        """Drop the index of places if that makes loading faster, else return None; for use inside a transaction."""
        return None

    def indexes_last(self, connection: Any, table: Table) -> AbstractContextManager[None]:
        """Build the indexes of an empty table at the end, if that keeps readers out; for use inside a transaction."""
        return nullcontext()

    @abstractmethod
    def rows_at(self, connection: Any, select: str, places: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows at places, given as sequence ids and positions in the driver's form."""

    @abstractmethod
    def last_positions(self, connection: Any, select: str, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence in the driver's form, None for one without rows."""

    def rows_of_each(self, select: str, parameters: Iterable[Sequence[Any]]) -> Iterator[list[Row]]:
        """Yield the rows of a select for each set of parameters."""
        for given in parameters:
            yield self.rows(select, given)

    def rows_streamed(self, select: str, parameters: Sequence[Any]) -> Generator[list[Row], None, None]:
        """Yield the rows of a select in lists; the statement stays open until all are read."""
        with self.connection() as connection, closing(connection.cursor()) as cursor:
            cursor.execute(select, parameters)
            while rows := cursor.fetchmany(STREAMED_ROWS):
                yield rows

    @abstractmethod
    def changes(self, is_over: Callable[[], bool] = never) -> Iterator[None]:
        """Yield at once, and then whenever others may have committed something, waiting in between.

        Args:
            is_over: called after each wait, which takes a fraction of a second; once it returns True, this ends.
        """

    def wait_for_writers(self, table: Table) -> None:  # noqa: B027
        """Wait for the end of every transaction that is writing to a table now, if later ones could end before it."""

    def out_of_order(self, table: Table) -> str | None:
        """Return why a reader in global order could miss rows of a table, and what to do; None if it cannot."""
        return None

    def replica(self, table: Table) -> Replica | None:
        """Return what fills a table if another server does, whose last events may be missing here; else None."""
        return None

    def check_tables(self, tables: Sequence[Table]) -> None:  # noqa: B027
        """Check, as far as possible before reading, that reading tables cannot run code that others put there.

        Raises:
            NotAJournal: one of them is not a table, or has columns of other types.
        """

    def check_columns(self, tables: Sequence[Table]) -> None:  # noqa: B027
        """Check that columns are as `init` makes them, so that reading changes no value and leaves out no row.

        Raises:
            StoreDamaged: one of them is not.
        """

    def check_schema(self) -> None:  # noqa: B027
        """Find out why no tables are visible in a store.

        Raises:
            StoreError: the user may not look into the schema.
        """

    def sequence_behind(self, table: Table) -> str | None:
        """Return a warning, with advice, if the database would assign global positions that are taken; else None."""
        return None

    def check_sequence(self, table: Table, cause: BaseException) -> None:  # noqa: B027
        """Find out whether a row was refused because the database assigned a global position that is taken.

        Args:
            table: the table that was written to.
            cause: the driver's error.

        Raises:
            StoreError: it was.
        """

    @abstractmethod
    def event_counts(self, table: Table, until: int) -> EventCounts:
        """Return the counts of a journal's events up to a global position."""

    @abstractmethod
    def checks(self, table: Table, *, quick: bool = False) -> StoreChecks:
        """Return the checks of a journal that the database does itself; see StoreChecks."""

    @abstractmethod
    def description(self, connection: Any, table: Table) -> DatabaseDescription:
        """Return what the database knows of a store, for a table of events."""

    def why_read_only(self) -> str | None:
        """Return why the store cannot be written, and what to do; None if only trying to write can tell."""
        return None

    @abstractmethod
    def is_unique_violation(self, error: BaseException) -> bool:
        """Say whether a driver's error means that a place is taken."""

    @abstractmethod
    def translated(self, error: BaseException) -> EsjournalError:
        """Return a driver's error as an EsjournalError, without the rows and passwords that it may quote."""

    def redacted(self, error: BaseException) -> BaseException:
        """Return a driver's error for a traceback: without the rows and passwords that it may quote."""
        return error

    @abstractmethod
    def create_tables(self, tables: Sequence[Table]) -> bool:
        """Create what a journal with these tables lacks; return whether anything was missing."""

    def protect(self, tables: Sequence[Table]) -> bool:
        """Make the database refuse to change or delete rows of tables; return whether anything was missing for that."""
        with self.transaction(identity_table) as connection, self.translating():
            missing = [
                statements
                for table in tables
                for name, statements in self.sql.protecting_statements(table).items()
                if name not in self.protections(connection, table)
            ]
            for statement in chain.from_iterable(missing):
                connection.execute(statement)
        return bool(missing)

    @abstractmethod
    def protections(self, connection: Any, table: Table) -> set[str]:
        """Return the names of those triggers that protect a table, and are switched on."""

    @abstractmethod
    def names_present(self, connection: Any, names: Sequence[str]) -> set[str]:
        """Return those of the names that a table or an index of the journal's schema has."""

    @abstractmethod
    def columns_present(self, connection: Any) -> dict[str, dict[str, str]]:
        """Return the column types of every table in the journal's schema, by the names of table and column."""

    @abstractmethod
    def all_columns(self) -> list[Row]:
        """Return the schema, table, name and type of every column in the store, in tables that anybody made."""

    def current_schema(self) -> str | None:
        """Return the schema that the URL names, else the one that PostgreSQL finds tables in first."""
        return self.url.schema

    def drop_tables(self, tables: Sequence[Table]) -> None:
        """Drop these tables of the journal, and its identity if no other table of the journal is left.

        A table of the same name with other columns is not dropped. A SQLite file stays, marked as a journal's.
        """
        quote = self.engine.dialect.identifier_preparer
        with self.transaction(identity_table) as connection, self.translating():
            present = self.columns_present(connection)
            # Without an identity it is not a journal, and the tables belong to other programs.
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
            raise StoreDamaged(str(self.url), f"the journal's own id: {error}") from None
        if type(schema_version) is not int:
            raise StoreDamaged(str(self.url), f"its schema version is {schema_version!r}, which is not a number")
        self.schema_version = schema_version
        return JournalIdentity(journal_id, schema_version)

    def not_initialised(self) -> NotInitialised:
        """Return the error of a store without a journal."""
        return NotInitialised(f"{self.url} has no journal yet: run {command('init', url=self.url.argument)}")

    def locked(self) -> StoreLocked:
        """Return the error of a store whose lock did not become free in time."""
        return StoreLocked(
            f"{self.url} was locked by others for {counted(self.url.timeout, 'second')}: try again, or wait longer "
            f"with ?timeout=SECONDS in the URL"
        )

    def check_positions_left(self, connection: Any, statements: AppendStatements, cause: BaseException) -> None:
        """Find out whether rows were refused because no global positions are left for them.

        Args:
            connection: the connection that was to write the rows.
            statements: the statements that write them.
            cause: the driver's error.

        Raises:
            StoreFull: the positions of the table are used up.
        """
        if not self.may_lack_positions(cause):
            return
        last = self.last_assigned(connection, statements)
        if last > MAX_VERSION - _MORE_THAN_A_TRANSACTION:
            raise StoreFull(
                f"{self.url} has too few global positions left: the last one is {last}, and none is above "
                f"{MAX_VERSION}; copy it into a new journal with `esjournal copy`, which numbers events from 1"
            ) from self.redacted(cause)

    @abstractmethod
    def may_lack_positions(self, error: BaseException) -> bool:
        """Say whether a driver's error may mean that a global position would be too high."""

    def last_assigned(self, connection: Any, statements: AppendStatements) -> int:
        """Return the last global position that was assigned, 0 if there is none."""
        return int(connection.execute(statements.last_global_position).fetchone()[0])

    def write_names(self, connection: Any, statements: AppendStatements, names: Names) -> None:
        """Write the ids and names of sequences inside a transaction, unless their ids are there."""
        if names and statements.insert_name is not None:
            connection.cursor().executemany(statements.insert_name, names)

    def insert(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> list[Any]:
        """Insert rows one by one; a row without a position gets the next one of its sequence.

        Returns:
            The cursors, whose row counts are those of the statements; not in a pipeline of psycopg.
        """
        if all(row[1] is not None for row in rows):
            cursor = connection.cursor()
            cursor.executemany(statements.insert, rows)
            return [cursor]
        return [connection.execute(*insertion) for insertion in self.insertions(statements, rows)]

    def insertions(self, statements: AppendStatements, rows: list[Row]) -> list[tuple[str, Row]]:
        """Return the statement that inserts each row, with its parameters."""
        return [
            (statements.insert, row) if row[1] is not None else (statements.insert_next, (row[0], row[0], *row[2:]))
            for row in rows
        ]

    def check_stored(self, stored: int, given: int) -> None:
        """Check that as many rows were stored as were given.

        Raises:
            StoreError: there are fewer, because somebody else's trigger or rule discards rows without an error.
        """
        if stored < given:
            raise StoreError(
                f"{self.url} takes only {stored} of {counted(given, 'event')}, because a trigger or a rule of its "
                f"table discards the others: remove it"
            )

    def make_tables(self, connection: Any, tables: Sequence[Table]) -> None:
        """Create tables inside a transaction; the identity table gets its only row."""
        for table in tables:
            for statement in create_statements(table, self.sql):
                connection.execute(statement)
            if table is identity_table:
                name = self.engine.dialect.identifier_preparer.format_table(table)
                # Literals, because the databases mark parameters differently; none of the three contains a quote.
                connection.execute(f"INSERT INTO {name} VALUES ('{uuid4()}', {SCHEMA_VERSION}, '{now_as_text()}')")

    def complete_tables(self, connection: Any, tables: Sequence[Table]) -> bool:
        """Upgrade the tables of an earlier esjournal; return whether anything had to be done."""
        timed = [table for table in tables if time_columns(table)]
        # Only if needed: a schema may have many other tables.
        present = self.columns_present(connection) if timed else {}
        changing = [
            statement
            for table in timed
            for statement in changing_statements(table, present.get(table.name, {}), self.sql)
        ]
        for statement in changing:
            connection.execute(statement)
        is_upgraded = self._upgrade(connection, tables)
        statements: dict[str, str] = {}
        for table in tables:
            statements |= index_statements(table, self.sql)
        missing = statements.keys() - self.names_present(connection, list(statements))
        for name in sorted(missing):
            connection.execute(statements[name])
        return bool(missing or changing or is_upgraded)

    def _upgrade(self, connection: Any, tables: Sequence[Table]) -> bool:
        """Add the columns that tables have since a later schema version, and say whether it was an earlier one."""
        identity = self.engine.dialect.identifier_preparer.format_table(identity_table)
        [(version,)] = connection.execute(f"SELECT min(schema_version) FROM {identity}").fetchall()
        if version is None or version >= SCHEMA_VERSION:
            return False
        for table in tables:
            for statement in adding_statements(table, version, self.sql):
                connection.execute(statement)
        self.grant_as_before(connection, tables)
        connection.execute(f"UPDATE {identity} SET schema_version = {SCHEMA_VERSION}")
        return True

    def grant_as_before(self, connection: Any, tables: Sequence[Table]) -> None:
        """Let those who may use a journal's events use the table of names, which an upgrade has made."""
        for table in tables:
            if table is not names_table:
                self.grant_as_on(connection, table, names_table)

    def grant_as_on(self, connection: Any, table: Table, made: Table) -> None:  # noqa: B027
        """Let those who may use one table use another one, which was made after it."""

    def interruption(self, error: BaseException) -> BaseException | None:
        """Return the interruption that caused a driver's error, None if something else did."""
        return interruption_of(error)

    def roll_back(self, connection: Any) -> None:
        """End a failed transaction, unless the database has ended it itself."""
        if self.in_transaction(connection):
            # Not a statement: psycopg must know, so that it forgets statements that were not prepared after all.
            connection.rollback()


def interruption_of(error: BaseException) -> BaseException | None:
    """Return the interruption that a driver's error hides, if any."""
    # If interrupted while it waits for the server, psycopg cannot leave its pipeline, and raises that error instead.
    context = error.__context__
    while context is not None and isinstance(context, Exception):
        context = context.__context__
    return context

"""Sessions on SQLite: a file, or a database in memory."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from sqlalchemy import QueuePool, StaticPool, Table, create_engine

from esjournal.advice import command
from esjournal.exceptions import (
    EsjournalError,
    InvalidData,
    NotADatabase,
    NotAJournal,
    NotMarked,
    OutcomeUnknown,
    StoreChanged,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReplaced,
    UnfinishedWrite,
)
from esjournal.infrastructure.sqlalchemy.items.rowclasses import TEXT
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, AppendStatements, Row
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import OPENING_TO_WRITE
from esjournal.infrastructure.sqlalchemy.schema import identity_table, names_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Names, Session, never
from esjournal.infrastructure.sqlalchemy.sqlite.connections import Connection, KeptConnections
from esjournal.infrastructure.sqlalchemy.sqlite.databasefiles import DatabaseFiles, FileNumber, FileVersion, Numbers
from esjournal.infrastructure.sqlalchemy.sqlite.deferredindex import DeferredIndex
from esjournal.infrastructure.sqlalchemy.sqlite.sqlitesql import SQLiteSQL
from esjournal.infrastructure.sqlalchemy.urls import MEMORY, TEMPORARY, StoreURL

if TYPE_CHECKING:
    from esjournal.infrastructure.sqlalchemy.reports.eventcounts import EventCounts
    from esjournal.infrastructure.sqlalchemy.reports.storechecks import StoreChecks
    from esjournal.infrastructure.sqlalchemy.reports.storeinfo import DatabaseDescription

# "ESJL" in ASCII: stored in the file's header, which tells a journal from another program's file.
_APPLICATION_ID = 0x45534A4C
_CACHE_KIBIBYTES = 32 * 1024
# The interval at which a follower looks for new events.
_FOLLOWING_SECONDS = 0.05
# The errors for a user without write permission while others open or close the files of a WAL; they pass in
# milliseconds.
_PASSING = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_PASSING_SECONDS = 1.0
_LOOK_SECONDS = 0.001
# This number of steps of SQLite's virtual machine takes some milliseconds.
_LOOK_FOR_SIGNALS_STEPS = 100_000
# EXTRA is FULL, and outside of WAL mode also syncs the folder after removing the rollback journal. Otherwise a power
# cut could bring it back, and it would undo the last commit (https://sqlite.org/pragma.html#pragma_synchronous). The
# schema of a foreign file is data too, and must not run functions (https://sqlite.org/security.html).
_SETTINGS = "PRAGMA trusted_schema=OFF; PRAGMA synchronous=EXTRA; PRAGMA cell_size_check=ON;"
_JOURNAL_TABLES = {identity_table.name, "stored_events"}
# A generated column is computed for each row that is read, by an expression in the file.
_KINDS_OF_TABLES = """
    SELECT name, CASE WHEN type <> 'table' THEN 'the ' || type WHEN rootpage = 0 THEN 'the virtual table'
        WHEN EXISTS (SELECT 1 FROM pragma_table_xinfo(schema.name) WHERE hidden IN (2, 3))
        THEN 'generated columns in' ELSE 'table' END
    FROM sqlite_master AS schema WHERE name IN ('esjournal', 'stored_events', 'sequence_names')
"""
# A table WITHOUT ROWID has no order of insertion; in any other, the rowid counts as a column.
_ALL_COLUMNS = """
    SELECT NULL, list.name, columns.name, lower(columns.type)
    FROM pragma_table_list AS list JOIN pragma_table_info(list.name) AS columns
    WHERE list.schema = 'main' AND list.type = 'table' AND list.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    UNION ALL SELECT NULL, name, 'rowid', 'integer' FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND NOT wr
"""

Result = TypeVar("Result")


class SQLiteSession(Session):
    """Sessions on a SQLite file, or on a database in memory or in a temporary file, which all threads share.

    Files are in WAL mode with synchronous=EXTRA, so that acknowledged events survive a power cut. Reading never creates
    a file.
    """

    def __init__(self, url: StoreURL) -> None:
        if sqlite3.sqlite_version_info < (3, 37):
            raise StoreError(
                f"this Python has SQLite {sqlite3.sqlite_version}, and strict tables need 3.37: use another Python"
            )
        self._files = None if url.path in (None, MEMORY, TEMPORARY) else DatabaseFiles(Path(str(url.path)))
        # For SQLite the empty name is a private temporary file.
        self._unshared = "" if url.path == TEMPORARY else MEMORY
        self._deciding = threading.Lock()
        # How connections are opened; None until the files have been examined.
        self._target = None if self._files else self._unshared
        self._first: Connection | None = None
        self._is_written = self._is_made = False
        # If this process may not lock the file: the version of the file when connections were opened.
        self._version: FileVersion | None = None
        self._guard: sqlite3.Connection | None = None
        self._numbers: Numbers = ()
        # When they were last found to be the same.
        self._names_version: FileVersion | None = None
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool if self._files else StaticPool,
        )
        super().__init__(url, engine, SQLiteSQL(engine.dialect), None if self._files else threading.RLock())
        self._appending = self._none_kept()

    def _connect(self) -> Connection:
        connection, self._first = self._first, None
        if connection is None:
            connection = self._opened(str(self._target))
            connection.executescript(_SETTINGS)
        return connection

    def _none_kept(self) -> KeptConnections:
        return KeptConnections(self._connect, self.translating())

    def _opened(self, target: str) -> Connection:
        connection = sqlite3.connect(
            target,
            uri=True,
            timeout=self.url.timeout,
            factory=Connection,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=128,
        )
        # Python runs no signal handler while SQLite works: Ctrl-C would wait for the end of a statement, and a query of
        # a view in a foreign file may never end.
        connection.set_progress_handler(_let_signals_through, _LOOK_FOR_SIGNALS_STEPS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
        return connection

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Lease a driver connection; see the base class."""
        if self._files is not None and self._pinned is None:
            self._settle(self._files)
        version = None if self._pinned else self._version
        try:
            with super().connection() as connection:
                yield connection
        except StoreError:
            # A file that is read while it is written may look damaged.
            self._check_version(version)
            raise
        self._check_version(version)

    def _check_version(self, version: FileVersion | None) -> None:
        if version is not None and self._files is not None and not self._files.is_at(version):
            raise StoreChanged(
                f"{self.url} was written to while it was read, and it cannot be locked, because the file or its folder "
                f"is read-only, or the file has hard links: try again"
            )

    def rows(self, select: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a select, read again if the file was written meanwhile; see the base class."""
        deadline = time.monotonic() + self.url.timeout
        while True:
            try:
                return super().rows(select, parameters)
            except StoreChanged:
                if self._pinned is not None or time.monotonic() > deadline:
                    raise

    def rows_streamed(self, select: str, parameters: Sequence[Any]) -> Generator[list[Row], None, None]:
        """Yield the rows of a select in lists; see the base class."""
        if self._files is not None and self._pinned is None:
            self._settle(self._files)
        version = self._version
        with closing(super().rows_streamed(select, parameters)) as lists:
            for rows in lists:
                self._check_version(version)
                yield rows

    def _settle(self, files: DatabaseFiles) -> None:
        """Decide how connections are opened, unless an earlier decision still fits the files."""
        if self._target is not None and self._version is None:
            return
        with self._deciding:
            if self._version is not None and (files.have_more_than_the_database() or not files.is_at(self._version)):
                self._check_not_replaced(files)
                self.close()
            deadline = time.monotonic() + _PASSING_SECONDS
            while self._target is None:
                try:
                    self._first = self._decided(files)
                except UnicodeDecodeError:
                    raise StoreDamaged(str(self.url), "a text is not UTF-8") from None
                except sqlite3.Error as error:
                    # A WAL may disappear before SQLite looks for it, and come back afterwards.
                    if _primary_code(error) not in _PASSING or files.may_be_written() or time.monotonic() > deadline:
                        raise self.translated(error) from error
                    time.sleep(_LOOK_SECONDS)

    def _decided(self, files: DatabaseFiles) -> Connection:
        """Return the first connection; all others will be opened in the same way.

        A store that is only read is not changed. If there is a WAL, the connection is read-only, because a connection
        that may write would move the WAL into the file when it is closed last. Without a WAL it may write, because a
        read-only connection would leave an empty WAL. If this process may not write, SQLite can neither create the
        files of a WAL nor keep others from writing, and it cannot keep out those that use another name of the file.
        Then it reads the file alone, and we check that it does not change.
        """
        files.check()
        mode, version = "rw", None
        if not self._is_written:
            is_alone = files.may_be_written() and files.why_not_alone() is None
            # Programs that write one after the other leave no time in which the file is at rest, but their WALs do.
            while not (has_more := files.have_more_than_the_database()) and not is_alone and version is None:
                if (version := files.version()) is None:
                    time.sleep(_LOOK_SECONDS)
            if has_more:
                mode, version = "ro", None
            elif version is not None:
                mode = "ro&immutable=1"
        path = quote(os.fsencode(files.path))
        target = f"file:{path}?mode={mode}"
        connection = self._opened(target)
        try:
            self._check_is_ours(connection, files)
            connection.executescript(_SETTINGS)
            if mode == "rw":
                self._guard = self._opened(f"file:{path}?mode=ro")
            # The file alone is read without its WAL, which others may make and remove at any time.
            numbers = self._held_numbers(files) if version is None else (files.number(), None, None)
        except BaseException:
            connection.close()
            self.close()
            raise
        self._target, self._version, self._numbers, self._names_version = target, version, numbers, None
        return connection

    def _check_is_ours(self, connection: sqlite3.Connection, files: DatabaseFiles) -> None:
        # Before the query: others may turn an empty file into a journal at any time.
        was_empty = files.is_empty()
        try:
            [(application_id, pages)] = connection.execute(
                "SELECT application_id, page_count FROM pragma_application_id, pragma_page_count"
            )
        except sqlite3.DatabaseError as error:
            if _primary_code(error) != sqlite3.SQLITE_NOTADB:
                raise
            application_id = pages = None
        if not pages and not was_empty:
            # For SQLite a file of a few bytes is a database without pages.
            # A database whose header was damaged while another connection of this process has it open has a WAL.
            is_none = pages is None and files.numbers()[1:] == (None, None)
            refused = NotADatabase if is_none else NotAJournal
            raise refused(f"{files.path} is not a SQLite database: name another file")
        if self.url.layout is not None or not pages:
            return
        found = dict(connection.execute(_KINDS_OF_TABLES).fetchall())
        if application_id != _APPLICATION_ID:
            self._check_is_a_dump(files, application_id, set(found))
        for name, kind in found.items():
            if kind != "table":
                raise NotAJournal(f"{files.path} has {kind} {name} instead of a journal's table: restore a backup")

    def _check_is_a_dump(self, files: DatabaseFiles, application_id: int, found: set[str]) -> None:
        if application_id or found - {names_table.name} != _JOURNAL_TABLES:
            raise NotAJournal(f"{files.path} is another program's SQLite database: name another file")
        if not self._is_made:
            raise NotMarked(
                f"{files.path} has the tables of a journal but is not marked as one, like a file made from sqlite3's "
                f".dump: run {command('init', url=self.url.argument)} to mark it"
            )

    def prepare_to_write(self) -> None:
        """Check that connections can write, and still belong to the files that were opened first.

        Raises:
            StoreReplaced: one of the files was replaced.
            StoreError: the file is read-only, or has more than one name.
        """
        if self._files is None:
            return
        number, links = self._files.number_and_links()
        if self._target is not None:
            self._check_not_replaced(self._files, number)
        if not self._is_written:
            self._files.check()
            if not self._files.may_be_written():
                raise self._read_only()
        if links > 1 and (reason := self._files.why_not_alone()) is not None:
            raise StoreError(f"{self.url} cannot be written: {reason}")
        if not self._is_written:
            self._is_written = True
            if self._guard is None:
                self.close()
        self._settle(self._files)

    def writing_connection(self) -> AbstractContextManager[Any]:
        """Lease a driver connection to write with; see the base class."""
        if self._files is None:
            return super().writing_connection()
        self._check_is_current()
        self.prepare_to_write()
        return self._appending.lease()

    def _check_not_replaced(self, files: DatabaseFiles, number: FileNumber | None = None) -> None:
        names_version = files.names_version()
        is_same = self._numbers[:1] == (number or files.number(),)
        if not is_same or names_version is None or names_version != self._names_version:
            self._compare_numbers(files)
            # From before the comparison, so that a change during it shows.
            self._names_version = names_version

    def _compare_numbers(self, files: DatabaseFiles) -> None:
        # While a connection is open, SQLite keeps the files beside the database, or creates them.
        numbers = files.numbers()
        if numbers == self._numbers:
            return
        if any(known not in (None, now) for known, now in zip(self._numbers, numbers, strict=True)):
            files.check()
            raise StoreReplaced(
                f"{self.url} was replaced while it was open: stop every program that uses a journal before you "
                f"restore it; check this one with `esjournal verify`, and start again"
            )
        with self.translating():
            self._numbers = self._held_numbers(files)

    def _held_numbers(self, files: DatabaseFiles) -> Numbers:
        """Return the numbers of the files once the guard has these files open.

        A WAL that another connection makes, when it switches the file to WAL, is removed when that connection is
        closed, unless the guard has read the file since. Then the WAL that replaces it would look like a restored one.
        """
        numbers = files.numbers()
        while self._guard is not None:
            self._guard.execute("SELECT count(*) FROM sqlite_master").fetchone()
            before, numbers = numbers, files.numbers()
            if numbers == before:
                break
        return numbers

    def close(self) -> None:
        """Close every connection.

        The last connection that may write moves the WAL into the file and removes it, by name. If that name belongs to
        another file by now, it must not be removed: then the guard, which only reads, is closed last.
        """
        guard, self._guard = self._guard, None
        was_replaced = guard is not None and self._was_replaced()
        if guard is not None and not was_replaced:
            guard.close()
        if self._first is not None:
            self._first.close()
        super().close()
        self._appending.close()
        self._appending = self._none_kept()
        if guard is not None:
            guard.close()
        if self._files is not None:
            self._first = self._target = self._version = None

    def _was_replaced(self) -> bool:
        try:
            if self._files is not None:
                self._check_not_replaced(self._files)
        except StoreError:
            return True
        return False

    def forget_connections(self) -> None:
        """Use new connections from now on; see the base class."""
        # Kept, because closing them would drop the locks of the parent process.
        self._others_of_that_process = (self._guard, self._first, self._appending)
        self._guard = self._first = None
        self._appending = self._none_kept()
        super().forget_connections()
        if self._files is not None:
            self._target = self._version = None

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same store: not one in memory, or in a temporary file."""
        return self._files is not None

    @property
    def can_lock(self) -> bool:
        """Whether the database keeps reads consistent while others write: not if this user cannot lock the file."""
        return self._version is None

    def begin(self, connection: Any, table: Table) -> None:
        """Begin with the write lock: SQLite refuses a later upgrade of the lock at once instead of waiting."""
        try:
            self._with_lock(connection, lambda: connection.execute("BEGIN IMMEDIATE"))
        finally:
            # Outside of WAL mode, COMMIT waits for readers.
            connection.wait_for(self.url.timeout)

    def commit(self, connection: Any) -> None:
        """Commit a transaction, unless the files were replaced while it was open; see the base class.

        Raises:
            StoreReplaced: one of the files was replaced.
        """
        if self._files is not None:
            self._check_not_replaced(self._files)
        super().commit(connection)

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Raise OutcomeUnknown for an I/O error inside; see the base class.

        SQLite does not say when the error came. If it came after the last frame was written to the WAL, or after the
        rollback journal was removed, the events are stored, or come back after a crash.
        """
        with super().committing():
            try:
                yield
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_IOERR:
                    raise
                reason = f"COMMIT failed with a {error} ({error.sqlite_errorname})"
                raise OutcomeUnknown(str(self.url), reason) from error

    def begin_snapshot(self, connection: Any) -> None:
        """Begin a read transaction; its snapshot is taken by the first statement, not by BEGIN."""
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def in_transaction(self, connection: Any) -> bool:
        """Say whether a transaction is open."""
        return bool(connection.in_transaction)

    def append(self, connection: Any, statements: AppendStatements, rows: list[Row], names: Names = ()) -> int:
        """Write rows, and the names of their sequences, in a transaction of their own; see the base class.

        A single INSERT is already a transaction: BEGIN and COMMIT would add 5 to its 43 microseconds, without syncing.
        """
        if len(rows) > 1 or names:
            return super().append(connection, statements, rows, names)

        def insert() -> int:
            try:
                return self.load(connection, statements, rows)
            except BaseException:
                with self.committing():
                    raise

        try:
            return self._with_lock(connection, insert)
        except BaseException:
            # What is read to explain the error waits as any reader does.
            connection.wait_for(self.url.timeout)
            raise

    def _with_lock(self, connection: Any, take: Callable[[], Result]) -> Result:
        """Return the result of a statement that needs the write lock, trying again until the timeout.

        Readers keep SQLite's own waiting: in WAL mode they do not wait for writers.
        """
        connection.wait_for(0)
        try:
            return take()
        except sqlite3.OperationalError as error:
            if self._files is None or _primary_code(error) != sqlite3.SQLITE_BUSY:
                raise
            busy = error
        from esjournal.infrastructure.sqlalchemy.sqlite.waiting import looks

        with closing(looks(self._files.folder, self.url.timeout)) as waiting:
            for _ in waiting:
                self._check_not_replaced(self._files)
                try:
                    return take()
                except sqlite3.OperationalError as error:
                    if _primary_code(error) != sqlite3.SQLITE_BUSY:
                        raise
                    busy = error
        raise busy

    def load(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows inside a transaction, and return the last global position."""
        if len(rows) == 1 and rows[0][1] is not None:
            cursor = connection.execute(statements.insert, rows[0])
            self.check_stored(cursor.rowcount, 1)
            return int(cursor.lastrowid)
        stored = sum(cursor.rowcount for cursor in self.insert(connection, statements, rows))
        self.check_stored(stored, len(rows))
        last: int = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return last

    def load_leading(self, connection: Any, statements: AppendStatements, batches: Iterable[list[Row]]) -> int:
        """Write rows until the first one whose place is taken, and return the number written.

        A failing statement undoes only itself, so no savepoint is needed. With one for every 5,000 rows, SQLite would
        spend a third of the time on saving pages of the index.
        """
        [before] = connection.execute(statements.last_global_position).fetchone()
        written = 0
        with closing(connection.cursor()) as cursor:
            try:
                for rows in batches:
                    cursor.executemany(statements.insert, rows)
                    self.check_stored(cursor.rowcount, len(rows))
                    written += len(rows)
            except sqlite3.IntegrityError as error:
                if not self.is_unique_violation(error):
                    raise
                # Counted, because a trigger may have written rows to other tables.
                quote = self.engine.dialect.identifier_preparer
                position = quote.quote(statements.table.columns[GLOBAL_POSITION].name)
                select = f"SELECT count(*) FROM {quote.format_table(statements.table)} WHERE {position} > ?"
                [written] = connection.execute(select, (before,)).fetchone()
        return int(written)

    def prepare_for_many_rows(self, connection: Any) -> None:
        """Use a page cache of 32 MB.

        Writing a million events after another million takes 6.8 seconds with it, and 9.3 with SQLite's default of 2 MB.
        """
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")

    def defer_index(self, connection: Any, table: Table) -> DeferredIndex | None:
        """Drop the indexes if the table is empty."""
        name = self.engine.dialect.identifier_preparer.format_table(table)
        if not place_names(table) or connection.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0]:
            return None
        return DeferredIndex(connection, table, self.sql)

    def rows_at(self, connection: Any, select: str, places: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows at places; one query for each costs 5 microseconds, and has no limit on parameters."""
        found = (connection.execute(select, place).fetchone() for place in places)
        return [row for row in found if row is not None]

    def last_positions(self, connection: Any, select: str, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence."""
        return [connection.execute(select, (sequence_id,)).fetchone()[0] for sequence_id in sequence_ids]

    def changes(self, is_over: Callable[[], bool] = never) -> Iterator[None]:
        """Yield at once, and then whenever another connection has committed; each check takes some microseconds.

        Args:
            is_over: see the base class.

        Raises:
            StoreReplaced: one of the files was replaced.
        """
        if self._files is None:
            yield from self._changes_of_the_one_connection(is_over)
            return
        while True:
            self._settle(self._files)
            if self._version is None:
                yield from self._changes_with_locks(self._files, is_over)
            else:
                yield from self._changes_of_the_file(self._files, is_over)
            if is_over():
                return

    def _changes_of_the_one_connection(self, is_over: Callable[[], bool]) -> Iterator[None]:
        # SQLite says only what other connections changed, and this one must be left to the other threads.
        yield
        while not is_over():
            time.sleep(_FOLLOWING_SECONDS)
            yield

    def _changes_with_locks(self, files: DatabaseFiles, is_over: Callable[[], bool]) -> Iterator[None]:
        known = None
        with self.connection() as connection:
            while True:
                self._check_not_replaced(files)
                [now] = connection.execute("PRAGMA data_version").fetchone()
                if now != known:
                    known = now
                    yield
                elif is_over():
                    return
                else:
                    time.sleep(_FOLLOWING_SECONDS)

    def _changes_of_the_file(self, files: DatabaseFiles, is_over: Callable[[], bool]) -> Iterator[None]:
        # Each time, check again whether the file can be locked by now, as it can while a writer has a WAL.
        version = self._version
        while version is not None and self._version == version:
            yield
            while self._version == version and files.is_at(version) and not files.have_more_than_the_database():
                if is_over():
                    return
                time.sleep(_FOLLOWING_SECONDS)
            self._settle(files)

    def location(self) -> tuple[Any, ...]:
        """Return the number of the file, or a key of this database in memory."""
        return (self._files.number() if self._files is not None else None) or (id(self),)

    # Reports are loaded when they are asked for, so that other commands start faster.

    def event_counts(self, table: Table, until: int) -> EventCounts:
        """Return the counts of a journal's events up to a global position."""
        from esjournal.infrastructure.sqlalchemy.sqlite.sqlitecounts import SQLiteEventCounts

        return SQLiteEventCounts(self, table, until)

    def checks(self, table: Table, *, quick: bool = False) -> StoreChecks:
        """Return the checks of a journal that the database does itself; see StoreChecks."""
        from esjournal.infrastructure.sqlalchemy.sqlite.sqlitechecks import SQLiteChecks

        return SQLiteChecks(self, table, quick=quick)

    def description(self, connection: Any, table: Table) -> DatabaseDescription:
        """Return what the database knows of a store, for a table of events."""
        from esjournal.infrastructure.sqlalchemy.sqlite.sqliteinfo import about_sqlite

        why_not_alone = None if self._files is None else self._files.why_not_alone()
        return about_sqlite(connection, self.can_lock, why_not_alone)

    def is_unique_violation(self, error: BaseException) -> bool:
        """Say whether a driver's error means that a place is taken."""
        code = getattr(error, "sqlite_errorcode", None)
        return code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)

    def may_lack_positions(self, error: BaseException) -> bool:
        """Say whether an error is the one for a full disk, which AUTOINCREMENT raises too."""
        return _primary_code(error) == sqlite3.SQLITE_FULL

    def last_assigned(self, connection: Any, statements: AppendStatements) -> int:
        """Return the last global position that was assigned, even if its event was deleted."""
        last = super().last_assigned(connection, statements)
        if not self.names_present(connection, ["sqlite_sequence"]):
            return last
        assigned = "SELECT max(seq) FROM sqlite_sequence WHERE name = ? AND typeof(seq) = 'integer'"
        [deleted] = connection.execute(assigned, (statements.table.name,)).fetchone()
        return max(last, deleted or 0)

    def _opening_to_write(self) -> str:
        """Say what opens the store in such a way that SQLite repairs what a write has left."""
        if self.url.layout is not None:
            return OPENING_TO_WRITE
        return f"run {command('init', url=self.url.argument)}"

    def translated(self, error: BaseException) -> EsjournalError:
        """Return a driver's error as an EsjournalError."""
        code = _primary_code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self.locked()
        if code == sqlite3.SQLITE_FULL:
            return self._full()
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return StoreDamaged(str(self.url), str(error))
        if str(error).startswith("Could not decode to UTF-8"):
            # Python's message would quote the text.
            return StoreDamaged(str(self.url), "a text is not UTF-8")
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
            return UnfinishedWrite(
                f"{self.url} was left in the middle of a write, which must be undone first: "
                f"{self._opening_to_write()}, which does that"
            )
        if code == sqlite3.SQLITE_READONLY:
            return self._read_only()
        if code == sqlite3.SQLITE_CANTOPEN and self._files is not None and not self._files.may_be_written():
            return StoreError(
                f"{self.url} was left with a WAL that cannot be read without write permission: have a user with that "
                f"permission {self._opening_to_write()}"
            )
        if "no such table" in str(error):
            return self.not_initialised()
        if code == sqlite3.SQLITE_CONSTRAINT or not isinstance(error, sqlite3.OperationalError):
            return InvalidData(f"the database refuses the event: {error}")
        return StoreError(f"{self.url}: {error}")

    def _full(self) -> StoreFull:
        if self.url.path != TEMPORARY:
            return StoreFull(f"{self.url} cannot grow, the disk is full: make room and try again")
        # Only this message needs it.
        from esjournal.infrastructure.sqlalchemy.sqlite.temporaryfiles import temporary_folder_of_sqlite

        return StoreFull(
            f"{temporary_folder_of_sqlite()} has no room for what does not fit into memory: make room there, or name "
            f"another folder in the variable SQLITE_TMPDIR"
        )

    def _read_only(self) -> StoreError:
        return StoreError(f"{self.url} cannot be written: the file or its folder is read-only")

    def interruption(self, error: BaseException) -> BaseException | None:
        """Return the interruption that ended a statement; see the base class."""
        # An exception of a signal handler is lost in the progress handler, which only ends the statement.
        return KeyboardInterrupt() if _primary_code(error) == sqlite3.SQLITE_INTERRUPT else super().interruption(error)

    def check_ids(self, table: Table) -> None:
        """Check that the first and the last id are text: SQLite sorts NULL and numbers before, and BLOBs after."""
        [name, *_] = place_names(table)
        for order in ("", " DESC"):
            rows = self.rows(f"SELECT {name} FROM {self.table_name(table.name)} ORDER BY {name}{order} LIMIT 1")
            self.whole(rows, {name: TEXT})

    def create_tables(self, tables: Sequence[Table]) -> bool:
        """Create the file and its missing tables; return whether anything was missing.

        Raises:
            NotAJournal: the file belongs to another program, or is not a database; it is left as it was.
        """
        made = self._files is not None and self._files.make()
        self._is_made = True
        try:
            with self.transaction(identity_table) as connection, self.translating():
                created = self._create_missing(connection, tables)
            if self._files is not None:
                # After the tables, so that the file itself, and not the WAL, has our application_id.
                self._switch_to_wal()
        except BaseException:
            # A file that is no longer empty may be the journal of another process by now.
            if made and self._files is not None and self._files.is_empty():
                self.close()
                self._files.path.unlink(missing_ok=True)
            raise
        return created

    def _switch_to_wal(self) -> None:
        # SQLite's own timeout does not apply here: while others read the file, it refuses the switch at once.
        deadline = time.monotonic() + self.url.timeout
        with self.connection() as connection:
            while True:
                try:
                    connection.execute("PRAGMA journal_mode=WAL")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                time.sleep(0.005)

    def _create_missing(self, connection: Any, tables: Sequence[Table]) -> bool:
        present = self.names_present(connection, [identity_table.name, *(table.name for table in tables)])
        missing = [table for table in tables if table.name not in present]
        is_marked = connection.execute("PRAGMA application_id").fetchone() == (_APPLICATION_ID,)
        if not is_marked:
            connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        if identity_table.name not in present:
            missing.insert(0, identity_table)
        self.make_tables(connection, missing)
        return self.complete_tables(connection, tables) or bool(missing) or not is_marked

    def protections(self, connection: Any, table: Table) -> set[str]:
        """Return the names of the triggers; see the base class."""
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        ours = {name: statements[-1] for name, statements in self.sql.protecting_statements(table).items()}
        return {name for name, statement in found if ours.get(name) == statement}

    def names_present(self, connection: Any, names: Sequence[str]) -> set[str]:
        """Return those of the names that a table or an index has."""
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")} & set(names)

    def columns_present(self, connection: Any) -> dict[str, dict[str, str]]:
        """Return the column types of every table, by the names of table and column."""
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        query = "SELECT name, type FROM pragma_table_info(?)"
        return {table: dict(connection.execute(query, (table,)).fetchall()) for table in tables}

    def all_columns(self) -> list[Row]:
        """Return every column, without a schema; see the base class."""
        return self.rows(_ALL_COLUMNS)


def _let_signals_through() -> None:
    # Calling Python is enough: it runs signal handlers now, and an exception of theirs interrupts the statement.
    pass


def _primary_code(error: BaseException) -> int:
    # The low byte of the extended code.
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code

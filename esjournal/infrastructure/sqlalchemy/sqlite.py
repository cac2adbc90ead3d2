"""Sessions on SQLite: one file, or memory."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import QueuePool, StaticPool, Table, create_engine

from esjournal.exceptions import (
    EsjournalError,
    InvalidData,
    NotAJournal,
    StoreDamaged,
    StoreError,
    StoreFull,
)
from esjournal.infrastructure.sqlalchemy.deferredindex import DeferredIndex
from esjournal.infrastructure.sqlalchemy.schema import APPLICATION_ID, identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Row, Session
from esjournal.infrastructure.sqlalchemy.sqlitefiles import DatabaseFiles
from esjournal.infrastructure.sqlalchemy.statements import AppendStatements
from esjournal.infrastructure.sqlalchemy.urls import MEMORY, TEMPORARY, StoreURL

_CACHE_KIBIBYTES = 32 * 1024
# A writer that waits looks so often whether the lock is free. SQLite's own waiting looks every 100 ms in the end, and
# seldom finds the few milliseconds in which an import that commits in parts leaves the lock free.
_LOOK_SECONDS = 0.001
# A follower looks so often whether there is something new.
_FOLLOWING_SECONDS = 0.05
# So many steps of SQLite's machine take some milliseconds.
_LOOK_FOR_SIGNALS_STEPS = 100_000
_MAX_INTEGER = 2**31 - 1

Result = TypeVar("Result")


class SQLiteSession(Session):
    """Sessions on a SQLite file, or on a database in memory or in a temporary file, which all threads share.

    Files are in WAL mode with synchronous=FULL, so that what was acknowledged survives a power cut. Reading never
    creates a file.
    """

    def __init__(self, url: StoreURL) -> None:
        if sqlite3.sqlite_version_info < (3, 37):
            raise StoreError(
                f"this Python has SQLite {sqlite3.sqlite_version}, and strict tables need 3.37: use another Python"
            )
        self._files = None if url.path in (None, MEMORY, TEMPORARY) else DatabaseFiles(Path(str(url.path)))
        # To SQLite the empty name is a temporary file of its own.
        self._unshared = "" if url.path == TEMPORARY else MEMORY
        self._checked = False
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool if self._files else StaticPool,
        )
        super().__init__(url, engine, None if self._files else threading.RLock())

    def _connect(self) -> sqlite3.Connection:
        target = self._unshared
        if self._files is not None:
            if not self._checked:
                self._files.check()
            target = f"file:{quote(os.fsencode(self._files.path))}?{_mode(self._files.path)}"
        connection = sqlite3.connect(
            target,
            uri=True,
            timeout=self.url.timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=128,
        )
        try:
            if self._files is not None and not self._checked:
                self._check_is_ours(connection, self._files)
            # What stands in a schema is data too, and must not run functions (SQLite's advice on untrusted files).
            connection.executescript("PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL;")
        except BaseException:
            connection.close()
            raise
        self._checked = True
        return connection

    def _check_is_ours(self, connection: sqlite3.Connection, files: DatabaseFiles) -> None:
        # Before SQLite is asked: others may make a journal of an empty file at any time.
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
            # To SQLite a file of a few bytes is a database without pages.
            raise NotAJournal(f"{files.path} is not a SQLite database: name another file")
        if self.url.layout is not None or not pages or application_id == APPLICATION_ID:
            return
        raise NotAJournal(
            f"{files.path} is another program's SQLite database: name another file, or ask `esjournal info` whose it is"
        )

    @contextmanager
    def long_reading(self) -> Iterator[sqlite3.Connection]:
        """Lease a connection for statements that may take seconds.

        Python runs no signal handler while SQLite works: Ctrl-C would wait for the end of the statement.
        """
        with self.connection() as connection:
            connection.set_progress_handler(_let_signals_through, _LOOK_FOR_SIGNALS_STEPS)
            try:
                yield connection
            except sqlite3.OperationalError as error:
                if _primary_code(error) == sqlite3.SQLITE_INTERRUPT:
                    raise KeyboardInterrupt from None
                raise
            finally:
                connection.set_progress_handler(None, 0)

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same store: not one in memory, or in a temporary file."""
        return self._files is not None

    def begin(self, connection: Any, table: Table) -> None:
        """Begin with the write lock: who asks for it in the middle of a transaction is refused, not queued."""
        self._with_lock(connection, lambda: connection.execute("BEGIN IMMEDIATE"))

    def begin_snapshot(self, connection: Any) -> None:
        """Begin a transaction that reads; BEGIN by itself sees nothing yet, and the first look decides what it sees."""
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def in_transaction(self, connection: Any) -> bool:
        """Say whether a transaction is open."""
        return bool(connection.in_transaction)

    def append(self, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows in a transaction of their own, and return the last global position.

        One row is a transaction by itself: BEGIN and COMMIT around it would cost 5 of 43 microseconds, syncing aside.
        """
        if len(rows) > 1:
            return super().append(statements, rows)
        with self.connection() as connection:
            return self._with_lock(connection, lambda: self.load(connection, statements, rows))

    def _with_lock(self, connection: Any, take: Callable[[], Result]) -> Result:
        """Return what a statement that needs the write lock gives, tried again and again until the timeout.

        Reading keeps SQLite's own waiting: in WAL mode it waits for nobody that writes.
        """
        deadline = time.monotonic() + self.url.timeout
        connection.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    return take()
                except sqlite3.OperationalError as error:
                    if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                time.sleep(_LOOK_SECONDS)
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(min(self.url.timeout * 1000, _MAX_INTEGER))}")

    def load(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows inside a transaction, and return the last global position."""
        self.insert(connection, statements, rows)
        last: int = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return last

    def load_leading(self, connection: Any, statements: AppendStatements, batches: Iterable[list[Row]]) -> int:
        """Write rows up to the first one whose place is taken, and return how many were written.

        A statement that fails takes back only itself, so that no savepoint is needed: one for every 5,000 rows, SQLite
        spends a third of the time on keeping the pages of the index as they were.
        """
        before = connection.total_changes
        with closing(connection.cursor()) as cursor:
            try:
                for rows in batches:
                    cursor.executemany(statements.insert, rows)
            except sqlite3.IntegrityError as error:
                if not self.is_unique_violation(error):
                    raise
        return int(connection.total_changes - before)

    def prepare_for_many_rows(self, connection: Any) -> None:
        """Keep more pages of the index in memory: 32 MB.

        A million events behind a million others take 6.8 seconds with them, and 9.3 with SQLite's own 2 MB.
        """
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")

    def defer_index(self, connection: Any, table: Table) -> DeferredIndex | None:
        """Drop the indexes if the table is empty."""
        name = self.engine.dialect.identifier_preparer.format_table(table)
        if not place_names(table) or connection.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0]:
            return None
        return DeferredIndex(connection, table, self.engine.dialect)

    def rows_at(self, connection: Any, select: str, places: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows at places: one look-up each costs some 5 microseconds, and no limit on parameters."""
        found = (connection.execute(select, place).fetchone() for place in places)
        return [row for row in found if row is not None]

    def last_positions(self, connection: Any, select: str, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence."""
        return [connection.execute(select, (sequence_id,)).fetchone()[0] for sequence_id in sequence_ids]

    def changes(self) -> Iterator[None]:
        """Yield at once, and then whenever another connection has committed; looking takes some microseconds."""
        while True:
            known, file = None, self._file_number()
            with self.connection() as connection:
                while self._file_number() == file:
                    [version] = connection.execute("PRAGMA data_version").fetchone()
                    if version == known:
                        time.sleep(_FOLLOWING_SECONDS)
                    else:
                        known = version
                        yield
            # Another file has its name, as after a restore, and nobody will write to the one that is open.
            self.close()
            self._checked = False

    def place(self) -> tuple[Any, ...]:
        """Return the number of the file, or what tells this database in memory from another."""
        return self._file_number() or (id(self),)

    def _file_number(self) -> tuple[int, int] | None:
        return self._files.number() if self._files is not None else None

    def is_unique_violation(self, error: BaseException) -> bool:
        """Say whether a driver's error means that a place is taken."""
        code = getattr(error, "sqlite_errorcode", None)
        return code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)

    def translated(self, error: BaseException) -> EsjournalError:
        """Return a driver's error as one of ours."""
        code = _primary_code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self.locked()
        if code == sqlite3.SQLITE_FULL:
            return StoreFull(f"{self.url} cannot grow, the disk is full: make room and try again")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return StoreDamaged(str(self.url), str(error))
        if str(error).startswith("Could not decode to UTF-8"):
            # Python's own words, which repeat the text.
            return StoreDamaged(str(self.url), "a text is no UTF-8")
        if code == sqlite3.SQLITE_READONLY:
            return StoreError(f"{self.url} cannot be written: the file or its folder is read-only")
        if "no such table" in str(error):
            return self.not_initialised()
        if code == sqlite3.SQLITE_CONSTRAINT or not isinstance(error, sqlite3.OperationalError):
            return InvalidData(f"the database refuses the event: {error}")
        return StoreError(f"{self.url}: {error}")

    def create_tables(self, tables: Sequence[Table]) -> bool:
        """Create the file and what is missing in it, and say whether anything was.

        Raises:
            NotAJournal: the file is another program's, or no database; it is left as it was.
        """
        made = self._files is not None and self._files.make()
        try:
            with self.transaction(identity_table) as connection:
                created = self._create_missing(connection, tables)
            if self._files is not None:
                # The tables come first, so that the header in the file itself, and not in the WAL, names us.
                self._switch_to_wal()
        except BaseException:
            # A file that is no longer empty may be somebody else's journal by now.
            if made and self._files is not None and self._files.is_empty():
                self.close()
                self._files.path.unlink(missing_ok=True)
            raise
        return created

    def _switch_to_wal(self) -> None:
        # SQLite's own timeout does not hold here: while others read the file, it refuses the switch at once.
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
        if identity_table.name not in present:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            missing.insert(0, identity_table)
        self.make_tables(connection, missing)
        return self.complete_tables(connection, tables) or bool(missing)

    def names_present(self, connection: Any, names: Sequence[str]) -> set[str]:
        """Return which of these names tables or indexes have."""
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")} & set(names)

    def columns_present(self, connection: Any) -> dict[str, dict[str, str]]:
        """Return the types of the columns of every table, by the tables' names and theirs."""
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        query = "SELECT name, type FROM pragma_table_info(?)"
        return {table: dict(connection.execute(query, (table,)).fetchall()) for table in tables}


def _let_signals_through() -> None:
    # That this is Python is enough: its handlers run now, and what they raise interrupts the statement.
    pass


def _primary_code(error: BaseException) -> int:
    # It is the low byte of the extended one.
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code


def _mode(path: Path) -> str:
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "mode=rw"
    # Where nobody can write, SQLite could not make the files that go with a WAL, and needs none.
    if not Path(f"{path}-wal").exists():
        return "mode=ro&immutable=1"
    return "mode=ro"

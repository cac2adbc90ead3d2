"""Sessions on PostgreSQL, through psycopg 3."""

from __future__ import annotations

import logging
import re
import select
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg import errors
from psycopg.pq import PipelineStatus, TransactionStatus
from sqlalchemy import Table, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from esjournal.domain.text import counted
from esjournal.exceptions import (
    EsjournalError,
    InvalidData,
    InvalidURL,
    NotAJournal,
    NotInitialised,
    OutcomeUnknown,
    OutOfOrder,
    StatementCancelled,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreUnreachable,
    TimeOutOfRange,
)
from esjournal.infrastructure.sqlalchemy.columntypes import OUTSIDE_YEARS
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, AppendStatements, Row
from esjournal.infrastructure.sqlalchemy.layouts import writemessage
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import writing_of
from esjournal.infrastructure.sqlalchemy.postgresql import citus, commitorder
from esjournal.infrastructure.sqlalchemy.postgresql.commitorder import is_of_position
from esjournal.infrastructure.sqlalchemy.postgresql.copytext import write_rows
from esjournal.infrastructure.sqlalchemy.postgresql.libpq import BadParameter, completed, settings
from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlsql import PostgreSQLSQL
from esjournal.infrastructure.sqlalchemy.schema import columns_of_version, identity_table
from esjournal.infrastructure.sqlalchemy.session import (
    STREAMED_ROWS,
    Names,
    Replica,
    Session,
    interruption_of,
    never,
)
from esjournal.infrastructure.sqlalchemy.urls import StoreURL

if TYPE_CHECKING:
    from esjournal.infrastructure.sqlalchemy.reports.eventcounts import EventCounts
    from esjournal.infrastructure.sqlalchemy.reports.storechecks import StoreChecks
    from esjournal.infrastructure.sqlalchemy.reports.storeinfo import DatabaseDescription

# The server disconnects a writer that holds the journal's lock and stays idle, so that others do not wait forever.
IDLE_TIMEOUT_SECONDS = 60
# The interval at which a follower looks for new events.
FOLLOWING_SECONDS = 0.2
# "ESJL" in ASCII: separates our advisory locks from those of others in the same database.
LOCK_KEY = 0x45534A4C
# Up to this number, rows are inserted in one pipeline; more rows use COPY, which needs two more round trips while it
# holds the lock. On a local socket 1 row takes 0.6 ms inserted and 0.7 ms copied, 20 rows 1.2 and 0.8, 200 rows 5.7 and
# 1.8; across a network the round trips cost more.
PIPELINE_ROWS = 20

# If a connection is lost during a COPY, psycopg logs that it cannot end the COPY. We raise an error instead; without a
# handler, Python would print the log.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_WAITING_SECONDS = 0.01
_TRUSTED_SECONDS = 1.0
# How often a statement is sent that a standby cancels because it stands in the way of changes from the primary.
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05

# Functions in a view, and operators of a foreign type, would run with the reader's privileges. So would operators that
# another role made for numeric and bigint, or varchar and uuid: PostgreSQL itself has none for exactly these.
_OTHER_THAN_TABLES = """
    SELECT CAST(relname AS text),
        CASE WHEN relkind IN ('r', 'p', 'f') THEN 'has columns of other types than such a table should have'
            ELSE 'is not a table' END
    FROM pg_catalog.pg_class WHERE oid IN
        (SELECT CAST(pg_catalog.to_regclass(name) AS oid) FROM pg_catalog.unnest(CAST(%s AS text[])) AS names (name))
        AND (relkind NOT IN ('r', 'p', 'f') OR EXISTS (SELECT FROM pg_catalog.pg_attribute
            JOIN pg_catalog.pg_type ON pg_type.oid = atttypid
            JOIN ROWS FROM (pg_catalog.unnest(CAST(%s AS text[])), pg_catalog.unnest(CAST(%s AS text[])),
                pg_catalog.unnest(CAST(%s AS text[]))) AS used (table_name, column_name, kind)
                ON CAST(attname AS text) = column_name
            WHERE attrelid = pg_class.oid AND attrelid = CAST(pg_catalog.to_regclass(table_name) AS oid)
                AND (typnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog')
                    OR (kind IN ('BIGINT', 'INTEGER', 'SMALLINT') AND typname NOT IN ('int8', 'int4', 'int2'))
                    OR (kind = 'UUID' AND typname <> 'uuid'))))
    ORDER BY relname
"""
_QUOTED_NAME = re.compile('"[^"]*"')
# The schema that the URL names, else the first one of the search path.
_SCHEMA = "coalesce(CAST(%s AS text), CAST(pg_catalog.current_schema() AS text))"
_COLUMNS = """
    SELECT CAST(attname AS text),
        pg_catalog.format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    FROM pg_catalog.pg_attribute WHERE attrelid = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid) AND attnum > 0
"""
_ALL_COLUMNS = """
    SELECT nspname::text, relname::text, attname::text, pg_catalog.format_type(atttypid, NULL)
    FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
        AND nspname::text NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'
"""
_TYPES = ("bigint", "uuid", "text", "timestamp with time zone")
_GRANTS = """
    SELECT privilege_type, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(CAST(rolname AS text)) END
    FROM pg_catalog.pg_class, LATERAL pg_catalog.aclexplode(relacl)
    LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = grantee
    WHERE pg_class.oid = CAST(pg_catalog.to_regclass(%s) AS oid) AND grantee <> relowner
        AND privilege_type IN ('SELECT', 'INSERT')
"""
# Switched on for everybody, whatever session_replication_role is.
_PROTECTIONS = """
    SELECT CAST(tgname AS text) FROM pg_catalog.pg_trigger
    WHERE tgrelid = CAST(pg_catalog.to_regclass(%s) AS oid) AND tgenabled = 'A'
"""
_SEARCH_PATH = "SELECT CAST(CURRENT_USER AS text), pg_catalog.current_setting('search_path')"
_UNUSABLE_SCHEMA = """
    SELECT CAST(nspname AS text), CAST(CURRENT_USER AS text) FROM pg_catalog.pg_namespace
    WHERE CAST(nspname AS text) = ANY(CAST(%s AS text[])) AND NOT pg_catalog.has_schema_privilege(oid, 'usage')
        AND (CAST(%s AS boolean) OR pg_catalog.current_schema() IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_class
            WHERE relnamespace = pg_namespace.oid AND relname = 'esjournal'))
    LIMIT 1
"""
# The source of a setting says whether it came with the connection. Settings without one, such as role, are compared as
# text.
_SETTINGS_NOT_IN_FORCE = """
    SELECT given.name, pg_catalog.current_setting(given.name, true)
    FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) AS given (name, value)
    LEFT JOIN pg_catalog.pg_settings AS listed ON pg_catalog.lower(listed.name) = given.name
    WHERE CASE WHEN listed.source IS NULL THEN pg_catalog.current_setting(given.name, true) IS DISTINCT FROM given.value
        ELSE listed.source NOT IN ('client', 'session') END
"""

# The first match counts: some of these are base classes of others.
_KINDS: tuple[tuple[tuple[type[Exception], ...], type[EsjournalError]], ...] = (
    ((errors.LockNotAvailable,), StoreLocked),
    (
        (errors.QueryCanceled, errors.SerializationFailure, errors.DeadlockDetected, errors.TransactionTimeout),
        StatementCancelled,
    ),
    ((errors.DiskFull, errors.SequenceGeneratorLimitExceeded), StoreFull),
    ((errors.DataCorrupted, errors.IndexCorrupted), StoreDamaged),
    ((errors.UndefinedTable, errors.InvalidSchemaName), NotInitialised),
    ((psycopg.OperationalError, errors.IdleInTransactionSessionTimeout), StoreUnreachable),
    ((psycopg.DataError, psycopg.IntegrityError), InvalidData),
)

# The message of each kind of error.
_SAID: dict[type[EsjournalError], str] = {
    InvalidData: "the database refuses the event: {message}",
    InvalidURL: "{url} has a parameter that libpq does not accept: {message}",
    StatementCancelled: "{url}: the server gave up on a statement: {message}",
    StoreError: "{url}: {message}",
    StoreFull: "{url} cannot grow: {message}",
    StoreUnreachable: "{url} cannot be reached: {message}",
}
_UNPREPARED = (
    "a pooler shares connections between clients, and mixes up their prepared statements: write prepare=off in the URL"
)
# What to do about some errors, by their SQLSTATE.
_ADVICE = {
    "0A000": "if a rule of the table is in the way, remove it",
    "2200H": "no position is left for new events: raise MAXVALUE of the sequence, or copy the events into a journal",
    "25006": "name the primary if this is a standby, otherwise find out why transactions are read-only there",
    "40001": "try again; on a standby, max_standby_streaming_delay gives statements more time",
    "26000": _UNPREPARED,
    "40P01": "try again",
    "42P05": _UNPREPARED,
    "42501": "grant USAGE on the schema and SELECT on the tables, INSERT to append, and CREATE on the schema to init",
}

# Below 1, the server rounds floats when it returns them. A process that a pooler shares keeps its settings.
_PROCESS = """
    SELECT pg_catalog.pg_backend_pid(), CASE WHEN pg_catalog.pg_backend_pid() = CAST(%s AS integer)
        AND CAST(pg_catalog.current_setting('extra_float_digits') AS integer) < 1
        THEN pg_catalog.set_config('extra_float_digits', '1', false) END
"""

_IDLE = "idle_in_transaction_session_timeout"
# The settings that end a statement or a connection, by the SQLSTATE of the error.
_TIMEOUTS = {
    "25P03": _IDLE,
    "25P04": "transaction_timeout",
    "57014": "statement_timeout",
}

_TIMEOUT_IN_FORCE = "SELECT CAST(pg_catalog.current_setting(%s, true) AS interval)"
_SET_PATH = "pg_catalog.set_config('search_path', %s, true)"
# The upper half of the key is ours, the lower half the table's.
_LOCK = f"""pg_catalog.pg_advisory_xact_lock(
    ({LOCK_KEY}::bigint << 32) | coalesce(pg_catalog.to_regclass(CAST(%s AS text))::oid, 0)::bigint)"""

# Not READ WRITE: a server or a role that its operator made read-only must stay so.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgreSQLSession(Session):
    """Sessions on a PostgreSQL database, or on one schema of it.

    An append waits for an advisory lock of the journal, then reads the last global position and writes after it. So
    positions are committed in order and without gaps, and no reader misses one. Locking and reading are two statements,
    because a statement only sees what was committed before it began.
    """

    def __init__(self, url: StoreURL) -> None:
        engine = create_engine(
            url.driver_url.drivername + "://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            # Otherwise hstore is looked up for each connection, with an operator that a role could have replaced.
            use_native_hstore=False,
            paramstyle="format",
            # Rolling back each time, and asking each time whether a connection is alive, took a fifth of an append.
            pool_reset_on_return=None,
        )
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", _check_is_alive)
        # Our cursor doubles percent signs, so that names are the same in every statement.
        engine.dialect.identifier_preparer._double_percents = False
        if url.schema is not None:
            # Each statement names the schema. A setting of the connection would not be enough: a pooler may drop it,
            # and may run consecutive statements on different connections.
            engine.dialect.identifier_preparer.schema_for_object = lambda each: each.schema or url.schema
        self._version: int | None = None
        # Whose connection was made last, and whether it was a standby.
        self._server: tuple[str, str, int] | None = None
        self._is_standby = False
        self._has_citus: bool | None = None
        self._has_subscriptions = False
        # What begins a transaction that writes to a table.
        self._beginning: dict[Table, list[tuple[str, list[Any]]]] = {}
        super().__init__(url, engine, PostgreSQLSQL(engine.dialect, self._server_version))
        self._parameters = self._connection_parameters()

    def _connection_parameters(self) -> dict[str, Any]:
        given = {
            **self.url.driver_url.translate_connect_args(username="user", database="dbname"),
            **self.url.driver_url.query,
        }
        try:
            return {
                **completed(given),
                "fallback_application_name": "esjournal",
                "client_encoding": "utf8",
                "autocommit": True,
                "cursor_factory": _Cursor,
            }
        except BadParameter as error:
            message = self.url.without_secrets(" ".join(str(error).split()))
            raise InvalidURL(f"{self.url} has a parameter that libpq does not accept: {message}") from None

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(**self._parameters)
        except UnicodeError:
            # Python's error for a name with a label that is empty or longer than 63 characters.
            raise InvalidURL(f"{self.url} has a host name that is not valid") from None
        try:
            is_pooled = _is_pooled(connection)
            if is_pooled if self.url.prepare is None else not self.url.prepare:
                connection.prepare_threshold = None
            self._check_settings(connection)
        except BaseException:
            connection.close()
            raise
        self._note_server(connection.info)
        return connection

    def _note_server(self, info: psycopg.ConnectionInfo) -> None:
        server = (info.host, info.hostaddr, info.port)
        self.moves += self._server not in (None, server)
        self._server = server
        self._is_standby = info.parameter_status("in_hot_standby") == "on"

    def _check_settings(self, connection: psycopg.Connection[Any]) -> None:
        """Raise a StoreError if the server does not have a setting from `options`: a pooler may drop them."""
        given = settings(self._parameters.get("options", ""))
        if not given:
            return
        rows = connection.execute(_SETTINGS_NOT_IN_FORCE, (list(given), list(given.values()))).fetchall()
        for name, value in rows:
            raise StoreError(
                f"{self.url}: {name} is {value!r}, not {given[name]!r} as the options of the connection say: "
                f"something in between, such as a pooler, drops them; let it pass them on, or leave them out and name "
                f"the schema with ?schema=NAME"
            )

    def _server_version(self) -> int:
        if self._version is None:
            with self.connection() as connection:
                self._version = connection.info.server_version // 10_000
        return self._version

    def location(self) -> tuple[Any, ...]:
        """Return when the server was started, to the microsecond, and the names of the database and the schema.

        The same server may have many host names and addresses.
        """
        with self.connection() as connection:
            query = f"SELECT pg_catalog.pg_postmaster_start_time(), pg_catalog.current_database(), {_SCHEMA}"
            return tuple(connection.execute(query, (self.url.schema,)).fetchone())

    def begin(self, connection: Any, table: Table) -> None:
        """Begin a transaction and wait for the journal's lock, in one round trip."""
        self._check_may_be_written(connection, table)
        try:
            with _pipeline(connection):
                self._send_begin(connection, table)
        except errors.LockNotAvailable as error:
            self.roll_back(connection)
            raise self._locked(limited=True) from self.redacted(error)
        except BaseException:
            self.roll_back(connection)
            raise

    def _send_begin(self, connection: Any, table: Table) -> None:
        if (statements := self._beginning.get(table)) is None:
            statements = self._beginning[table] = self._begin_statements(table)
        connection.execute(_BEGIN)
        if self._has_citus:
            connection.execute(citus.REACH_WORKERS)
            connection.execute(f"SET LOCAL lock_timeout TO {self._lock_timeout_of_workers}")
        for statement, parameters in statements:
            connection.execute(statement, parameters or None)

    def _begin_statements(self, table: Table) -> list[tuple[str, list[Any]]]:
        """Return the statements after BEGIN, with their parameters: settings, and the lock.

        For a journal they are one, because each costs a client 20 microseconds of processor time, and each parameter
        some more. The server computes a list of results in its order, so the lock is waited for under the timeout.
        """
        calls = [
            _set_timeout("lock_timeout", f"{self._milliseconds()}ms"),
            _set_timeout(_IDLE, f"{IDLE_TIMEOUT_SECONDS}s"),
        ]
        parameters: list[Any] = []
        if self.url.schema is not None:
            # Functions and triggers of other libraries name their tables without the schema.
            calls.append(_SET_PATH)
            parameters.append(self._quoted_schema(self.url.schema))
        if (writing := writing_of(table)) is not None:
            return [(f"SELECT {', '.join(calls)}", parameters), *((statement, []) for statement in writing.begin)]
        # Creating or dropping tables takes a lock that does not depend on existing tables: while waiting for a lock by
        # name, others could create that name.
        name = None if table is identity_table else self.engine.dialect.identifier_preparer.format_table(table)
        return [(f"SELECT {', '.join([*calls, _LOCK])}", [*parameters, name])]

    @cached_property
    def _lock_timeout_of_workers(self) -> int:
        # In milliseconds. A shorter one that the operator has set here stays.
        operators = self._setting("lock_timeout")
        return min(self._milliseconds(), int(operators.total_seconds() * 1000) if operators else sys.maxsize)

    def _milliseconds(self) -> int:
        # For the server 0 means forever, for us not at all.
        return max(1, int(self.url.timeout * 1000))

    def begin_snapshot(self, connection: Any) -> None:
        """Begin a read transaction; its snapshot is taken by the first statement."""
        connection.execute(_BEGIN_SNAPSHOT)
        # Rows usually are in global order, but the server does not know that before it has analyzed a new table. It
        # would sort all rows before it returns the first, and needs as much disk again for that.
        connection.execute("SELECT pg_catalog.set_config('enable_sort', 'off', true)")
        if self.url.layout is None and self._is_on_citus(connection):
            # The snapshot of a worker is taken when it is read first.
            connection.execute(f"SELECT count(*) FROM {self.table_name(identity_table.name)}")

    def in_transaction(self, connection: Any) -> bool:
        """Say whether a transaction is open on a live connection."""
        return connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def append(self, connection: Any, statements: AppendStatements, rows: list[Row], names: Names = ()) -> int:
        """Write rows, and the names of their sequences, in a transaction of their own; see the base class.

        On Citus a journal can be written through each server, and the lock is that of one. If a global position was
        taken meanwhile, the rows get the next one.
        """
        deadline = time.monotonic() + self.url.timeout
        while True:
            try:
                last = self._append_once(connection, statements, rows, names)
            except errors.UniqueViolation as error:
                if not self._has_citus or not is_of_position(error) or time.monotonic() > deadline:
                    raise
            else:
                self.confirm(connection, statements, last if self._has_citus and len(rows) > PIPELINE_ROWS else None)
                return last

    def _append_once(self, connection: Any, statements: AppendStatements, rows: list[Row], names: Names) -> int:
        """Write rows and names in a transaction.

        A few rows take one round trip, from BEGIN to COMMIT, so the lock is never held while the client works.
        """
        if len(rows) > PIPELINE_ROWS:
            return super().append(connection, statements, rows, names)
        self._check_may_be_written(connection, statements.table)
        commit = None
        try:
            with _pipeline(connection):
                self._send_begin(connection, statements.table)
                self.write_names(connection, statements, names)
                inserted = self.insert(connection, statements, rows)
                last = None if statements.numbered else connection.execute(statements.last_written)
                commit = connection.cursor()
                commit.execute("COMMIT")
        except errors.LockNotAvailable as error:
            self.roll_back(connection)
            raise self._locked(limited=True) from self.redacted(error)
        except psycopg.Error as error:
            if self._may_be_committed(connection, commit):
                self._raise_unknown(error)
            raise
        except BaseException as error:
            if self._may_be_committed(connection, commit) and not isinstance(error, Exception):
                raise error from self.interrupted()
            raise
        self._check_committed(commit)
        return self._last_of(inserted, last)

    def to_confirm(self, connection: Any, statements: AppendStatements) -> int | None:
        """Return the last global position in a transaction on Citus; see the base class."""
        return self.last_assigned(connection, statements) if self._has_citus else None

    def confirm(self, connection: Any, statements: AppendStatements, last: int | None) -> None:
        """Check that a worker of Citus shows what was committed; see the base class."""
        if last is not None and self.last_assigned(connection, statements) < last:
            reason = "a server of Citus did not confirm it, and does not show it yet"
            raise OutcomeUnknown(str(self.url), reason)

    def _may_be_committed(self, connection: Any, commit: Any) -> bool:
        """Roll back a pipeline that failed, and say whether its COMMIT, if it was sent, may have been executed.

        If a statement before it fails, as one that waits for a lock does when it is cancelled, the server skips it.
        """
        is_open = self.in_transaction(connection)
        self.roll_back(connection)
        return commit is not None and not is_open

    def commit(self, connection: Any) -> None:
        """Commit a transaction; see the base class."""
        try:
            with self.committing():
                answer = connection.execute("COMMIT")
        except psycopg.Error as error:
            self._raise_unknown(error)
            raise
        self._check_committed(answer)

    def _raise_unknown(self, error: psycopg.Error) -> None:
        if (interruption := interruption_of(error)) is not None:
            raise interruption from self.interrupted()
        if not _is_refusal(error):
            reason = f"the connection was lost before COMMIT was answered ({self._safe_message(error)})"
            raise OutcomeUnknown(str(self.url), reason) from self.redacted(error)

    def _check_committed(self, answer: Any) -> None:
        # COMMIT ends a transaction with a failed statement without an error.
        if answer.statusmessage != "COMMIT":
            raise StoreError(f"{self.url}: nothing was written, because a statement before COMMIT had failed")

    def load(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> int:
        """Write rows inside a transaction, and return the last global position."""
        if statements.copy is None or len(rows) <= PIPELINE_ROWS or any(row[1] is None for row in rows):
            with _pipeline(connection):
                inserted = self.insert(connection, statements, rows)
            last = None if statements.numbered else connection.execute(statements.last_written)
            return self._last_of(inserted, last)
        self._copy(connection, statements, statements.copy, [rows])
        return int(connection.execute(statements.last_written).fetchone()[0])

    def insert(self, connection: Any, statements: AppendStatements, rows: list[Row]) -> list[Any]:
        """Insert rows one by one; those of a journal return their positions, each to a cursor of its own.

        They are prepared at once. psycopg does not notice if a statement that it has sent before is not prepared after
        all, because another one in front of it failed.
        """
        if not statements.numbered:
            return super().insert(connection, statements, rows)
        return [
            connection.execute(statement, parameters, prepare=True)
            for statement, parameters in self.insertions(statements, rows)
        ]

    def _last_of(self, inserted: list[Any], last: Any) -> int:
        """Return the last global position, from what inserting returned or from a statement after it."""
        if last is not None:
            return int(last.fetchone()[0])
        positions = [position for cursor in inserted for (position,) in cursor.fetchall()]
        self.check_stored(len(positions), len(inserted))
        return int(positions[-1])

    def _copy(self, connection: Any, statements: AppendStatements, copy_in: str, batches: Iterable[list[Row]]) -> int:
        position = int(connection.execute(statements.last_global_position).fetchone()[0]) if statements.numbered else 0
        written = inserted = 0
        if self._has_citus:
            # Citus commits a COPY that follows a read without two phases, and says nothing if a worker loses it.
            batches = iter(batches)
            if first := next(batches, None):
                self.insert(connection, statements, first[:1])
                written = inserted = 1
                if rest := first[1:]:
                    batches = chain([rest], batches)
        with connection.cursor() as cursor:
            with cursor.copy(copy_in) as copy:
                for rows in batches:
                    write_rows(copy, position + written + 1 if statements.numbered else None, rows)
                    written += len(rows)
            # Without rows, psycopg's count is -1.
            self.check_stored(max(cursor.rowcount, 0), written - inserted)
        return written

    def load_leading(self, connection: Any, statements: AppendStatements, batches: Iterable[list[Row]]) -> int:
        """Write the rows with one COPY, all or nothing, and return the number written.

        The server writes one batch while the next one is prepared.
        """
        try:
            with self.savepoint(connection):
                if statements.copy is not None:
                    return self._copy(connection, statements, statements.copy, batches)
                written = 0
                for rows in batches:
                    with _pipeline(connection):
                        self.insert(connection, statements, rows)
                    written += len(rows)
                return written
        except psycopg.Error as error:
            if not self.is_unique_violation(error):
                raise
            return 0

    def indexes_last(self, connection: Any, table: Table) -> AbstractContextManager[None]:
        """Build the indexes of an empty table when what is inside is written; see `indexeslast`."""
        # Only an import that locks readers needs it.
        from esjournal.infrastructure.sqlalchemy.postgresql.indexeslast import indexes_last

        return indexes_last(self, connection, table)

    def rows_at(self, connection: Any, select: str, places: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows at places, in one round trip."""
        rows: list[Row] = connection.execute(select, [list(column) for column in zip(*places, strict=True)]).fetchall()
        return rows

    def last_positions(self, connection: Any, select: str, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence, in one round trip."""
        return [position for (position,) in connection.execute(select, (list(sequence_ids),)).fetchall()]

    def rows_of_each(self, select: str, parameters: Iterable[Sequence[Any]]) -> Iterator[list[Row]]:
        """Yield the rows of a select for each set of parameters.

        While rows are used, the server already runs the next statement, so two processors are busy.
        """
        with self.connection() as connection, connection.pipeline() as pipeline:
            sent = None
            for given in chain(parameters, [None]):
                # Fetching waits for everything that was sent, so the next statement is sent afterwards.
                rows: list[Row] | None = None if sent is None else sent.fetchall()
                if given is not None:
                    sent = connection.execute(select, given)
                    # Otherwise the server would keep a transaction open.
                    pipeline.sync()
                if rows is not None:
                    yield rows

    def rows_streamed(self, select: str, parameters: Sequence[Any]) -> Generator[list[Row], None, None]:
        """Yield the rows of a select in lists, as the server reads them."""
        with (
            self.connection() as connection,
            connection.cursor() as cursor,
            # A reader may stop early; the connection is not free until the stream is closed.
            closing(cursor.stream(select, parameters, size=_streamed_at_a_time())) as rows,
        ):
            while some := list(islice(rows, STREAMED_ROWS)):
                yield some

    def changes(self, is_over: Callable[[], bool] = never) -> Iterator[None]:
        """Yield at once, and then at an interval: the caller reads the last position each time, which costs little.

        For NOTIFY, every writer would have to send it, and a follower would need a connection that no pooler shares.

        Args:
            is_over: see the base class.
        """
        yield
        while not is_over():
            time.sleep(FOLLOWING_SECONDS)
            yield

    # Reports are loaded when they are asked for, so that other commands start faster.

    def event_counts(self, table: Table, until: int) -> EventCounts:
        """Return the counts of a journal's events up to a global position."""
        from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlcounts import PostgreSQLEventCounts

        return PostgreSQLEventCounts(self, table, until)

    def checks(self, table: Table, *, quick: bool = False) -> StoreChecks:
        """Return the checks of a journal that the database does itself; see StoreChecks."""
        from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlchecks import PostgreSQLChecks

        return PostgreSQLChecks(self, table, quick=quick)

    def description(self, connection: Any, table: Table) -> DatabaseDescription:
        """Return what the database knows of a store, for a table of events."""
        from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlinfo import about_postgresql

        return about_postgresql(connection, self.engine.dialect.identifier_preparer.format_table(table))

    def is_unique_violation(self, error: BaseException) -> bool:
        """Say whether a driver's error, or one of another library's function, means that a place is taken."""
        return isinstance(error, errors.UniqueViolation) or _is_wrong_version(error) or citus.is_unique_violation(error)

    def may_lack_positions(self, error: BaseException) -> bool:
        """Say whether an error means that a number is too high: a position, or the next version of a sequence."""
        return isinstance(error, errors.NumericValueOutOfRange)

    def wait_for_writers(self, table: Table) -> None:
        """Wait for the end of every transaction that is writing to a table now.

        If a sequence assigns global positions, an earlier one may not be committed yet while a later one is. Each
        writer holds a lock on the table until its end, and seeing locks needs no privilege.

        Raises:
            StoreLocked: one of them did not end in time.
        """
        name = (self.engine.dialect.identifier_preparer.format_table(table),)
        deadline = time.monotonic() + self.url.timeout
        with self.connection() as connection:
            writing = {row[0] for row in connection.execute(commitorder.WRITERS, name).fetchall()}
            while writing:
                if time.monotonic() > deadline:
                    raise self.locked()
                time.sleep(_WAITING_SECONDS)
                writing &= {row[0] for row in connection.execute(commitorder.WRITERS, name).fetchall()}

    def out_of_order(self, table: Table) -> str | None:
        """Return why a reader in global order could miss rows of a table, and what to do; None if it cannot."""
        name = self.engine.dialect.identifier_preparer.format_table(table)
        with self.connection() as connection:
            if (distribution := self._distribution(connection, table)) is not None:
                return distribution
            if writing_of(table) is None:
                return commitorder.foreign_part(connection, name)
            return commitorder.gap(connection, name, table.columns[GLOBAL_POSITION].name)

    def _distribution(self, connection: Any, table: Table) -> str | None:
        if not self._is_on_citus(connection):
            return None
        return citus.distribution(connection, self.engine.dialect.identifier_preparer.format_table(table))

    def _is_on_citus(self, connection: Any) -> bool:
        # Queried once: extensions are not created while a journal is in use, nor are subscriptions that fill it.
        if self._has_citus is None:
            query = f"{citus.IS_THERE}, {commitorder.SUBSCRIPTIONS_ARE_THERE}"
            self._has_citus, self._has_subscriptions = connection.execute(query).fetchone()
        return bool(self._has_citus)

    def replica(self, table: Table) -> Replica | None:
        """Return what fills a table if another server does; see the base class."""
        name = self.engine.dialect.identifier_preparer.format_table(table)
        with self.connection() as connection:
            if commitorder.is_standby(connection):
                return Replica("a standby", "the primary")
            if commitorder.is_subscribed(connection, name):
                return Replica("filled by a logical subscription", "the server that publishes it")
        return None

    def sequence_behind(self, table: Table) -> str | None:
        """Return a warning if a sequence will assign global positions that are taken; see the base class."""
        if writing_of(table) is None:
            return None
        quote = self.engine.dialect.identifier_preparer
        column = table.columns[GLOBAL_POSITION].name
        with self.connection() as connection:
            return commitorder.behind(connection, quote.format_table(table), column, quote.quote(column))

    def check_sequence(self, table: Table, cause: BaseException) -> None:
        """Find out whether a row was refused because its assigned global position is taken; see the base class."""
        if writing_of(table) is None:
            # The positions of a journal do not come from a sequence.
            return
        name = self.engine.dialect.identifier_preparer.format_table(table)
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        with self.connection() as connection:
            if not commitorder.is_key(connection, name, table.columns[GLOBAL_POSITION].name, constraint):
                return
        # Each attempt advances the sequence, so it may be ahead by now.
        reason = self.sequence_behind(table) or f"a sequence assigned a position that {name} already has; try again"
        raise StoreError(f"{self.url} cannot be written: {reason}") from self.redacted(cause)

    def why_read_only(self) -> str | None:
        """Return why the store cannot be written, and what to do; see the base class."""
        with self.connection() as connection:
            return _why_read_only(connection)

    def _check_may_be_written(self, connection: Any, table: Table) -> None:
        if (reason := _why_read_only(connection)) is not None:
            raise StoreError(f"{self.url} cannot be written: {reason}")
        if (distribution := self._distribution(connection, table)) is not None:
            raise OutOfOrder(f"{self.url} is not written to: {distribution}")
        if not self._has_subscriptions or writing_of(table) is not None:
            return
        name = self.engine.dialect.identifier_preparer.format_table(table)
        if commitorder.is_subscribed(connection, name):
            raise StoreError(
                f"{self.url} cannot be written: a logical subscription fills {name}, and would end where a position is "
                f"taken: name the server that publishes it"
            )

    def translated(self, error: BaseException) -> EsjournalError:
        """Return a driver's error as an EsjournalError, without its DETAIL, which quotes rows."""
        kind = _error_kind(error)
        if kind is StoreLocked:
            return self._locked(limited=False)
        if kind is NotInitialised:
            return self.not_initialised()
        message = self._safe_message(error)
        if issubclass(kind, StoreDamaged):
            return kind(str(self.url), message)
        if _is_wrong_version(error):
            return InvalidData(writemessage.explained(message))
        state = getattr(error, "sqlstate", None) or ""
        advice = self._advice_about(_TIMEOUTS[state]) if state in _TIMEOUTS else _ADVICE.get(state)
        if not state and kind is StoreUnreachable and self._is_standby and getattr(error, "pgconn", None) is None:
            # The server says why, and psycopg may find only that the connection is closed.
            advice = "a standby ends connections that stand in the way of replication: try again if it was that"
        said = message if advice is None else f"{message}; {advice}"
        return kind(_SAID[kind].format(url=self.url, message=said))

    def _locked(self, *, limited: bool) -> StoreLocked:
        """Return the error of a statement that waited too long for a lock, with the timeout that ended it.

        Args:
            limited: whether the URL's timeout was in force too, as in a transaction that writes.
        """
        timeout = self._setting("lock_timeout")
        if timeout is None or (limited and timeout.total_seconds() * 1000 > self._milliseconds()):
            return self.locked()
        return StoreLocked(
            f"{self.url} was locked by others for {counted(timeout.total_seconds(), 'second')}, which is lock_timeout "
            f"here: try again, or raise it for this role or in the options of the URL"
        )

    def _advice_about(self, name: str) -> str:
        seconds = None if (timeout := self._setting(name)) is None else timeout.total_seconds()
        if name == _IDLE and (seconds is None or seconds > IDLE_TIMEOUT_SECONDS):
            ours = f"a writer may be idle for {counted(IDLE_TIMEOUT_SECONDS, 'second')}, because others wait for it"
            return ours if seconds is None else f"{ours}; {name} is {counted(seconds, 'second')} here"
        value = "" if seconds is None else f", which is {counted(seconds, 'second')} here,"
        return f"if that was a timeout, raise {name}{value} for this role or in the options of the URL"

    def _setting(self, name: str) -> timedelta | None:
        """Return a timeout that is set for this role, database, server or URL, None if there is none.

        It is read on another connection, because the one that failed may be closed, or in a failed transaction.
        """
        try:
            with closing(self._connect()) as connection:
                [value] = connection.execute(_TIMEOUT_IN_FORCE, (name,)).fetchone() or [None]
        except (psycopg.Error, EsjournalError):
            return None
        return value or None

    def redacted(self, error: BaseException) -> BaseException:
        """Return a driver's error with only the server's primary message as its text."""
        error.args = (self._safe_message(error),)
        return error

    def _safe_message(self, error: BaseException) -> str:
        return self.url.without_secrets(_primary_message(error))

    def check_tables(self, tables: Sequence[Table]) -> None:
        """Check that tables are tables, and that their columns have built-in types; see the base class."""
        dialect = self.engine.dialect
        names = {dialect.identifier_preparer.format_table(table): table for table in tables}
        # Other types in a journal are damage, which `verify` reports.
        used = [
            (name, column.name, column.type.compile(dialect) if writing_of(table) else "")
            for name, table in names.items()
            for column in table.columns
        ]
        parameters = [list(names), *map(list, zip(*used, strict=True))]
        with self.connection() as connection:
            found = connection.execute(_OTHER_THAN_TABLES, parameters).fetchall()
        for name, what in found:
            raise NotAJournal(
                f"{self.url}: {name} {what}, and reading it could run code of others: name another journal"
            )

    def check_columns(self, tables: Sequence[Table]) -> None:
        """Check that columns have their types and are never NULL; see the base class."""
        dialect = self.engine.dialect
        for table in tables:
            name = dialect.identifier_preparer.format_table(table)
            with self.connection() as connection:
                found = dict(connection.execute(_COLUMNS, (name,)).fetchall())
            for column in columns_of_version(table, self.schema_version):
                kind = column.type.compile(dialect).lower()
                expected = kind if column.nullable else f"{kind} not null"
                # The server and SQLAlchemy have different names for other types.
                if kind in _TYPES and found.get(column.name) != expected:
                    there = found.get(column.name, "missing")
                    reason = f"the column {column.name} of {table.name} is {there}, but was made as {expected}"
                    raise StoreDamaged(str(self.url), reason)

    def check_schema(self) -> None:
        """Find out whether a schema may not be used; see the base class."""
        with self.connection() as connection:
            if (schema := self.url.schema) is None:
                role, path = connection.execute(_SEARCH_PATH).fetchone()
                schemas = [name.strip().strip('"').replace("$user", role) for name in path.split(",")]
            else:
                schemas = [schema]
            row = connection.execute(_UNUSABLE_SCHEMA, (schemas, schema is not None)).fetchone()
        if row is not None:
            name, role = map(self.engine.dialect.identifier_preparer.quote, row)
            raise StoreError(
                f"{self.url} is not visible, because the role {role} may not use the schema {name}: its owner may run "
                f"`GRANT USAGE ON SCHEMA {name} TO {role}`"
            )

    def create_tables(self, tables: Sequence[Table]) -> bool:
        """Create the schema and its missing tables; return whether any table was missing.

        Raises:
            NotAJournal: a table has the same name but there is no journal; it is left as it was.
        """
        self.check_schema()
        with self.transaction(identity_table) as connection, self.translating():
            if self.url.schema is not None and not self._schema_is_present(connection):
                connection.execute(f"CREATE SCHEMA {self._quoted_schema(self.url.schema)}")
            present = self.names_present(connection, [identity_table.name, *(table.name for table in tables)])
            missing = [table for table in tables if table.name not in present]
            if identity_table.name not in present:
                for table in tables:
                    if table not in missing:
                        raise NotAJournal(
                            f"{self.url} has a table {table.name} that esjournal did not make: "
                            f"name another database, or a schema with ?schema=NAME in the URL"
                        )
                missing.insert(0, identity_table)
            self.make_tables(connection, missing)
            return self.complete_tables(connection, tables) or bool(missing)

    def grant_as_on(self, connection: Any, table: Table, made: Table) -> None:
        """Grant on one table what was granted on another one; see the base class."""
        before, after = map(self.engine.dialect.identifier_preparer.format_table, (table, made))
        for privilege, role in connection.execute(_GRANTS, (before,)).fetchall():
            connection.execute(f"GRANT {privilege} ON {after} TO {role}")

    def _quoted_schema(self, schema: str) -> str:
        return self.engine.dialect.identifier_preparer.quote_identifier(schema)

    def _schema_is_present(self, connection: Any) -> bool:
        # CREATE SCHEMA IF NOT EXISTS needs the privilege to create, even if the schema exists.
        query = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s)"
        return bool(connection.execute(query, (self.url.schema,)).fetchone()[0])

    def protections(self, connection: Any, table: Table) -> set[str]:
        """Return the names of the triggers; see the base class."""
        name = self.engine.dialect.identifier_preparer.format_table(table)
        return {trigger for (trigger,) in connection.execute(_PROTECTIONS, (name,)).fetchall()}

    def names_present(self, connection: Any, names: Sequence[str]) -> set[str]:
        """Return those of the names that a table, a view or an index of the journal's schema has."""
        query = (
            "SELECT relname::text FROM pg_catalog.pg_class WHERE relname::text = ANY(CAST(%s AS text[])) "
            f"AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname::text = {_SCHEMA}) "
            "AND relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I')"
        )
        return {name for (name,) in connection.execute(query, (list(names), self.url.schema)).fetchall()}

    def columns_present(self, connection: Any) -> dict[str, dict[str, str]]:
        """Return the column types of every table in the journal's schema, by the names of table and column."""
        query = (
            "SELECT CAST(c.relname AS text), CAST(a.attname AS text), "
            "pg_catalog.format_type(a.atttypid, CAST(NULL AS integer)) "
            "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid "
            "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
            f"WHERE n.nspname::text = {_SCHEMA} AND c.relkind IN ('r', 'p') "
            "AND a.attnum > 0 AND NOT a.attisdropped"
        )
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(query, (self.url.schema,)).fetchall():
            found.setdefault(table, {})[column] = kind
        return found

    def all_columns(self) -> list[Row]:
        """Return every column outside of the server's own schemas; see the base class."""
        return self.rows(_ALL_COLUMNS)

    def current_schema(self) -> str | None:
        """Return the schema that the URL names, else the first one of the search path that exists."""
        if self.url.schema is not None:
            return self.url.schema
        with self.connection() as connection:
            schema: str | None = connection.execute("SELECT pg_catalog.current_schema()").fetchone()[0]
        return schema


class _Cursor(psycopg.Cursor[Any]):
    """A cursor for which a percent sign in a quoted name does not mark a parameter.

    It sends a statement again that a standby cancels. It does not do that inside a transaction, which the error has
    ended, nor in a pipeline, where the error may be another statement's.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        given = query if params is None else _with_percents(query)
        server = self.connection.pgconn
        is_alone = server.transaction_status == TransactionStatus.IDLE and server.pipeline_status == PipelineStatus.OFF
        for _ in range(_ATTEMPTS - 1 if is_alone else 0):
            with suppress(errors.SerializationFailure):
                return super().execute(given, params, **options)
            time.sleep(_PAUSE_SECONDS)
        return super().execute(given, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        super().executemany(_with_percents(query), params_seq, **options)

    def stream(self, query: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        return super().stream(query if params is None else _with_percents(query), params, **options)


def _with_percents(query: Any) -> Any:
    if not isinstance(query, str) or '"' not in query:
        return query
    return _QUOTED_NAME.sub(lambda name: name[0].replace("%", "%%"), query)


def _streamed_at_a_time() -> int:
    # Before version 17 libpq returns rows one by one, and 336,776 events take 0.8 seconds of CPU time, not 0.25.
    return STREAMED_ROWS if psycopg.capabilities.has_stream_chunked() else 1


@contextmanager
def _pipeline(connection: Any) -> Iterator[None]:
    """Send statements without waiting for each, and raise the first error among them.

    An error that arrives before the last statement is sent must not leave the pipeline directly: psycopg would then log
    that the statements after it were aborted, which a command line shows on stderr.
    """
    first: BaseException | None = None
    try:
        with connection.pipeline():
            try:
                yield
            except psycopg.Error as error:
                first = error
    except psycopg.Error as error:
        raise first or error from None
    if first is not None:
        raise first


def _set_timeout(name: str, value: str) -> str:
    """Return the call that sets a timeout for a transaction.

    One that is set already is a guard of the server's operator: it stays if it is shorter.
    """
    return f"""pg_catalog.set_config('{name}',
        CASE WHEN CAST(pg_catalog.current_setting('{name}') AS interval) BETWEEN '1 ms' AND CAST('{value}' AS interval)
            THEN pg_catalog.current_setting('{name}') ELSE '{value}' END, true)"""


def _note_use(connection: Any, record: Any) -> None:
    if connection is None:
        return
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        # Something went wrong before what was begun could be ended.
        connection.close()
    record.info["used"] = time.monotonic()


def _check_is_alive(connection: psycopg.Connection[Any], record: Any, _lease: object) -> None:
    """Have the pool replace all its connections if this one was lost since it was last used.

    A server that ends a connection says so, and the system knows that something was said without asking the server.
    A network that fails says nothing, so the server is asked if the connection was idle for a second.
    """
    used = record.info.get("used")
    if used is None or (time.monotonic() - used < _TRUSTED_SECONDS and not _was_told_something(connection)):
        return
    try:
        connection.execute("")
    except psycopg.Error:
        raise InvalidatePoolError from None


def _was_told_something(connection: psycopg.Connection[Any]) -> bool:
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _why_read_only(connection: Any) -> str | None:
    # Since version 14 a server reports both when it connects, and when they change.
    if connection.info.parameter_status("in_hot_standby") == "on":
        return "this is a standby: name the primary"
    if connection.info.parameter_status("default_transaction_read_only") == "on":
        return (
            "default_transaction_read_only is on, for the server, the database or the role: it keeps writers out on "
            "purpose, so ask its administrator"
        )
    return None


def _is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Say whether something in between decides which server process runs a statement; if not, have floats exact.

    A server sends the number of its process when it connects. A pooler that shares processes has no number that stays
    true, and makes one up.
    """
    known = connection.info.backend_pid
    try:
        [(process, _)] = connection.execute(_PROCESS, (known,)).fetchall()
    except errors.FeatureNotSupported:
        # A standby has no serializable transactions, and may still be set to begin them.
        connection.execute("SET default_transaction_isolation = 'read committed'")
        [(process, _)] = connection.execute(_PROCESS, (known,)).fetchall()
    return bool(process != known)


def _is_wrong_version(error: BaseException) -> bool:
    return isinstance(error, errors.RaiseException) and str(error).startswith(writemessage.WRONG_VERSION)


def _is_refusal(error: psycopg.Error) -> bool:
    """Say whether a driver's error proves that the server rolled a transaction back.

    If a server closes the connection, or a pooler loses it, the transaction may have been committed before. Only one
    that was ended because it was idle or took too long (class 25) certainly was not.
    """
    state = error.sqlstate
    if citus.may_be_committed(error):
        return False
    if state is None or state.startswith("08") or state == errors.StatementCompletionUnknown.sqlstate:
        return False
    return error.diag.severity_nonlocalized == "ERROR" or state.startswith("25")


def _outside_years(error: BaseException) -> str | None:
    if not isinstance(error, errors.InvalidDatetimeFormat):
        return None
    found = re.search(f"{OUTSIDE_YEARS[0]}.*{OUTSIDE_YEARS[1]}", error.diag.message_primary or "")
    return found and found[0]


def _error_kind(error: BaseException) -> type[EsjournalError]:
    if _outside_years(error):
        return TimeOutOfRange
    has_state = getattr(error, "sqlstate", None) is not None
    if isinstance(error, psycopg.DataError) and not has_state:
        # The driver read a value that Python cannot represent.
        return StoreDamaged
    if isinstance(error, psycopg.ProgrammingError) and not has_state:
        # Raised before anything is sent: libpq does not know a part of the connection string.
        return InvalidURL
    return next((kind for errors_of_kind, kind in _KINDS if isinstance(error, errors_of_kind)), StoreError)


def _primary_message(error: BaseException) -> str:
    if (outside := _outside_years(error)) is not None:
        return outside
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return str(primary or next(iter(str(error).splitlines()), type(error).__name__))

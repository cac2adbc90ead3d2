"""What is specific to PostgreSQL: the advisory lock, schemas, servers that do not answer, and what must not leak."""

import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from esjournal.exceptions import (
    EsjournalError,
    InvalidData,
    InvalidURL,
    NotAJournal,
    NotInitialised,
    SequencedItemConflict,
    StoreError,
    StoreLocked,
    StoreUnreachable,
)
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.postgresql import session as postgresql_session
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.journal.journalstore import open_event_store

CANARY = "tweety-c4n4ry"


def event(state: str = "{}") -> StoredEvent:
    return StoredEvent(uuid4(), 0, "a#B", state)


@contextmanager
def opened(url: str, timeout: float = 10) -> Iterator[SQLAlchemyActiveRecordStrategy[StoredEvent]]:
    """A strategy on a database, without setting up tables."""
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=url, timeout=timeout)) as datastore:
        yield SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )


@pytest.fixture
def journal(postgres_url: str) -> str:
    """The URL of a journal of three events."""
    with open_event_store(postgres_url, create=True) as store:
        store.active_record_strategy.append([event() for _ in range(3)])
    return postgres_url


@pytest.fixture
def psql(postgres_server: str, postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection of another program, in the same schema."""
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        schema = StoreURL.parse(postgres_url).schema
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.execute(f'SET search_path = "{schema}"')
        yield connection


def with_options(url: str, options: str) -> str:
    return f"{url}&options={options.replace(' ', '%20').replace('=', '%3D').replace(chr(92), '%5C')}"


def shown(error: BaseException) -> str:
    """Return everything that a log could show of an error: its traceback, with all of its causes."""
    return "".join(traceback.format_exception(error))


def raised(kind: type[EsjournalError], call: Callable[[], object]) -> EsjournalError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_an_append_waits_for_the_journals_lock_and_says_so_when_it_takes_too_long(journal: str) -> None:
    with opened(journal) as holder, opened(journal, timeout=0.3) as strategy, holder.transaction() as transaction:
        transaction.append([event()])
        for batch in ([event()], [event() for _ in range(60)]):
            begun = time.monotonic()
            with pytest.raises(StoreLocked, match=r"locked by others for 0\.3 seconds.*\?timeout=SECONDS"):
                strategy.append(batch)
            assert 0.25 <= time.monotonic() - begun < 5
        assert len(list(strategy.all_items())) == 3
    with opened(journal) as strategy:
        assert strategy.append(event()) == range(5, 6)


@pytest.mark.parametrize("batch", [1, 60])
@pytest.mark.parametrize("isolation", ["read\\ committed", "repeatable\\ read", "serializable"])
def test_an_append_that_waited_comes_after_what_was_committed_at_any_isolation_level(
    journal: str, isolation: str, batch: int
) -> None:
    url = with_options(journal, f"-c default_transaction_isolation={isolation}")
    appended: list[Sequence[int]] = []
    with opened(journal) as holder, opened(url) as strategy:
        with strategy.session.connection() as connection:
            [setting] = connection.execute("SHOW default_transaction_isolation").fetchone()
        assert setting == isolation.replace("\\", "")
        with holder.transaction() as transaction:
            transaction.append([event()])
            waiting = threading.Thread(target=lambda: appended.append(strategy.append([event() for _ in range(batch)])))
            waiting.start()
            time.sleep(0.2)
            assert appended == []
        waiting.join()
    assert appended == [range(5, 5 + batch)]


def test_a_timeout_of_nothing_waits_for_nothing(journal: str) -> None:
    with opened(journal) as holder, opened(journal, timeout=0) as strategy, holder.transaction() as transaction:
        transaction.append([event()])
        with pytest.raises(StoreLocked):
            strategy.append(event())


def test_a_writer_that_forgets_the_lock_fails_and_reorders_nothing(journal: str, psql: psycopg.Connection) -> None:
    with opened(journal) as strategy:
        row = "gen_random_uuid(), 0, 'a#B', '{}', now()"
        with psql.transaction():
            psql.execute(f"INSERT INTO stored_events SELECT max(global_position) + 1, {row} FROM stored_events")
        with pytest.raises(psycopg.errors.UniqueViolation):
            psql.execute(f"INSERT INTO stored_events VALUES (4, {row})")
        assert strategy.append(event()) == range(5, 6)


def test_making_tables_waits_for_one_lock_whatever_is_there(journal: str, psql: psycopg.Connection) -> None:
    psql.execute("SELECT pg_advisory_lock(%s)", (0x45534A4C << 32,))
    with opened(journal) as strategy:
        assert strategy.append(event()) == range(4, 5)
    with pytest.raises(StoreLocked):
        open_event_store(f"{journal}&timeout=0.2", create=True)


def test_journals_in_two_schemas_do_not_wait_for_each_other(postgres_server: str, journal: str) -> None:
    other = journal + "_b"
    try:
        with (
            open_event_store(f"{other}&timeout=0.3", create=True) as store,
            opened(journal) as holder,
            holder.transaction() as transaction,
        ):
            transaction.append([event()])
            assert store.active_record_strategy.append(event()) == range(1, 2)
    finally:
        with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
            connection.execute(f'DROP SCHEMA IF EXISTS "{StoreURL.parse(other).schema}" CASCADE')


def test_a_stalled_writer_is_cut_off_and_the_others_go_on(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esjournal.infrastructure.sqlalchemy.postgresql.session.IDLE_TIMEOUT_SECONDS", 0.5)

    def stall() -> None:
        with opened(journal) as staller, staller.transaction() as transaction:
            transaction.append([event()])
            time.sleep(1.5)
            transaction.append([event()])

    error: list[BaseException] = []
    thread = threading.Thread(target=lambda: error.append(raised(StoreError, stall)))
    thread.start()
    time.sleep(0.1)
    with opened(journal, timeout=5) as strategy:
        assert strategy.append(event()) == range(4, 5)
    thread.join()
    assert isinstance(error[0], StoreUnreachable)


def test_the_schema_of_the_url_holds_the_journal_and_no_other_does(journal: str, psql: psycopg.Connection) -> None:
    tables = psql.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    ).fetchall()
    assert tables == [("esjournal",), ("sequence_names",), ("stored_events",)]
    assert psql.execute("SELECT to_regclass('public.stored_events')").fetchone() == (None,)


def test_options_of_the_users_own_hold_together_with_a_schema(journal: str) -> None:
    with opened(with_options(journal, "-c statement_timeout=7777")) as strategy:
        with strategy.session.connection() as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("7777ms",)
        assert strategy.last_global_position() == 3


def test_the_table_is_what_the_design_says(journal: str, psql: psycopg.Connection) -> None:
    columns = psql.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
        "WHERE attrelid = 'stored_events'::regclass AND attnum > 0 ORDER BY attnum"
    ).fetchall()
    assert columns == [
        ("global_position", "bigint", True),
        ("originator_id", "uuid", True),
        ("originator_version", "bigint", True),
        ("event_type", "text", True),
        ("state", "text", True),
        ("recorded_at", "timestamp with time zone", True),
        ("metadata", "text", False),
        ("event_id", "uuid", False),
    ]
    constraints = psql.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'stored_events'::regclass AND contype IN ('p', 'u') ORDER BY contype"
    ).fetchall()
    assert constraints == [("PRIMARY KEY (originator_id, originator_version)",), ("UNIQUE (global_position)",)]


def test_a_database_without_a_journal_says_what_to_run_and_stays_as_it_was(
    postgres_url: str, psql: psycopg.Connection
) -> None:
    for use in (
        lambda strategy: strategy.append(event()),
        lambda strategy: strategy.get_items(uuid4()),
        lambda strategy: list(strategy.all_items()),
    ):
        with opened(postgres_url) as strategy, pytest.raises(NotInitialised, match=r"has no journal yet: run .* init"):
            use(strategy)
    assert psql.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone() == (0,)


@pytest.mark.parametrize("kind", ["TABLE", "VIEW", "MATERIALIZED VIEW"])
def test_a_foreign_table_of_that_name_is_refused_and_stays_as_it_was(
    postgres_url: str, psql: psycopg.Connection, kind: str
) -> None:
    psql.execute(f"CREATE {kind} stored_events AS SELECT 'mine' AS text")
    with pytest.raises(NotAJournal, match=r"has a table stored_events that esjournal did not make: name another"):
        open_event_store(postgres_url, create=True)
    assert psql.execute("SELECT * FROM stored_events").fetchall() == [("mine",)]
    assert psql.execute("SELECT to_regclass('esjournal')").fetchone() == (None,)
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=postgres_url)) as datastore, pytest.raises(NotInitialised):
        datastore.identity()


def test_a_role_that_may_use_a_schema_and_not_create_one_sets_up_tables_in_it(
    postgres_server: str, postgres_url: str, psql: psycopg.Connection
) -> None:
    role = f"test_{uuid4().hex}"
    psql.execute(f'CREATE ROLE "{role}" LOGIN')
    try:
        psql.execute(f'GRANT USAGE, CREATE ON SCHEMA "{StoreURL.parse(postgres_url).schema}" TO "{role}"')
        with open_event_store(with_options(postgres_url, f"-c role={role}"), create=True) as store:
            assert store.active_record_strategy.append(event()) == range(1, 2)
    finally:
        psql.execute(f'DROP OWNED BY "{role}" CASCADE; DROP ROLE "{role}"')


def test_a_role_without_rights_gets_an_error_of_ours(journal: str, psql: psycopg.Connection) -> None:
    role = f"test_{uuid4().hex}"
    psql.execute(f'CREATE ROLE "{role}" LOGIN')
    try:
        psql.execute(f'GRANT USAGE ON SCHEMA "{StoreURL.parse(journal).schema}" TO "{role}"')
        with opened(with_options(journal, f"-c role={role}")) as strategy:
            for use in (lambda: strategy.append(event(CANARY)), lambda: list(strategy.all_items())):
                error = raised(StoreError, use)
                assert "permission denied for table stored_events" in str(error)
                assert CANARY not in shown(error)
    finally:
        psql.execute(f'DROP OWNED BY "{role}" CASCADE; DROP ROLE "{role}"')


@pytest.mark.parametrize("batch", [1, 60])
def test_a_row_that_the_database_refuses_is_quoted_nowhere(journal: str, psql: psycopg.Connection, batch: int) -> None:
    psql.execute(f"ALTER TABLE stored_events ADD CHECK (state NOT LIKE '%{CANARY}%')")
    psql.execute("ALTER TABLE stored_events RENAME CONSTRAINT stored_events_state_check TO no_birds")
    with opened(journal) as strategy:
        error = raised(InvalidData, lambda: strategy.append([event(f'{{"a":"{CANARY}"}}') for _ in range(batch)]))
    assert "no_birds" in str(error)
    assert CANARY not in shown(error)
    assert "Failing row" not in shown(error)


@pytest.mark.parametrize("batch", [1, 60])
def test_a_conflict_quotes_no_state(journal: str, batch: int) -> None:
    with opened(journal) as strategy:
        taken = event(f'{{"a":"{CANARY}"}}')
        strategy.append(taken)
        items = [taken, *(event(CANARY) for _ in range(batch))]

        def append_in_a_transaction() -> None:
            with strategy.transaction() as transaction:
                transaction.append(items)

        for append in (lambda: strategy.append(items), append_in_a_transaction):
            error = raised(SequencedItemConflict, append)
            assert CANARY not in shown(error)
            assert "DETAIL" not in shown(error)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:{canary}@127.0.0.1:{port}/db",
        "postgresql://127.0.0.1:{port}/db?user=ada&password={canary}",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?schema=billing&connect_timeout=1",
        "postgresql://ada:{canary}@/db?host=/no/such/folder",
    ],
)
def test_a_server_that_is_down_is_unreachable_and_the_password_shown_nowhere(free_port: int, url: str) -> None:
    with opened(url.format(canary=CANARY, port=free_port)) as strategy:
        for use in (lambda: strategy.append(event()), lambda: strategy.get_items(uuid4())):
            error = raised(StoreUnreachable, use)
            assert "cannot be reached" in str(error)
            assert CANARY not in shown(error)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?no_such_parameter=1",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?no_such_parameter={canary}",
        "postgresql://127.0.0.1:{port}/db?Password={canary}",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?sslmode=never",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?connect_timeout=soon",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?keepalives=yes",
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?target_session_attrs=primry",
        "postgresql://ada:{canary}@127.0.0.1,127.0.0.2/db?port={port},1,2",
        "postgresql:///db?service=no_such_service&password={canary}",
    ],
)
def test_a_parameter_that_libpq_does_not_take_is_an_error_without_the_password(free_port: int, url: str) -> None:
    datastore = SQLAlchemyDatastore(SQLAlchemySettings(uri=url.format(canary=CANARY, port=free_port)))
    error = raised(InvalidURL, datastore.setup_connection)
    assert "that libpq does not accept: " in str(error)
    assert CANARY not in shown(error)


def test_an_unknown_host_is_unreachable() -> None:
    with opened(f"postgresql://ada:{CANARY}@no-such-host.invalid/db") as strategy:
        error = raised(StoreUnreachable, lambda: strategy.get_items(uuid4()))
    assert CANARY not in shown(error)


@pytest.fixture
def talkative_server() -> Iterator[int]:
    """The port of a server that asks for a password, rejects it, and repeats it in its answer."""

    def field(kind: bytes, text: bytes) -> bytes:
        return kind + text + b"\0"

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client:
                [length] = struct.unpack("!I", client.recv(4))
                client.recv(length)
                client.sendall(b"R" + struct.pack("!II", 8, 3))
                password = client.recv(1_000)[5:-1]
                fields = field(b"S", b"FATAL") + field(b"V", b"FATAL") + field(b"C", b"28P01")
                fields += field(b"M", b"the password " + password + b" is wrong")
                fields += field(b"D", b"it was " + password) + b"\0"
                client.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:{canary}@127.0.0.1:{port}/db?sslmode=disable&gssencmode=disable",
        "postgresql://127.0.0.1:{port}/db?user=ada&password={canary}&sslmode=disable&gssencmode=disable",
    ],
)
def test_a_wrong_password_is_shown_nowhere_even_when_the_server_repeats_it(talkative_server: int, url: str) -> None:
    with opened(url.format(canary=CANARY, port=talkative_server)) as strategy:
        error = raised(StoreUnreachable, lambda: strategy.append(event()))
    assert "the password *** is wrong" in str(error)
    assert CANARY not in shown(error)


def test_an_error_that_sqlalchemy_wraps_is_shown_without_its_words(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        original = psycopg.OperationalError(f"no connection\nwith {CANARY}")
        raise OperationalError("SELECT %(name)s", {"name": CANARY}, original)

    with opened(postgres_url) as strategy:
        monkeypatch.setattr(strategy.session.engine, "raw_connection", refuse)
        error = raised(StoreUnreachable, lambda: strategy.append(event()))
    assert "cannot be reached: no connection" in str(error)
    assert CANARY not in shown(error)


@pytest.mark.parametrize("batch", [1, 20])
def test_a_connection_that_has_seen_nothing_but_conflicts_still_appends(journal: str, batch: int) -> None:
    with opened(journal) as holder, opened(journal) as strategy:
        items = [next(strategy.all_items()), *(event() for _ in range(batch - 1))]

        def append_in_vain() -> None:
            with pytest.raises(SequencedItemConflict):
                strategy.append(items)

        for _ in range(8):
            # While it waits for the lock everything is sent, and the statements after the conflict are never prepared.
            with holder.transaction():
                waiting = threading.Thread(target=append_in_vain)
                waiting.start()
                time.sleep(0.02)
            waiting.join()
        assert strategy.append(event()) == range(4, 5)


def test_a_connection_that_the_server_closed_is_replaced(journal: str, psql: psycopg.Connection) -> None:
    with opened(journal) as strategy:
        with strategy.session.connection() as connection:
            pid = connection.info.backend_pid
        psql.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert strategy.append(event()) == range(4, 5)


def test_a_connection_is_asked_whether_it_is_alive_only_after_a_rest(
    journal: str, psql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a network that fails: nothing arrives.
    monkeypatch.setattr(postgresql_session, "_was_told_something", lambda connection: False)
    with opened(journal) as strategy:
        for seconds, is_asked in ((3600.0, False), (0.0, True)):
            monkeypatch.setattr(postgresql_session, "_TRUSTED_SECONDS", seconds)
            with strategy.session.connection() as connection:
                pid = connection.info.backend_pid
            psql.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            if is_asked:
                strategy.append(event())
            else:
                assert raised(StoreError, lambda: strategy.append(event()))


def test_a_connection_that_is_given_back_inside_a_transaction_is_closed(journal: str) -> None:
    with opened(journal) as strategy:
        with strategy.session.connection() as connection:
            connection.execute("BEGIN")
        assert connection.closed
        assert strategy.append(event()) == range(4, 5)


def test_a_connection_that_breaks_in_the_middle_leaves_nothing_written(journal: str, psql: psycopg.Connection) -> None:
    with opened(journal) as strategy:

        def break_in_the_middle() -> None:
            with strategy.transaction() as transaction:
                transaction.append([event() for _ in range(100)])
                row = psql.execute(
                    "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid <> pg_backend_pid() "
                    "AND application_name = 'esjournal' AND datname = current_database()"
                ).fetchone()
                assert row is not None
                [pid] = row
                psql.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
                transaction.append([event()])

        assert raised(StoreUnreachable, break_in_the_middle)
        assert len(list(strategy.all_items())) == 3
        assert strategy.append(event()) == range(4, 5)


def test_the_settings_of_an_append_do_not_outlive_the_append(journal: str) -> None:
    with opened(journal) as strategy:
        strategy.append(event())
        strategy.append([event() for _ in range(60)])
        with strategy.session.connection() as connection:
            assert connection.execute("SHOW lock_timeout").fetchone() == ("0",)
            assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("0",)
            assert connection.execute(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"
            ).fetchone() == (0,)


def test_an_interruption_that_the_driver_hides_in_its_own_error_is_raised(journal: str) -> None:
    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")

    with opened(journal) as strategy:
        with pytest.raises(KeyboardInterrupt), strategy.session.connection():
            interrupted()
        assert strategy.append(event()) is not None

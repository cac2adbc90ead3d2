"""Settings of servers, standbys and roles are respected, and errors that they cause name the setting."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url

from esjournal.exceptions import SequencedItemConflict, StatementCancelled, StoreError
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import (
    SQLAlchemyActiveRecordStrategy,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.postgresql import session
from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from esjournal.journal.read.follow import follow
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.other_libraries.tables import INSERTS, SEQUENCES, TABLES, writer
from tests.helpers.program import invoke
from tests.helpers.standby import Standby
from tests.helpers.stores import file_with, journal_with, stored

SERIALIZABLE = "-c default_transaction_isolation=serializable"
READING = ["list", "log", "stats", "verify", "info", "export", f"get {ID}", f"history {ID}", "log --where n>0"]


def with_options(url: str, options: str) -> str:
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


def refused(url: str, tmp_path: Path, reason: str) -> None:
    """Check that every command that writes ends with exit code 5 and the reason, and writes nothing."""
    file = file_with(tmp_path / "events.ndjson", generated(30))
    other = journal_with(str(tmp_path / "other.db"), generated(30))
    lines = file_with(tmp_path / "lines.ndjson", sequence(60)).read_text()
    for command in (
        ["--url", url, "append", "new", "0", "a#B", "{}"],
        ["--url", url, "append", "-"],
        ["--url", url, "import", str(file)],
        ["--url", url, "import", "--dry-run", str(file)],
        ["copy", other, url],
        ["--url", url, "init"],
    ):
        result = invoke(*command, input=lines)
        assert (result.exit_code, result.stdout) == (5, ""), (command, result.output)
        assert re.fullmatch(f"esjournal: [^\n]* cannot be written: [^\n]*{reason}[^\n]*\n", result.stderr), (
            result.stderr
        )


# Standbys


@pytest.mark.parametrize("command", READING)
def test_a_standby_is_read_also_where_transactions_are_to_be_serializable(
    postgres_url: str, standby: Standby, command: str
) -> None:
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    result = invoke(*command.split(" "), url=with_options(standby.url_of(postgres_url), SERIALIZABLE))
    assert result.exit_code == 0, result.output


def test_it_is_copied_and_followed_too(postgres_url: str, standby: Standby, tmp_path: Path) -> None:
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    url = with_options(standby.url_of(postgres_url), SERIALIZABLE)
    copied = invoke("copy", url, journal_with(str(tmp_path / "copy.db"), []))
    assert copied.exit_code == 0, copied.stderr
    with open_journal(url) as journal, open_journal(postgres_url) as primary:
        coming = follow(journal, after=3)
        primary.events.append(event(3))
        assert [row[-1] for row in next(coming).page] == [4]


def test_what_a_user_prefers_on_a_primary_stays(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    with open_journal(with_options(postgres_url, SERIALIZABLE)) as journal:
        with journal.events.session.connection() as connection:
            assert connection.execute("SHOW default_transaction_isolation").fetchone() == ("serializable",)
        assert len(list(journal.events.all_items())) == 3


def test_a_standby_is_not_written_to_and_says_to_name_the_primary(
    postgres_url: str, standby: Standby, tmp_path: Path
) -> None:
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    refused(standby.url_of(postgres_url), tmp_path, "this is a standby: name the primary")
    assert len(stored(postgres_url)) == 3


def test_a_standby_without_a_journal_gets_none(postgres_url: str, standby: Standby) -> None:
    result = invoke("init", url=standby.url_of(postgres_url))
    assert (result.exit_code, result.stdout) == (5, "")
    assert "this is a standby: name the primary" in result.stderr


@pytest.mark.parametrize("create", [False, True])
def test_the_library_reads_a_standby(postgres_url: str, standby: Standby, create: bool) -> None:
    initialise(postgres_url)
    standby.catch_up()
    with open_event_store(standby.url_of(postgres_url), create=create) as store:
        assert list(store.all_domain_events()) == []
        with pytest.raises(StoreError, match="this is a standby: name the primary"):
            store.active_record_strategy.append(StoredEvent(UUID(ID), 0, "a#B", "{}"))


def test_a_statement_that_recovery_cancels_is_reported_as_that(postgres_url: str, standby: Standby) -> None:
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    url = standby.url_of(postgres_url)
    with standby.without_patience(), open_journal(url) as journal, writer(postgres_url) as primary:
        session = journal.events.session
        alter = threading.Timer(0.3, primary.execute, ["ALTER TABLE stored_events ADD CHECK (true)"])

        def read_on() -> None:
            with session.snapshot():
                assert journal.events.last_global_position() == 3
                alter.start()
                with session.connection() as connection:
                    connection.execute("SELECT pg_sleep(20)")

        with pytest.raises(StatementCancelled, match=r"gave up on a statement: .*recovery; try again; on a standby"):
            read_on()
        # Its connection is closed next.
        alter.join()


# Servers and roles that may only be read


@pytest.mark.parametrize("is_told", [True, False], ids=["the server says so", "it is found out"])
def test_a_database_that_is_set_to_read_only_is_not_written(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    journal_with(postgres_url, sequence(3))
    url = with_options(postgres_url, "-c default_transaction_read_only=on")
    if is_told:
        refused(url, tmp_path, "default_transaction_read_only is on")
    else:
        # As with a server before version 14, or behind a pooler that keeps it to itself.
        monkeypatch.setattr(session, "_why_read_only", lambda connection: None)
        result = invoke("append", "new", "0", "a#B", "{}", url=url)
        assert (result.exit_code, result.stdout) == (5, "")
        assert "read-only transaction; name the primary if this is a standby" in result.stderr
    assert len(stored(postgres_url)) == 3
    for command in READING:
        assert invoke(*command.split(" "), url=url).exit_code == 0


@pytest.mark.parametrize("create", [False, True])
def test_the_library_reads_where_it_may_not_write(postgres_url: str, create: bool) -> None:
    initialise(postgres_url)
    with open_event_store(with_options(postgres_url, "-c default_transaction_read_only=on"), create=create) as store:
        assert list(store.all_domain_events()) == []


# Statements that are cancelled


def test_a_statement_that_takes_too_long_for_the_server_is_not_reported_as_a_lock(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    url = with_options(postgres_url, "-c statement_timeout=30ms")
    with open_journal(postgres_url) as holder, holder.events.transaction() as transaction:
        transaction.append([event(3)])
        result = invoke("append", ID, "3", "a#B", "{}", url=url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert (
        "gave up on a statement: canceling statement due to statement timeout; if that was a timeout, raise "
        "statement_timeout, which is 0.03 seconds here, for this role or in the options of the URL"
    ) in result.stderr
    assert "locked" not in result.stderr
    with open_journal(url) as journal, pytest.raises(StatementCancelled, match="statement_timeout"):
        cancelled(journal, "SELECT pg_sleep(1)")


def cancelled(journal: Journal, statement: str) -> None:
    with journal.events.session.connection() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("state", "words"),
    [("40P01", "a deadlock"), ("40001", "a conflict"), ("57014", "a request"), ("25P04", "too long")],
)
def test_a_statement_that_the_server_ends_is_reported_in_its_words(postgres_url: str, state: str, words: str) -> None:
    journal_with(postgres_url, sequence(3))
    statement = f"DO $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = '{state}'; END $$"
    with open_journal(postgres_url) as journal, pytest.raises(StatementCancelled, match=f"on a statement: {words}; "):
        cancelled(journal, statement)


def test_a_follower_continues_after_a_statement_was_cancelled(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_with(postgres_url, sequence(3))
    told: list[str] = []
    with open_journal(postgres_url) as journal:
        settled_position = journal.events.settled_position
        answers = iter([lambda: cancelled(journal, "SELECT pg_sleep(1)")])
        monkeypatch.setattr(journal.events, "settled_position", lambda: next(answers, settled_position)())
        with journal.events.session.connection() as connection:
            connection.execute("SET statement_timeout = '50ms'")
        coming = follow(journal, after=0, on_lost=lambda error: told.append(str(error)))
        assert [row[-1] for row in next(coming).page] == [1, 2, 3]
    assert "statement timeout" in told[0]


def test_a_snapshot_whose_connection_is_ended_after_all_is_read_has_read_all(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    with open_journal(postgres_url) as journal, open_journal(postgres_url) as other:
        session = journal.events.session
        with session.snapshot():
            assert journal.events.last_global_position() == 3
            with session.connection() as connection:
                [process] = connection.execute("SELECT pg_backend_pid()").fetchone()
            other.events.session.rows("SELECT pg_terminate_backend(%s, 5000)", (process,))
        assert journal.events.last_global_position() == 3


# Timeouts of locks


@contextmanager
def role_with(postgres_url: str, setting: str) -> Iterator[str]:
    """Make a role with a setting, which may do everything, and yield the URL of the journal as that role."""
    role = f"guarded_{uuid4().hex[:12]}"
    with writer(postgres_url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET {setting}".encode())
        try:
            yield make_url(postgres_url).set(username=role).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP ROLE {role}".encode())


NAMED = (
    "was locked by others for {}, which is lock_timeout here: try again, or raise it for this role or in the options"
)


@pytest.mark.parametrize("command", ["export", "log", "list", "verify", "stats"])
def test_a_read_that_a_roles_lock_timeout_ends_names_it(postgres_url: str, command: str) -> None:
    journal_with(postgres_url, sequence(3))
    with (
        role_with(postgres_url, "lock_timeout = '50ms'") as url,
        writer(postgres_url) as other,
        other.transaction(),
    ):
        other.execute("LOCK TABLE stored_events")
        result = invoke(command, url=url)
    assert result.exit_code == 5
    assert NAMED.format("0.05 seconds") in result.stderr


@pytest.mark.parametrize("lines", [1, 60])
@pytest.mark.parametrize(
    ("setting", "timeout", "told"),
    [
        ("lock_timeout = '50ms'", "10", NAMED.format("0.05 seconds")),
        (
            "lock_timeout = '1min'",
            "0.2",
            "was locked by others for 0.2 seconds: try again, or wait longer with ?timeout=",
        ),
        ("lock_timeout = 0", "0.2", "was locked by others for 0.2 seconds: try again, or wait longer with ?timeout="),
    ],
)
def test_a_write_waits_for_the_shorter_timeout_and_names_it(
    postgres_url: str, setting: str, timeout: str, told: str, lines: int, tmp_path: Path
) -> None:
    journal_with(postgres_url, [])
    text = file_with(tmp_path / "lines.ndjson", sequence(lines)).read_text()
    with (
        role_with(postgres_url, setting) as url,
        open_journal(postgres_url) as holder,
        holder.events.transaction() as transaction,
    ):
        transaction.append([event(100)])
        begun = time.monotonic()
        result = invoke("append", "-", url=f"{url}&timeout={timeout}", input=text)
    assert (result.exit_code, result.stdout) == (5, "")
    assert told in result.stderr
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("given", "in_force"),
    [("0", "10s"), ("50ms", "50ms"), ("9s", "9s"), ("11s", "10s"), ("1h", "10s"), ("1d", "10s")],
)
def test_a_writer_keeps_a_shorter_lock_timeout(postgres_url: str, given: str, in_force: str) -> None:
    journal_with(postgres_url, [])
    assert in_force_for_a_writer(postgres_url, "lock_timeout", given) == in_force


@pytest.mark.parametrize(("given", "in_force"), [("0", "1min"), ("5s", "5s"), ("2min", "1min")])
def test_a_writer_keeps_a_shorter_timeout_of_idle_transactions(postgres_url: str, given: str, in_force: str) -> None:
    journal_with(postgres_url, [])
    assert in_force_for_a_writer(postgres_url, "idle_in_transaction_session_timeout", given) == in_force


def in_force_for_a_writer(url: str, name: str, given: str) -> str:
    with (
        open_journal(with_options(url, f"-c {name}={given}")) as journal,
        journal.events.session.transaction(journal.events.table) as connection,
    ):
        [value] = connection.execute(f"SHOW {name}").fetchone()
    return str(value)


def test_a_reader_keeps_the_timeout_of_idle_transactions_and_names_it(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    url = with_options(postgres_url, "-c idle_in_transaction_session_timeout=50ms")

    def read_late() -> None:
        with open_journal(url) as journal, journal.events.session.snapshot():
            time.sleep(0.5)
            journal.events.last_global_position()

    with pytest.raises(
        StoreError, match=r"raise idle_in_transaction_session_timeout, which is 0\.05 seconds here, for"
    ):
        read_late()


# Sequences that are behind their rows


@pytest.fixture
def others(postgres_url: str) -> Callable[[str], str]:
    """Make a table of another library with 50 events, whose sequence is set back, and return its URL."""

    def make(layout: str) -> str:
        with writer(postgres_url) as connection:
            connection.execute(TABLES[layout])
            if layout == "eventsourcing":
                connection.execute("CREATE UNIQUE INDEX ON stored_events (notification_id)")
            for _ in range(50):
                connection.execute(INSERTS[layout])
            connection.execute("SELECT setval(%s, 1)", (SEQUENCES[layout],))
        return f"{postgres_url}&layout={layout}"

    return make


@pytest.mark.parametrize("layout", list(TABLES))
def test_a_sequence_that_is_behind_its_rows_is_found_by_verify_and_info(
    others: Callable[[str], str], postgres_url: str, layout: str
) -> None:
    url = others(layout)
    table = "messages" if layout == "message-db" else "stored_events"
    told = rf"the sequence .*{SEQUENCES[layout]} is at 1, and \S*\b{table} has .* up to 50, .*`(SELECT setval\(.*\))`"
    verified = invoke("verify", "-F", "ndjson", url=url)
    assert verified.exit_code == 1, verified.output
    found = json.loads(verified.stdout.splitlines()[0])
    assert (found["kind"], found["place"]) == ("sequence", table)
    advice = re.search(told, found["detail"])
    assert advice is not None
    assert re.search(told, invoke("info", url=url).stdout)
    with writer(postgres_url) as connection:
        connection.execute(advice[1].encode())
    assert invoke("verify", url=url).exit_code == 0
    with writer(postgres_url) as connection:
        connection.execute("SELECT setval(%s, 50, false)", (SEQUENCES[layout],))
    assert invoke("verify", url=url).exit_code == 1


def test_an_append_and_an_import_say_it(others: Callable[[str], str], postgres_url: str, tmp_path: Path) -> None:
    url = others("eventsourcing")
    file = file_with(tmp_path / "events.ndjson", generated(30))
    for command in (["append", "new", "0", "a:B", "{}"], ["import", str(file)]):
        result = invoke(*command, url=url)
        assert (result.exit_code, result.stdout) == (5, ""), result.output
        assert re.search("cannot be written: (the sequence .* run `SELECT setval|a sequence assigned)", result.stderr)
    with writer(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM stored_events").fetchone() == (50,)
        connection.execute("SELECT setval(%s, 50)", (SEQUENCES["eventsourcing"],))
    assert invoke("import", str(file), url=url).exit_code == 0


# Floats


@pytest.mark.parametrize("digits", [-5, 0])
@pytest.mark.parametrize("batch", [1, 60])
def test_a_server_that_rounds_the_floats_it_returns_does_not_change_positions(
    postgres_url: str, digits: int, batch: int
) -> None:
    settings = SQLAlchemySettings(uri=with_options(postgres_url, f"-c extra_float_digits={digits}"))
    with SQLAlchemyDatastore(settings, tables=(TimestampSequencedItemRecord,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session,
            active_record_class=TimestampSequencedItemRecord,
            sequenced_item_class=SequencedItem,
        )
        items = [SequencedItem(UUID(ID), 1767225600.1234567 + n / 3, "a#B", "{}") for n in range(batch)]
        strategy.append(items)
        assert strategy.get_items(UUID(ID)) == items
        with pytest.raises(SequencedItemConflict) as caught:
            strategy.append(items[0])
        assert (caught.value.identical, caught.value.last_position) == (True, items[-1].position)

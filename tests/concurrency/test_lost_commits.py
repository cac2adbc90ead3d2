"""A COMMIT whose answer is lost: the message says that the outcome is unknown, and what to do."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.exceptions import OutcomeUnknown, StoreError, StoreUnreachable
from esjournal.infrastructure.retrying import retry
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.program import invoke, run, start
from tests.helpers.proxy import Proxy
from tests.helpers.stores import file_with, journal_with, stored

pytestmark = pytest.mark.long

COMMAND = re.compile("find out with `esjournal (.*)` on the same --url before you append it again\n")
answered = pytest.mark.parametrize("is_answered", [True, False], ids=["its answer is lost", "it is lost itself"])


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Callable[..., Proxy]]:
    """Start a proxy in front of the server."""
    proxies: list[Proxy] = []

    def start(*, answered: bool, passing: int = 0) -> Proxy:
        proxies.append(Proxy(postgres_url, answered=answered, passing=passing).__enter__())
        return proxies[-1]

    yield start
    for each in proxies:
        each.__exit__(None, None, None)


def unknown(*command: str, **options: Any) -> str:
    """Run a command as a process whose COMMIT is cut, and return its message."""
    result = run(*command, **options)
    assert (result.returncode, result.stdout) == (5, ""), result
    assert re.fullmatch("esjournal: [^\n]*: not known whether it was written, because [^\n]*\n", result.stderr)
    return result.stderr


@answered
@pytest.mark.parametrize("version", ["0", "next"])
def test_an_append_names_the_command_that_finds_out(
    postgres_url: str, proxy: Callable[..., Proxy], version: str, is_answered: bool
) -> None:
    initialise(postgres_url)
    said = unknown("append", "new", version, "a#B", '{"a":1}', url=proxy(answered=is_answered).url)
    found = COMMAND.search(said)
    assert found, said
    command = shlex.split(found[1])
    result = invoke(*command, "-F", "json", url=postgres_url)
    assert result.exit_code == (0 if is_answered else 1)
    if is_answered:
        [there] = json.loads(result.stdout)
        assert (there["originator_id"], there["event_type"]) == (command[1], "a#B")
    assert len(stored(postgres_url)) == is_answered


def test_the_command_names_the_journal_where_no_secret_is_in_its_address(
    postgres_url: str, proxy: Callable[..., Proxy]
) -> None:
    initialise(postgres_url)
    with_user_only = make_url(proxy(answered=True).url)._replace(password=None).render_as_string()
    said = unknown("append", ID, "0", "a#B", "{}", url=with_user_only)
    command = re.search("find out with `(.*)` before", said)
    assert command is not None
    arguments = shlex.split(command[1])
    assert arguments[:2] == ["esjournal", "--url"]
    assert run(*arguments[1:]).returncode == 0


@answered
def test_many_lines_are_known_by_the_first_of_them(
    postgres_url: str, proxy: Callable[..., Proxy], tmp_path: Path, is_answered: bool
) -> None:
    initialise(postgres_url)
    # More lines than fit into one round trip.
    lines = file_with(tmp_path / "events.ndjson", sequence(60)).read_text()
    said = unknown("append", "-", url=proxy(answered=is_answered).url, input=lines)
    assert f"get {ID} --gte 0 --limit 1`" in said
    assert len(stored(postgres_url)) == (60 if is_answered else 0)


@answered
@pytest.mark.parametrize("parts", [(), ("--commit-every", "100")])
def test_the_same_import_completes_an_unknown_outcome(
    postgres_url: str, proxy: Callable[..., Proxy], tmp_path: Path, parts: tuple[str, ...], is_answered: bool
) -> None:
    initialise(postgres_url)
    file = file_with(tmp_path / "events.ndjson", generated(300))
    through = proxy(answered=is_answered, passing=1 if parts else 0).url
    said = unknown("import", *parts, str(file), url=through)
    assert "run the same command again: it skips what is there" in said
    assert len(stored(postgres_url)) == (100 if parts else 0) + is_answered * (100 if parts else 300)
    assert run("import", *parts, str(file), url=through).returncode == 0
    assert len(stored(postgres_url)) == 300


@answered
def test_the_same_copy_completes_an_unknown_outcome_and_its_cursor_stays(
    postgres_url: str, proxy: Callable[..., Proxy], tmp_path: Path, is_answered: bool
) -> None:
    initialise(postgres_url)
    source, cursor = journal_with(str(tmp_path / "source.db"), generated(300)), tmp_path / "cursor"
    command = ["copy", source, proxy(answered=is_answered).url, "--cursor-file", str(cursor)]
    assert "run the same command again: it skips what is there" in unknown(*command)
    assert not cursor.exists()
    assert run(*command).returncode == 0
    assert len(stored(postgres_url)) == 300


@answered
def test_the_same_init_completes_an_unknown_outcome(
    postgres_url: str, proxy: Callable[..., Proxy], is_answered: bool
) -> None:
    through = proxy(answered=is_answered).url
    assert "run the same command again" in unknown("init", url=through)
    assert run("init", url=through).returncode == 0
    assert run("append", "new", "0", "a#B", "{}", url=through).returncode == 0


@answered
@pytest.mark.parametrize("batch", [1, 60])
def test_the_library_raises_it_and_retries_nothing(
    postgres_url: str, proxy: Callable[..., Proxy], batch: int, is_answered: bool
) -> None:
    initialise(postgres_url)
    calls = 0
    with open_event_store(proxy(answered=is_answered, passing=1).url, create=True) as store:

        @retry(attempts=5)
        def append() -> None:
            nonlocal calls
            calls += 1
            store.active_record_strategy.append(
                [StoredEvent(UUID(ID), version, "a#B", "{}") for version in range(batch)]
            )

        with pytest.raises(OutcomeUnknown, match=f"look at sequence {ID} at position 0 before you append again"):
            append()
        assert calls == 1
        # The store continues with another connection.
        assert len(list(store.active_record_strategy.all_items())) == batch * is_answered


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (["append", "new", "0", "a#B", "{}"], "find out with `esjournal get [^`]*` [^\n]* before you append it again"),
        (["append", "-"], f"find out with `esjournal get {ID} --gte 0 --limit 1` [^\n]* before you append it again"),
        (["import", "-"], "run the same command again: it skips what is there, and writes the rest"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_of_a_commit_leaves_the_outcome_unknown(
    postgres_url: str, tmp_path: Path, command: list[str], advice: str, number: int, code: int
) -> None:
    initialise(postgres_url)
    lines = file_with(tmp_path / "events.ndjson", sequence(60)).open("rb")
    with (
        lines,
        Proxy(postgres_url, answered=True, silent=True) as proxy,
        start(*command, url=proxy.url, stdin=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
    ):
        deadline = time.monotonic() + 30
        while not proxy.cuts and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        output, message = process.communicate(timeout=60)
    assert (process.returncode, output) == (code, b"")
    because = "not known whether it was written, because it was interrupted before COMMIT was answered"
    assert re.fullmatch(f"esjournal: [^\n]*: {because}; {advice}\n", message.decode())


@pytest.mark.parametrize("batch", [1, 3])
def test_an_interruption_in_sqlite_says_whether_it_may_have_come_after_the_commit(
    sqlite_url: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialise(sqlite_url)
    with open_journal(sqlite_url) as journal:
        load = journal.events.session.load

        def interrupted(*arguments: Any) -> None:
            # Python handles a signal after the statement in which it came.
            load(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(journal.events.session, "load", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            journal.events.append([event(version) for version in range(batch)])
    # A single INSERT is a transaction; a batch was not committed yet.
    assert isinstance(caught.value.__cause__, OutcomeUnknown) is (batch == 1)
    assert len(stored(sqlite_url)) == (1 if batch == 1 else 0)


# Answers that arrive


@pytest.fixture
def slow_commit(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a journal where a COMMIT takes five seconds for a state of {}, and fails for any other."""
    initialise(postgres_url)
    schema = make_url(postgres_url).query["schema"]
    server = make_url(postgres_url).difference_update_query(["schema"]).render_as_string(hide_password=False)
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f'SET search_path = "{schema}"')
        connection.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_sleep(CASE WHEN NEW.state = '{}' THEN 5 ELSE 0 END); "
            "IF NEW.state <> '{}' THEN RAISE EXCEPTION 'refused at COMMIT' USING ERRCODE = '23514'; END IF; "
            "RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON stored_events "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
        )
        yield connection


def terminate(connection: psycopg.Connection, waiting_for: str) -> None:
    """End the backend that waits for something, as soon as it does."""
    deadline = time.monotonic() + 30
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'esjournal' AND wait_event = %s AND datname = current_database()"
    )
    while not connection.execute(query, (waiting_for,)).fetchall():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_backend_that_is_ended_at_commit_leaves_the_outcome_unknown(
    postgres_url: str, slow_commit: psycopg.Connection
) -> None:
    thread = threading.Thread(target=terminate, args=(slow_commit, "PgSleep"))
    thread.start()
    unknown("append", ID, "0", "a#B", "{}", url=postgres_url)
    thread.join()


def test_what_the_server_refuses_at_commit_is_known(postgres_url: str, slow_commit: psycopg.Connection) -> None:
    for count in (1, 60):
        with open_journal(postgres_url) as journal, pytest.raises(Exception, match="refused at COMMIT") as caught:
            journal.events.append([event(version, '{"a":1}') for version in range(count)])
        assert not isinstance(caught.value, OutcomeUnknown)
    assert stored(postgres_url) == []


def test_a_backend_that_is_ended_while_a_transaction_is_open_has_written_nothing(
    postgres_url: str, slow_commit: psycopg.Connection
) -> None:
    def end_in_the_middle() -> None:
        with open_journal(postgres_url) as journal, journal.events.transaction() as transaction:
            transaction.append(sequence(60))
            with journal.events.session.connection() as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state = 'idle in transaction' "
                    "AND application_name = 'esjournal' AND datname = current_database()"
                )
            transaction.append(sequence(1))

    with pytest.raises(StoreUnreachable):
        end_in_the_middle()
    assert stored(postgres_url) == []


def test_a_transaction_that_failed_before_its_commit_is_not_taken_for_a_success(postgres_url: str) -> None:
    def go_on_after_a_failure() -> None:
        with open_journal(postgres_url) as journal, journal.events.transaction() as transaction:
            transaction.append([event(1)])
            with journal.events.session.connection() as other, pytest.raises(psycopg.Error):
                # In the same transaction.
                transaction._connection.execute("SELECT 1/0")
            assert other is not transaction._connection

    journal_with(postgres_url, sequence(1))
    with pytest.raises(StoreError, match="nothing was written"):
        go_on_after_a_failure()
    assert len(stored(postgres_url)) == 1

"""Reading on a hot standby: every command answers what the primary does, and one that lags behind is waited for."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.exceptions import InvalidCursor, StatementCancelled, StoreBehind, StoreUnreachable
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions
from esjournal.infrastructure.sqlalchemy.postgresql.session import PostgreSQLSession
from esjournal.journal.cursor import cursor_at, save_cursor
from esjournal.journal.journal import open_journal
from esjournal.journal.journalstore import open_event_store
from esjournal.journal.read import secondreader
from esjournal.journal.read.follow import follow
from tests.helpers.answers import EVENTS, answers
from tests.helpers.events import ID, event, sequence
from tests.helpers.other_libraries.tables import writer
from tests.helpers.pages import blocks
from tests.helpers.program import invoke, start
from tests.helpers.standby import Standby
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.usefixtures("no_endless_waiting")

SAID = (
    r"esjournal: \S+ is a standby and has only come to global position 3, and the cursor is at 4: "
    "try again later, or name the primary"
)


@contextmanager
def lagging(url: str, standby: Standby, cursor: Path, *, later: int = 0) -> Iterator[str]:
    """Inside the block, the standby has three events, and the cursor is at the fourth; yield the standby's URL.

    With `later`, this many events come after the fourth, in its transaction: the standby gets all of them at once.
    """
    journal_with(url, sequence(3))
    standby.catch_up()
    with standby.paused(), open_journal(url) as journal:
        journal.events.append([event(3 + n) for n in range(1 + later)])
        save_cursor(str(cursor), cursor_at(journal, 4))
        yield standby.url_of(url)


def test_every_command_that_reads_answers_what_it_answers_on_the_primary(
    postgres_url: str, standby: Standby, tmp_path: Path
) -> None:
    journal_with(postgres_url, EVENTS)
    standby.catch_up()
    assert answers(standby.url_of(postgres_url), tmp_path / "standby") == answers(postgres_url, tmp_path / "primary")


@pytest.mark.parametrize("is_standby_first", [True, False])
@pytest.mark.parametrize(("attributes", "answered_by"), [("prefer-standby", "a standby"), ("read-write", None)])
def test_a_url_with_both_servers_says_which_of_them_is_wanted(
    postgres_url: str, standby: Standby, attributes: str, answered_by: str | None, is_standby_first: bool
) -> None:
    # As the page has it.
    assert any(f"?host=a,b&target_session_attrs={attributes}\n" in block.text for block in blocks("docs/operations.md"))
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    url = standby.with_primary(postgres_url, attributes, first=is_standby_first)
    with open_journal(url) as journal:
        replica = journal.events.session.replica(journal.events.table)
        assert (replica and replica.what) == answered_by
        assert len(list(journal.events.all_items())) == 3
    assert invoke("append", ID, "3", "a#B", "{}", url=url).exit_code == (5 if answered_by else 0)


# A standby that lags behind a cursor


@pytest.mark.parametrize("command", ["export", "each", "copy", "cursor"])
def test_a_standby_that_lags_behind_a_cursor_says_so_after_the_timeout(
    postgres_url: str, standby: Standby, tmp_path: Path, command: str
) -> None:
    cursor = tmp_path / "cursor"
    with lagging(postgres_url, standby, cursor) as url:
        before, url = cursor.read_text(), f"{url}&timeout=0.3"
        arguments = {
            "export": ["--url", url, "export", "--cursor-file", str(cursor)],
            "each": ["--url", url, "each", "--cursor-file", str(cursor), "--", "false"],
            "copy": ["copy", url, journal_with(str(tmp_path / "copy.db"), []), "--cursor-file", str(cursor)],
            "cursor": ["--url", url, "cursor", str(cursor)],
        }
        result = invoke(*arguments[command])
    assert (result.exit_code, result.stdout, cursor.read_text()) == (5, "", before)
    assert re.fullmatch(f"{SAID}\n", result.stderr), result.stderr


@pytest.mark.parametrize("command", ["export", "each", "copy"])
def test_it_is_waited_for(postgres_url: str, standby: Standby, tmp_path: Path, command: str) -> None:
    cursor, handled = tmp_path / "cursor", tmp_path / "handled"
    target = journal_with(str(tmp_path / "copy.db"), [])
    with lagging(postgres_url, standby, cursor, later=1) as url:
        arguments = {
            "export": ["--url", url, "export", "--cursor-file", str(cursor), "-o", str(handled)],
            "each": ["--url", url, "each", "--cursor-file", str(cursor), "--", "sh", "-c", f"cat > {handled}"],
            "copy": ["copy", url, target, "--cursor-file", str(cursor)],
        }
        resume = threading.Timer(0.5, resume_replay, [standby])
        resume.start()
        result = invoke(*arguments[command])
        resume.join()
    assert result.exit_code == 0, result.stderr
    events = invoke("export", url=target).stdout if command == "copy" else handled.read_text()
    assert [json.loads(line)["originator_version"] for line in events.splitlines()] == [4]


def resume_replay(standby: Standby) -> None:
    with psycopg.connect(standby.url, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_resume()")


@pytest.mark.parametrize("command", [["log", "-f", "-F", "ndjson"], ["each", "--follow"]], ids=["log", "each"])
def test_a_follower_says_that_it_waits_for_it_and_goes_on(
    postgres_url: str, standby: Standby, tmp_path: Path, command: list[str]
) -> None:
    cursor = tmp_path / "cursor"
    with lagging(postgres_url, standby, cursor) as url, open_journal(postgres_url) as journal:
        given = [*command, "--cursor-file", str(cursor), *(["--", "cat"] if command[0] == "each" else [])]
        with start(*given, url=f"{url}&timeout=0.1", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as follower:
            assert follower.stdout is not None
            assert follower.stderr is not None
            assert re.fullmatch(f"{SAID}; waiting for it\n", follower.stderr.readline().decode())
            journal.events.append(event(4))
            resume_replay(standby)
            assert json.loads(follower.stdout.readline())["global_position"] == 5


def test_the_library_waits_for_it_as_long_as_it_may(postgres_url: str, standby: Standby, tmp_path: Path) -> None:
    with lagging(postgres_url, standby, tmp_path / "cursor") as url:
        with open_journal(postgres_url) as journal:
            cursor = cursor_at(journal, 4)
            journal.events.append(event(4))
        with open_event_store(url) as store:
            with pytest.raises(StoreBehind, match="has only come to global position 3"):
                next(store.follow(cursor, timeout=0.2))
            threading.Timer(0.3, resume_replay, [standby]).start()
            assert [found.position for found in store.follow(cursor, timeout=5)][:1] == [5]


def test_a_follower_whose_next_server_lags_behind_waits_for_it(
    postgres_url: str, standby: Standby, tmp_path: Path
) -> None:
    told: list[str] = []

    def catch_up(error: Exception) -> None:
        told.append(str(error))
        resume_replay(standby)

    with (
        lagging(postgres_url, standby, tmp_path / "cursor") as url,
        open_journal(postgres_url) as journal,
        open_journal(postgres_url) as primary,
    ):
        coming = follow(journal, after=0, on_lost=catch_up, on_found=lambda: told.append("there again"))
        assert [row[-1] for row in next(coming).page] == [1, 2, 3, 4]
        answered_by(journal.events.session, url)
        primary.events.append(event(4))
        assert [row[-1] for row in next(coming).page] == [5]
    assert re.search("is a standby and has only come to global position 3, and the cursor is at 4", told[0])
    assert told[1:] == ["there again"]


def answered_by(session: object, url: str) -> None:
    """Let another server answer a session from now on, as one of several hosts in its URL does after a failover."""
    assert isinstance(session, PostgreSQLSession)
    with open_journal(url) as other:
        assert isinstance(other.events.session, PostgreSQLSession)
        session._parameters = other.events.session._parameters
    session.engine.dispose()


@pytest.mark.parametrize("conditions", [EVERYTHING, Conditions(topics=["a.b#C"])], ids=["all", "some"])
def test_a_reading_that_another_server_goes_on_with_does_not_end_as_if_it_were_whole(
    postgres_url: str, standby: Standby, conditions: Conditions
) -> None:
    journal_with(postgres_url, sequence(PAGE_SIZE))
    standby.catch_up()
    with standby.paused(), open_journal(postgres_url) as journal:
        journal.events.append([event(version) for version in range(PAGE_SIZE, 2 * PAGE_SIZE)])
        pages = journal.events.pages(conditions=conditions)
        assert len(next(pages)) == PAGE_SIZE
        answered_by(journal.events.session, standby.url_of(postgres_url))
        with pytest.raises(StoreUnreachable, match="was answered by another server while it was read"):
            list(pages)
        answered_by(journal.events.session, postgres_url)
        assert len(list(journal.events.all_items())) == 2 * PAGE_SIZE


def test_an_event_that_was_deleted_is_not_waited_for(postgres_url: str, standby: Standby) -> None:
    journal_with(postgres_url, sequence(3))
    with open_journal(postgres_url) as journal:
        cursor = cursor_at(journal, 2)
    with writer(postgres_url) as connection:
        connection.execute("DELETE FROM stored_events WHERE global_position = 2")
    standby.catch_up()
    with open_event_store(standby.url_of(postgres_url)) as store, pytest.raises(InvalidCursor, match="was deleted"):
        next(store.follow(cursor))


# Recovery conflicts


@pytest.fixture
def cancelling(postgres_url: str) -> Iterator[str]:
    """The URL of a journal of several pages, for a role whose statements are cancelled as often as a number says."""
    journal_with(postgres_url, sequence(3 * PAGE_SIZE))
    schema = str(make_url(postgres_url).query["schema"])
    role = f"{schema}_reader"
    with writer(postgres_url) as connection:

        def execute(*statements: LiteralString) -> None:
            for statement in statements:
                connection.execute(statement.format(role=role, schema=schema))

        execute(
            "CREATE ROLE {role}; GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "CREATE SEQUENCE tries; CREATE TABLE cancelled (number int)",
            # What the sequence counts is not undone.
            "CREATE FUNCTION may_be_read() RETURNS bool LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema} "
            "AS $$ BEGIN IF nextval('tries') = ANY(SELECT number FROM cancelled) THEN RAISE EXCEPTION "
            "'canceling statement due to conflict with recovery' USING ERRCODE = '40001'; END IF; RETURN true; END $$",
            "CREATE POLICY readers ON stored_events USING ((SELECT may_be_read()))",
            "ALTER TABLE stored_events ENABLE ROW LEVEL SECURITY",
        )
        yield make_url(postgres_url).update_query_dict({"options": f"-crole={role}"}).render_as_string(False)
        execute("DROP OWNED BY {role}; DROP ROLE {role}")


def cancel(url: str, *numbers: int) -> None:
    """Have these reads cancelled, counted from now on."""
    with writer(url) as connection:
        connection.execute("DELETE FROM cancelled")
        connection.execute("ALTER SEQUENCE tries RESTART")
        connection.execute("INSERT INTO cancelled SELECT unnest(%s)", (list(numbers),))


@pytest.mark.parametrize("cancelled", [(4,), (7, 9), (5, 6, 7), (3, 8, 10)])
def test_two_processes_of_an_export_send_again_what_is_cancelled(
    postgres_url: str, cancelling: str, monkeypatch: pytest.MonkeyPatch, cancelled: tuple[int, ...]
) -> None:
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    whole = invoke("--url", postgres_url, "export")
    cancel(postgres_url, *cancelled)
    result = invoke("--url", cancelling, "export")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == whole.stdout
    with writer(postgres_url) as connection:
        assert connection.execute("SELECT last_value >= %s FROM tries", (min(cancelled),)).fetchone() == (True,)


@pytest.mark.parametrize("command", ["export", "export --type *", "log -F ndjson", "stats", "each"])
def test_a_read_that_is_cancelled_for_changes_from_the_primary_is_sent_again(
    postgres_url: str, cancelling: str, tmp_path: Path, command: str
) -> None:
    handled = tmp_path / "handled"
    given = ["each", "--cursor-file", str(tmp_path / "c"), "--", "sh", "-c", f"cat >> {handled}"]
    arguments = given if command == "each" else command.split(" ")
    # A statement may read twice: the first position, and the last one.
    cancel(postgres_url, 1, 3, 6, 10, 14)
    result = invoke("--url", cancelling, *arguments)
    assert result.exit_code == 0, result.stderr
    if command != "stats":
        output = handled.read_text() if command == "each" else result.stdout
        positions = [json.loads(line)["global_position"] for line in output.splitlines()]
        assert positions == list(range(1, 3 * PAGE_SIZE + 1))
    with writer(postgres_url) as connection:
        assert connection.execute("SELECT last_value > 1 FROM tries").fetchone() == (True,)


def test_one_that_is_cancelled_again_and_again_is_reported(postgres_url: str, cancelling: str) -> None:
    cancel(postgres_url, *range(1, 100))
    result = invoke("export", url=cancelling)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "conflict with recovery; try again; on a standby, max_standby_streaming_delay" in result.stderr
    cancel(postgres_url, *range(3, 100))
    result = invoke("export", url=cancelling)
    assert (result.exit_code, "conflict with recovery" in result.stderr) == (5, True)


def test_a_statement_in_a_transaction_is_not_sent_again(postgres_url: str, cancelling: str) -> None:
    with open_journal(cancelling) as journal:
        session, table = journal.events.session, journal.events.table
        cancel(postgres_url, 1)
        with pytest.raises(psycopg.errors.SerializationFailure), session.transaction(table) as connection:
            connection.execute(f"SELECT count(*) FROM {session.table_name(table.name)}")


def test_a_commit_that_fails_is_not_sent_again(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    with writer(postgres_url) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'at COMMIT' USING ERRCODE = '40001'; END $$; CREATE CONSTRAINT TRIGGER refuse "
            "AFTER INSERT ON stored_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    with open_journal(postgres_url) as journal:
        for count in (1, 60):
            with pytest.raises(StatementCancelled, match="at COMMIT"):
                journal.events.append([event(version) for version in range(3, 3 + count)])
        assert journal.events.last_global_position() == 3

"""Every command through a pooler that shares connections between clients, with a schema in the URL."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import StoreError
from esjournal.journal.journal import open_journal
from tests.helpers.answers import EVENTS, answers
from tests.helpers.events import ID, generated, sequence
from tests.helpers.pooling import PGBOUNCER, pooled
from tests.helpers.program import environment, run, start
from tests.helpers.stores import file_with, journal_with, stored

pytestmark = pytest.mark.long

# More than PREPARED, and enough for two processes.
MANY = 60_000
# psycopg prepares a statement when it runs for the sixth time.
PREPARED = 6


def schema_of(server: str, name: str) -> Iterator[str]:
    yield f"{server}?schema={name}"
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture
def url(pooled_server: str) -> Iterator[str]:
    yield from schema_of(pooled_server, f"test_{uuid4().hex}")


@pytest.fixture
def other_url(pooled_server: str) -> Iterator[str]:
    yield from schema_of(pooled_server, f"test_{uuid4().hex}")


def test_import_export_and_all_that_reads_give_what_they_give_without_a_pooler(
    url: str, other_url: str, tmp_path: Path
) -> None:
    file, new = file_with(tmp_path / "events.ndjson", generated(MANY)), tmp_path / "new.ndjson"
    assert run("init", url=url).returncode == run("init", url=other_url).returncode == 0
    for appended in (MANY, 0):
        imported = run("import", str(file), url=url)
        assert f"{MANY:,} read, {appended:,} appended" in imported.stderr
    for program in (["export", "-o", str(new)], ["export", "--type", "*", "-o", str(new)]):
        assert run(*program, url=url).returncode == 0
        assert new.read_bytes() == file.read_bytes()
    for program in (["verify"], ["stats"], ["list"], ["info"], ["log", "-n", "3"], ["get", str(UUID(int=3))]):
        ended = run(*program, url=url)
        assert (ended.returncode, ended.stdout != "" or program == ["verify"]) == (0, True), ended.stderr
    copied = run("copy", url, other_url)
    assert (copied.returncode, "proven" in copied.stderr) == (0, True), copied.stderr
    compared = run("diff", url, other_url)
    assert (compared.returncode, "the same" in compared.stderr) == (0, True), compared.stderr


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed, so poolers are not tested")
@pytest.mark.parametrize(("mode", "prepare"), [("session", ""), ("session", "&prepare=on"), ("transaction", "")])
def test_every_command_that_reads_answers_what_it_answers_without_one(
    postgres_server: str, postgres_url: str, tmp_path: Path, mode: str, prepare: str
) -> None:
    with pooled(postgres_server, "ignore_startup_parameters = options", mode=mode) as server:
        url = f"{server}?schema={make_url(postgres_url).query['schema']}{prepare}"
        journal_with(url, EVENTS)
        assert answers(url, tmp_path / "pooler") == answers(postgres_url, tmp_path / "server")


def test_writers_and_followers_share_connections(url: str, pooled_server: str) -> None:
    """Without a pooler each connection has its own prepared statements, with the same names."""
    journal_with(url, sequence(1))
    with open_journal(url) as one, open_journal(url) as other:
        for version in range(1, 10 * PREPARED, 2):
            for journal, mine in ((one, version), (other, version + 1)):
                journal.events.append(RecordedEvent(ID, mine, "a#B", "{}"))
                assert journal.events.last_global_position() == mine + 1
                assert len(list(journal.events.all_items())) == mine + 1
    with closing(psycopg.connect(pooled_server, autocommit=True)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_a_follower_sees_what_comes(url: str) -> None:
    journal_with(url, sequence(1))
    with start("log", "-f", "-F", "ndjson", url=url, stdout=-1) as follower:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["originator_version"] == 0
        for version in range(1, 2 * PREPARED):
            appended = run("append", ID, str(version), "a#B", "{}", url=url)
            assert appended.returncode == 0, appended.stderr
            assert json.loads(follower.stdout.readline())["originator_version"] == version
        follower.send_signal(signal.SIGINT)
        assert follower.wait() in (0, 130)


def test_the_schema_of_the_url_is_the_one_in_use(url: str, pooled_server: str) -> None:
    journal_with(url, sequence(3))
    with closing(psycopg.connect(pooled_server, autocommit=True)) as connection:
        assert connection.execute("SELECT to_regclass('public.stored_events')").fetchone() == (None,)
    missing = run("log", url=f"{pooled_server}?schema=not_there")
    assert (missing.returncode, missing.stdout) == (5, "")


@pytest.mark.parametrize("setting", ["search_path=pg_temp", "role=nobody_at_all", "statement_timeout=7777"])
@pytest.mark.parametrize("source", ["URL", "PGOPTIONS"])
def test_a_setting_that_a_pooler_drops_is_an_error(url: str, source: str, setting: str) -> None:
    journal_with(url, sequence(3))
    options = {"PGOPTIONS": f"-c {setting}"} if source == "PGOPTIONS" else {}
    given = url if options else f"{url}&options=-c%20{setting.replace('=', '%3D')}"
    ended = run("append", "new", "0", "a#B", "{}", url=given, env=environment(**options))
    name, value = setting.split("=")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert f"{name} is " in ended.stderr
    assert f"not {value!r} as the options of the connection say" in ended.stderr
    assert len(stored(url)) == 3


def test_statements_can_be_prepared_or_not_by_the_url(url: str) -> None:
    journal_with(url, sequence(3))
    for prepare, prepares in (("on", True), ("off", False)):
        with open_journal(f"{url}&prepare={prepare}") as journal, journal.events.session.connection() as connection:
            assert (connection.prepare_threshold is not None) == prepares


def test_where_prepared_statements_are_mixed_up_the_message_says_how_to_do_without(url: str) -> None:
    journal_with(url, sequence(3))
    with open_journal(f"{url}&prepare=on") as one, open_journal(f"{url}&prepare=on") as other:

        def both() -> None:
            for _ in range(PREPARED):
                for journal in (one, other):
                    journal.events.last_global_position()

        with pytest.raises(StoreError, match=r"write prepare=off in the URL"):
            both()


def test_a_pooler_that_refuses_options_takes_a_schema(postgres_server: str, pooled_server: str) -> None:
    with pooled(postgres_server) as strict:
        for url in schema_of(strict, f"test_{uuid4().hex}"):
            assert len(stored(journal_with(url, sequence(3)))) == 3

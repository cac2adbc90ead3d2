"""Journals in schemas that Citus keeps on workers.

ESJOURNAL_TEST_CITUS_URL names a database of a coordinator with at least two workers, for which somebody has run
`ALTER DATABASE ... SET citus.enable_schema_based_sharding=on`. In the settings of all three, `citus.node_conninfo` is
`sslmode=prefer`, so that a proxy can see what is sent to a worker. `-k citus` selects these tests, and those of other
rooms on Citus.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.journal.inspect.verification import Verification
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.program import run, start
from tests.helpers.proxy import StepProxy
from tests.helpers.stores import file_with, journal_with, stored

VARIABLE = "ESJOURNAL_TEST_CITUS_URL"
SERVER = os.environ.get(VARIABLE, "")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not SERVER, reason=f"{VARIABLE} names no coordinator, so nothing is tested on Citus"),
]


class Worker(NamedTuple):
    """The worker that has the tables of a schema, and the name of its table of events there."""

    node: int
    host: str
    port: int
    table: str


@contextmanager
def connected(url: str = SERVER) -> Iterator[psycopg.Connection[Any]]:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def schema() -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield name
    with connected() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def url(schema: str) -> str:
    """The URL of a journal without events."""
    url = f"{SERVER}{'&' if '?' in SERVER else '?'}schema={schema}"
    initialise(url)
    return url


def worker_of(schema: str) -> Worker:
    with connected() as connection:
        row = connection.execute(
            "SELECT nodeid, nodename, nodeport, shardid FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport) "
            "WHERE table_name = CAST(%s AS regclass)",
            (f"{schema}.stored_events",),
        ).fetchone()
    assert row is not None, "the schema is not on a worker"
    node, host, port, shard = row
    return Worker(node, host, port, f"{schema}.stored_events_{shard}")


def another_than(worker: Worker) -> tuple[str, int]:
    """Return the address of another worker."""
    with connected() as connection:
        nodes = connection.execute("SELECT node_name, node_port FROM citus_get_active_worker_nodes()").fetchall()
    return next((host, port) for host, port in nodes if (host, port) != (worker.host, worker.port))


def address_of(worker: Worker) -> str:
    return make_url(SERVER).set(host=worker.host, port=worker.port).render_as_string(hide_password=False)


def move_node(node: int, host: str, port: int) -> None:
    with connected() as connection:
        connection.execute("SELECT citus_update_node(%s, %s, %s)", (node, host, port))
        # Otherwise the others would hear of it later.
        connection.execute("SELECT start_metadata_sync_to_all_nodes()")


@contextmanager
def behind(proxy: StepProxy, worker: Worker) -> Iterator[None]:
    """Have the coordinator reach a worker through a proxy, which cuts what is sent from then on."""
    try:
        move_node(worker.node, "127.0.0.1", proxy.port)
        proxy.arm()
        yield
    finally:
        move_node(worker.node, worker.host, worker.port)


def recover() -> None:
    """Do at once what the coordinator does every minute: end the transactions that were only prepared on a worker."""
    with connected() as connection:
        connection.execute("SELECT recover_prepared_transactions()")


def assert_sound(url: str) -> None:
    with open_journal(url) as journal:
        assert list(Verification(journal).findings()) == []


def test_init_makes_a_journal_on_a_worker_and_its_key_lets_it_move(schema: str, url: str) -> None:
    before = worker_of(schema)
    journal_with(url, sequence(3))
    host, port = another_than(before)
    with connected() as connection:
        connection.execute("SELECT citus_schema_move(CAST(%s AS regnamespace), %s, %s)", (schema, host, port))
    assert (worker_of(schema).host, worker_of(schema).port) == (host, port)
    assert [found.global_position for found in stored(url)] == [1, 2, 3]
    assert run("append", ID, "3", "a.b#C", "{}", url=url).stdout == "4\n"
    assert_sound(url)


def test_sizes_are_those_of_the_worker_and_what_it_does_not_check_is_said(schema: str, url: str) -> None:
    journal_with(url, generated(5_000))
    info = json.loads(run("info", "-F", "json", url=url).stdout)
    worker = worker_of(schema)
    with connected(address_of(worker)) as connection:
        connection.execute("SET citus.override_table_visibility TO off")
        [size] = connection.execute("SELECT pg_total_relation_size(%s)", (worker.table,)).fetchone() or [0]
    assert info["bytes"] == size > 500_000
    assert json.loads(run("stats", "-F", "json", url=url).stdout)["bytes"] >= size
    ended = run("verify", url=url)
    assert ended.returncode == 0
    assert (
        f"indexes were not checked, because Citus keeps the rows of {schema}.stored_events on another" in ended.stderr
    )


def test_a_position_that_another_server_took_is_tried_again_and_the_wait_ends(schema: str, url: str) -> None:
    journal_with(url, sequence(1))
    worker = worker_of(schema)
    with connected(address_of(worker)) as connection:
        connection.execute("SET citus.override_table_visibility TO off")
        connection.execute("BEGIN")
        connection.execute(
            f"INSERT INTO {worker.table} "
            "(global_position, originator_id, originator_version, event_type, state, recorded_at) "
            "VALUES (2, gen_random_uuid(), 0, 'x#Y', '{}', now())"
        )
        ended = run("append", ID, "1", "a.b#C", "{}", url=f"{url}&timeout=1")
        assert (ended.returncode, ended.stdout) == (5, "")
        assert "was locked by others for 1 second: try again" in ended.stderr
        committing = threading.Timer(1, lambda: connection.execute("COMMIT"))
        committing.start()
        assert run("append", ID, "1", "a.b#C", "{}", url=url).stdout == "3\n"
        committing.join()
    assert_sound(url)


@pytest.mark.parametrize("count", [1, 2])
def test_of_an_import_the_first_event_is_inserted_and_the_others_are_copied(
    url: str, tmp_path: Path, count: int
) -> None:
    assert run("import", "--quiet", str(file_with(tmp_path / "few.ndjson", sequence(count))), url=url).returncode == 0
    assert [found.global_position for found in stored(url)] == list(range(1, count + 1))


def test_a_copy_that_finds_a_place_taken_is_a_conflict(url: str, tmp_path: Path) -> None:
    journal_with(url, sequence(1))
    taken = file_with(tmp_path / "taken.ndjson", [*generated(100), event(0, state='{"other":1}')])
    ended = run("import", str(taken), url=url)
    assert ended.returncode == 4
    assert len(stored(url)) == 1


# What the coordinator sends to a worker for one event, which is committed in one phase, and for many, in two.
STEPS = [
    *(("append", step) for step in (b"BEGIN", b"INSERT", b"COMMIT\0")),
    *(("import", step) for step in (b"INSERT", b"COPY", b"PREPARE TRANSACTION", b"COMMIT PREPARED")),
]


@pytest.mark.parametrize("answered", [True, False], ids=["its answer is lost", "it is lost itself"])
@pytest.mark.parametrize(("command", "step"), STEPS)
def test_whatever_is_cut_between_the_servers_the_exit_code_tells_the_truth(
    schema: str, url: str, tmp_path: Path, command: str, step: bytes, answered: bool
) -> None:
    journal_with(url, sequence(2))
    worker = worker_of(schema)
    new = [event(2)] if command == "append" else list(generated(100))
    arguments = {
        "append": ["append", ID, "2", new[0].event_type, new[0].state],
        "import": ["import", "--quiet", str(file_with(tmp_path / "new.ndjson", new))],
    }
    with StepProxy(address_of(worker), step, answered=answered) as proxy, behind(proxy, worker):
        ended = run(*arguments[command], url=url)
        assert proxy.cuts == 1
    recover()
    found = len(stored(url)) - 2
    assert found in (0, len(new)), "a part was written"
    if ended.returncode == 0:
        assert found == len(new), "what was acknowledged is lost"
    else:
        assert ended.returncode == 5
        assert re.fullmatch("esjournal: [^\n]+\n", ended.stderr)
        if "not known whether it was written" not in ended.stderr:
            assert found == 0, "what was said to have failed is there"
    assert run("append", "other", "0", "a.b#C", "{}", url=url).stdout == f"{found + 3}\n"
    assert_sound(url)


def test_a_schema_moves_under_a_writer_and_a_follower(schema: str, url: str) -> None:
    host, port = another_than(worker_of(schema))
    with (
        connected() as connection,
        start("log", "-f", "--after", "0", "-F", "ndjson", url=url, stdout=subprocess.PIPE) as follower,
    ):
        moving = threading.Thread(
            target=connection.execute,
            args=("SELECT citus_schema_move(CAST(%s AS regnamespace), %s, %s)", (schema, host, port)),
        )
        moving.start()
        acknowledged: list[int] = []
        with open_journal(url) as journal:
            while moving.is_alive() or len(acknowledged) < 20:
                acknowledged += journal.events.append([event(len(acknowledged))])
        moving.join()
        assert follower.stdout is not None
        positions = [json.loads(follower.stdout.readline())["global_position"] for _ in acknowledged]
    assert positions == acknowledged == list(range(1, len(acknowledged) + 1))
    assert (worker_of(schema).host, worker_of(schema).port) == (host, port)
    assert_sound(url)


def test_an_import_whose_worker_is_killed_is_whole_or_nothing(schema: str, url: str, tmp_path: Path) -> None:
    file = file_with(tmp_path / "events.ndjson", generated(20_000))
    worker = worker_of(schema)
    for wait in (0.3, 0.6, 0.9):
        before = len(stored(url))
        with start("import", str(file), url=url, stderr=subprocess.PIPE) as importing:
            time.sleep(wait)
            with connected(address_of(worker)) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND application_name LIKE 'citus_internal%' AND pid <> pg_backend_pid()"
                )
            _, message = importing.communicate(timeout=60)
        recover()
        found = len(stored(url)) - before
        assert found in (0, 20_000 - before)
        assert importing.returncode in (0, 5), message
        if importing.returncode == 0:
            assert before + found == 20_000
    assert run("import", "--quiet", str(file), url=url).returncode == 0
    assert len(stored(url)) == 20_000
    assert_sound(url)

"""Connections that are cut at random moments: each command goes on, or ends with exit 5 and the truth.

What is there is decided by nonces, each of them in events of one command. The moments are the same in every run.
"""

from __future__ import annotations

import json
import random
import re
import shlex
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import Result

from esjournal.cli.exits import NOTHING_FOUND, STORE
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.concurrency.followed import NONE, Acknowledged, faults_of
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.server import OwnServer
from tests.helpers.events import ID, event
from tests.helpers.other_libraries.tables import writer
from tests.helpers.program import invoke, run
from tests.helpers.proxy import CuttingProxy
from tests.helpers.stores import file_with, journal_with

pytestmark = pytest.mark.long

StartFollower = Callable[..., Follower]
Count = Callable[[str], int]

CUTS = 100
RESTARTS = 10
PATIENCE = 60
EVENTS, IN_A_TRANSACTION = 300, 50
# The bytes that a command exchanges before it reads the first event.
CONNECTING = 10_000
DONE = re.compile(r"[\d,]+ read, ([\d,]+) appended, ")
COMMITTED = re.compile(r"; ([\d,]+) events were committed before that, and stay\n")
UNKNOWN = "not known whether it was written"
FINDING = re.compile("find out with `esjournal (.*)` on the same --url before you append it again\n")


@pytest.fixture
def dice() -> random.Random:
    return random.Random(15)


@pytest.fixture
def count(postgres_url: str) -> Count:
    """Count the events that have a nonce, in an empty journal."""
    initialise(postgres_url)
    return counting(postgres_url)


def counting(url: str) -> Count:
    """Return a function that counts the events with a nonce, once the server answers."""

    def count(nonce: str) -> int:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with writer(url) as connection:
                    query = "SELECT count(*) FROM stored_events WHERE state LIKE %s"
                    [found] = connection.execute(query, (f"%{nonce}%",)).fetchone() or (0,)
                    return int(found)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    return count


def bytes_of(url: str, *command: str) -> int:
    """Return how many bytes a command exchanges with the server."""
    with CuttingProxy(url) as proxy:
        ended = run(*command, url=proxy.url)
        assert ended.returncode == 0, ended.stderr
        return proxy.passed


def file_of(path: Path, nonce: str) -> Path:
    events = (event(n, json.dumps({"nonce": nonce}), of=str(uuid4())) for n in range(EVENTS))
    return file_with(path, [each._replace(originator_version=0) for each in events])


def found_out(*command: str, url: str) -> Result:
    """Run a command that reads, again and again until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while (ended := invoke(*command, url=url)).exit_code == STORE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ended.exit_code in (0, NOTHING_FOUND)
    return ended


def check_append(ended: Any, nonce: str, url: str, count: Count) -> str:
    """Check that an append has told the truth, and return what it has told."""
    is_there = count(nonce) == 1
    if ended.returncode == 0:
        assert is_there
        return "done"
    assert (ended.returncode, ended.stdout) == (STORE, "")
    assert re.fullmatch(r"esjournal: [^\n]+\n", ended.stderr), ended.stderr
    if UNKNOWN not in ended.stderr:
        assert not is_there, ended.stderr
        return "not there"
    command = FINDING.search(ended.stderr)
    assert command, ended.stderr
    found = found_out(*shlex.split(command[1]), "-F", "ndjson", url=url)
    assert (nonce in found.stdout) == is_there
    return "unknown, there" if is_there else "unknown, not there"


def check_import(ended: Any, nonce: str, count: Count) -> str:
    """Check that an import in parts has told the truth, and return what it has told."""
    there = count(nonce)
    assert there % IN_A_TRANSACTION == 0
    if ended.returncode == 0:
        done = DONE.search(ended.stderr)
        assert done
        assert there == int(done[1]) == EVENTS
        return "done"
    assert (ended.returncode, ended.stdout) == (STORE, "")
    committed = COMMITTED.search(ended.stderr)
    told = int(committed[1]) if committed else 0
    if UNKNOWN in ended.stderr:
        assert there in (told, told + IN_A_TRANSACTION)
        return "unknown"
    assert there == told, ended.stderr
    return "partly" if there else "not there"


# A network that is cut after a number of bytes


@pytest.mark.parametrize("version", ["next", "0"])
def test_an_append_that_is_cut_says_whether_its_event_is_there_or_how_to_find_out(
    postgres_url: str, count: Count, dice: random.Random, version: str
) -> None:
    length = bytes_of(postgres_url, "append", ID, "0", "a#B", '{"nonce":"first"}')
    ends: Counter[str] = Counter()
    for _ in range(CUTS):
        nonce = uuid4().hex
        place = [ID, "next"] if version == "next" else [str(uuid4()), "0"]
        # Half of the cuts are in the last tenth, where the COMMIT is.
        with CuttingProxy(postgres_url, [dice.randrange(dice.choice((1, length * 9 // 10)), length)]) as proxy:
            ended = run("append", *place, "a#B", json.dumps({"nonce": nonce}), url=proxy.url)
        ends[check_append(ended, nonce, postgres_url, count)] += 1
    print(dict(ends))  # noqa: T201
    assert set(ends) >= {"not there", "unknown, there"}


def test_an_import_that_is_cut_counts_what_is_committed_and_the_same_one_completes_it(
    postgres_url: str, count: Count, dice: random.Random, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    command = ["import", "--commit-every", str(IN_A_TRANSACTION), str(file)]
    file_of(file, "first")
    length = bytes_of(postgres_url, *command)
    ends: Counter[str] = Counter()
    for _ in range(CUTS):
        nonce = uuid4().hex
        file_of(file, nonce)
        with CuttingProxy(postgres_url, [dice.randrange(1, length)]) as proxy:
            ended = run(*command, url=proxy.url)
        ends[check_import(ended, nonce, count)] += 1
        assert run(*command, url=postgres_url).returncode == 0
        assert count(nonce) == EVENTS
    print(dict(ends))  # noqa: T201
    assert set(ends) >= {"not there", "partly"}


def test_an_export_that_is_cut_goes_on_or_writes_no_file_and_moves_no_cursor(
    postgres_url: str, dice: random.Random, tmp_path: Path
) -> None:
    journal_with(postgres_url, [event(n, json.dumps({"nonce": uuid4().hex})) for n in range(2_000)])
    whole, file, cursor = tmp_path / "whole.ndjson", tmp_path / "events.ndjson", tmp_path / "cursor"
    length = bytes_of(postgres_url, "export", "-o", str(whole))
    ends: Counter[str] = Counter()
    for _ in range(CUTS):
        # As often while it connects as while it reads.
        with CuttingProxy(postgres_url, [dice.randrange(1, dice.choice((CONNECTING, length)))]) as proxy:
            ended = run("export", "-o", str(file), "--cursor-file", str(cursor), url=proxy.url)
        ends[str(ended.returncode)] += 1
        if ended.returncode == 0:
            assert file.read_bytes() == whole.read_bytes()
            file.unlink()
            cursor.unlink()
        else:
            assert (ended.returncode, file.exists(), cursor.exists()) == (STORE, False, False)
            assert re.fullmatch(r"esjournal: [^\n]+\n", ended.stderr), ended.stderr
    print(dict(ends))  # noqa: T201
    # Cut while it reads, it goes on with another connection.
    assert ends["0"] > 0 < ends[str(STORE)]


def test_an_export_to_a_pipe_that_is_cut_goes_on_or_has_printed_whole_lines_from_the_beginning(
    postgres_url: str, dice: random.Random
) -> None:
    journal_with(postgres_url, [event(n, json.dumps({"nonce": uuid4().hex})) for n in range(2_000)])
    whole = run("export", url=postgres_url).stdout
    length = bytes_of(postgres_url, "export")
    for _ in range(CUTS):
        # As often while it connects as while it reads.
        with CuttingProxy(postgres_url, [dice.randrange(1, dice.choice((CONNECTING, length)))]) as proxy:
            ended = run("export", url=proxy.url)
        assert whole.startswith(ended.stdout)
        assert ended.stdout == "" or ended.stdout.endswith("\n")
        assert ended.returncode == (0 if ended.stdout == whole else STORE), ended.stderr


def test_a_follower_goes_on_after_every_cut(
    postgres_url: str, dice: random.Random, start_follower: StartFollower
) -> None:
    first = uuid4().hex
    journal_with(postgres_url, [event(0, json.dumps({"nonce": first}))])
    written = [Acknowledged(1, 0, first)]
    # It begins before the first cut. After that, to connect and to read on takes some 5,000 bytes.
    with CuttingProxy(postgres_url, [50_000, *(dice.randrange(1, 20_000) for _ in range(CUTS - 1))]) as proxy:
        follower = start_follower(proxy.url, "--after", "0")
        follower.wait_for(1)
        with open_journal(postgres_url) as journal:
            while proxy.cuts < CUTS:
                nonces = [uuid4().hex for _ in range(10)]
                version = len(written)
                positions = journal.events.append(
                    [event(version + n, json.dumps({"nonce": nonce})) for n, nonce in enumerate(nonces)]
                )
                written += [
                    Acknowledged(position, version + n, nonce)
                    for n, (position, nonce) in enumerate(zip(positions, nonces, strict=True))
                ]
                assert follower.process.poll() is None, follower.errors()
                time.sleep(0.02)
        follower.wait_for(len(written))
    assert faults_of(follower.followed(), written) == NONE
    said = {re.sub(r"postgresql:\S+ ", "", line) for line in follower.errors().splitlines()}
    assert all(re.search("waiting for it$|is available again$", line) for line in said), said


# A server that ends connections, and one that is stopped or crashes


@contextmanager
def struck(strike: Callable[[], int], dice: random.Random, seconds: float, times: int) -> Iterator[Callable[[], bool]]:
    """Strike at random moments inside the block, and yield a function that says whether it was done often enough.

    Args:
        strike: does it, and returns how many connections it ended.
        dice: says when.
        seconds: between two strikes at most.
        times: how many connections to end.
    """
    ended, is_over = 0, threading.Event()

    def strike_on() -> None:
        nonlocal ended
        while ended < times and not is_over.wait(dice.uniform(0, seconds)):
            ended += strike()

    thread = threading.Thread(target=strike_on)
    thread.start()
    try:
        yield lambda: not thread.is_alive()
    finally:
        is_over.set()
        thread.join()


def check_while_struck(url: str, follower: Follower, is_over: Callable[[], bool], tmp_path: Path) -> None:
    """Append, import and export until it is over, and check what each command tells, and what the follower shows."""
    count, ends = counting(url), Counter[str]()
    file, exported = tmp_path / "events.ndjson", tmp_path / "exported.ndjson"
    expected = Counter({"first": 1})
    while not is_over():
        nonce = uuid4().hex
        ended = run("append", str(uuid4()), "0", "a#B", json.dumps({"nonce": nonce}), url=url)
        ends["append: " + check_append(ended, nonce, url, count)] += 1
        expected[nonce] = count(nonce)
        nonce = uuid4().hex
        file_of(file, nonce)
        ended = run("import", "--commit-every", str(IN_A_TRANSACTION), str(file), url=url)
        ends["import: " + check_import(ended, nonce, count)] += 1
        expected[nonce] = count(nonce)
        ended = run("export", "-o", str(exported), url=url)
        assert ended.returncode in (0, STORE), ended.stderr
        ends[f"export: {ended.returncode}"] += 1
        if ended.returncode == 0:
            there = Counter(json.loads(line)["state"]["nonce"] for line in exported.read_text().splitlines())
            assert there == +expected
            exported.unlink()
        assert not exported.exists()
        assert follower.process.poll() is None, follower.errors()
    print(dict(ends))  # noqa: T201
    follower.wait_for(expected.total())
    followed = follower.followed()
    assert [each.position for each in followed] == list(range(1, expected.total() + 1))
    assert Counter(each.nonce for each in followed) == +expected


def test_commands_whose_connections_are_ended_tell_the_truth_and_a_follower_goes_on(
    postgres_url: str, dice: random.Random, start_follower: StartFollower, tmp_path: Path
) -> None:
    initialise(postgres_url)
    follower = start_follower(postgres_url, "--after", "0")
    with writer(postgres_url) as connection:

        def strike() -> int:
            query = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'esjournal' AND datname = current_database()"
            )
            [ended] = connection.execute(query).fetchone() or (0,)
            return int(ended)

        run("append", ID, "0", "a#B", '{"nonce":"first"}', url=postgres_url)
        follower.wait_for(1)
        with struck(strike, dice, 0.5, CUTS) as is_over:
            check_while_struck(postgres_url, follower, is_over, tmp_path)


@pytest.mark.parametrize("kind", ["stop", "crash"])
def test_commands_whose_server_is_restarted_tell_the_truth_and_a_follower_goes_on(
    own_server: OwnServer, dice: random.Random, start_follower: StartFollower, tmp_path: Path, kind: str
) -> None:
    url = f"{own_server.url}&schema=restarted_{kind}"
    initialise(url)
    run("append", ID, "0", "a#B", '{"nonce":"first"}', url=url)
    follower = start_follower(url, "--after", "0")
    follower.wait_for(1)

    def strike() -> int:
        getattr(own_server, kind)()
        own_server.recover()
        return 1

    with struck(strike, dice, 1.5, RESTARTS) as is_over:
        check_while_struck(url, follower, is_over, tmp_path)

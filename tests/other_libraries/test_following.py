"""`log -f` on the tables of other libraries: every event once, in order, while their own programs append."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import psycopg
import pytest

from esjournal.exceptions import StoreError
from esjournal.infrastructure.sqlalchemy.postgresql.session import PostgreSQLSession
from esjournal.journal.journal import open_journal
from esjournal.journal.read.follow import follow
from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.message_store import MessageDb
from tests.helpers.other_libraries.shop import Shop
from tests.helpers.other_libraries.urls import schema_of, text_of
from tests.helpers.program import start

PATIENCE = 60.0


class Follower:
    """A process that follows, and its output."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    def events(self) -> list[dict[str, Any]]:
        """Return the lines printed so far; half a line does not count."""
        return [json.loads(line) for line in self._output.read_text().split("\n")[:-1]]

    def wait_for(self, events: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.events()) < events:
            assert self._process.poll() is None, "the follower ended"
            assert time.monotonic() < deadline, "the follower does not see them"
            time.sleep(0.02)

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(PATIENCE) == 130


@contextmanager
def following(url: str, layout: str, folder: Path, *arguments: str) -> Iterator[Follower]:
    output = folder / "followed.ndjson"
    with (
        output.open("wb") as stream,
        start("log", "-f", "--layout", layout, "-F", "ndjson", *arguments, url=url, stdout=stream) as process,
    ):
        yield Follower(process, output)


def notes(events: list[dict[str, Any]], field: str) -> list[Any]:
    return [event["state"][field] for event in events if field in event["state"]]


@pytest.mark.parametrize(
    ("database", "with_functions"), [("sqlite", False), ("postgresql", False), ("postgresql", True)]
)
def test_a_follower_sees_each_event_of_a_bank_once_and_in_order(
    new_url: Callable[[str], str], open_bank: Callable[..., Bank], tmp_path: Path, database: str, with_functions: bool
) -> None:
    url = new_url(database)
    bank = open_bank(url, with_functions=with_functions)
    bank.make(accounts=1, events=3)
    with ExitStack() as appending, following(url, "eventsourcing", tmp_path, "--after", "1") as follower:
        programs = [appending.enter_context(bank.appending()) for _ in range(3)]
        for program in programs:
            program.wait_for(15)
        for program in programs:
            program.kill()
        notifications = bank.notifications()
        follower.wait_for(len(notifications) - 1)
        follower.end()
    assert [event["global_position"] for event in follower.events()] == [event.id for event in notifications[1:]]
    found = notes(follower.events(), "note")
    for program in programs:
        acknowledged = set(program.acknowledged())
        assert [note for note in found if note in acknowledged] == program.acknowledged()


def test_a_follower_sees_each_event_of_a_shop_once_and_in_order(
    store_url: str, open_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    shop = open_shop(store_url)
    shop.make(orders=1, events=2)
    with shop.appending() as program, following(store_url, "eventsourcing-4", tmp_path, "--after", "0") as follower:
        program.wait_for(20)
        # A follower waits until a write that was cut off is undone, but not while it still reads older events. The
        # events that it shows now are older; those acknowledged after this are not.
        follower.wait_for(1)
        follower.wait_for(len(program.acknowledged()) + 4)
        program.kill()
        # Without WAL mode, a write that was cut off is undone by the next program that opens the store to write.
        shop.make(orders=1, events=0)
        acknowledged = program.acknowledged()
        follower.wait_for(len(acknowledged) + 3)
        follower.end()
    assert notes(follower.events(), "nonce")[1 : len(acknowledged) + 1] == acknowledged


def test_a_follower_sees_each_message_once_and_in_order(message_db: MessageDb, tmp_path: Path) -> None:
    with following(message_db.url, "message-db", tmp_path, "--after", "0") as follower:
        for number in range(30):
            message_db.write(f"account-{number % 3}", "Deposited", {"number": number})
        follower.wait_for(30)
        follower.end()
    assert notes(follower.events(), "number") == list(range(30))
    assert [event["sequence_name"] for event in follower.events()[:3]] == ["account-0", "account-1", "account-2"]


# Ids that become visible out of order


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Functions to call, one each time that esjournal waits for writers, instead of sleeping."""
    happening: list[Callable[[], None]] = []
    wait = time.sleep

    def sleep(seconds: float) -> None:
        if happening:
            happening.pop(0)()
        wait(min(seconds, 0.01))

    monkeypatch.setattr("esjournal.infrastructure.sqlalchemy.postgresql.session.time.sleep", sleep)
    return happening


@contextmanager
def writer(url: str) -> Iterator[psycopg.Connection]:
    schema, server = schema_of(url)
    with psycopg.connect(text_of(server)) as connection:
        connection.execute(f'SET search_path TO "{schema}"')
        connection.commit()
        yield connection


def insert(connection: psycopg.Connection, version: int) -> None:
    # As a bank with functions inserts, which takes no lock that others wait for.
    connection.execute(
        "INSERT INTO bank_events (originator_id, originator_version, topic, state) "
        "VALUES ('9b300b13-4410-51bf-85ca-234c8cea73da', %s, 'accounts:Account.Opened', '{}')",
        (version,),
    )


def test_a_follower_waits_for_a_writer_that_took_an_earlier_id(
    postgres_url: str,
    open_bank: Callable[..., Bank],
    waiting: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_bank(postgres_url, with_functions=True).make(accounts=1, events=1)
    monkeypatch.setattr(PostgreSQLSession, "changes", lambda session, is_over: iter([None]))
    with open_journal(f"{postgres_url}&layout=eventsourcing") as journal, writer(postgres_url) as slow:
        insert(slow, 1)
        with writer(postgres_url) as quick:
            insert(quick, 2)
            quick.commit()
        waiting.append(slow.commit)
        seen = [event[-1] for found in _once(follow(journal, after=1)) for event in found.page]
    assert seen == [2, 3]


@pytest.mark.parametrize("command", ["export", "log", "list", "stats"])
def test_a_reader_waits_for_a_writer_that_took_an_earlier_id(
    postgres_url: str, open_bank: Callable[..., Bank], waiting: list[Callable[[], None]], command: str
) -> None:
    open_bank(postgres_url, with_functions=True).make(accounts=1, events=1)
    cli = CommandLine(postgres_url, "eventsourcing")
    with writer(postgres_url) as slow:
        insert(slow, 1)
        with writer(postgres_url) as quick:
            insert(quick, 2)
            quick.commit()
        waiting.append(slow.commit)
        if command == "stats":
            assert json.loads(cli.text("stats", "-F", "json"))["events"] == 3
        elif command == "list":
            assert sorted(found["events"] for found in cli.lines("list")) == [1, 2]
        else:
            assert [event["global_position"] for event in cli.lines(command)] == [1, 2, 3]


def test_a_follower_starts_after_a_writer_that_took_an_earlier_id(
    postgres_url: str,
    open_bank: Callable[..., Bank],
    waiting: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def changes(session: PostgreSQLSession, is_over: object) -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    open_bank(postgres_url, with_functions=True).make(accounts=1, events=1)
    monkeypatch.setattr(PostgreSQLSession, "changes", changes)
    with writer(postgres_url) as slow:
        insert(slow, 1)
        with writer(postgres_url) as quick:
            insert(quick, 2)
            quick.commit()
        waiting.append(slow.commit)
        result = CommandLine(postgres_url, "eventsourcing").run("log", "-f", "-F", "ndjson")
    assert [json.loads(line)["global_position"] for line in result.stdout.splitlines()] == [1, 2, 3]


def test_a_follower_waits_for_a_writer_for_longer_than_the_timeout(
    postgres_url: str, open_bank: Callable[..., Bank]
) -> None:
    open_bank(postgres_url, with_functions=True).make(accounts=1, events=1)
    told: list[str] = []
    with open_journal(f"{postgres_url}&layout=eventsourcing&timeout=0.1") as journal, writer(postgres_url) as slow:
        insert(slow, 1)
        with writer(postgres_url) as quick:
            insert(quick, 2)
            quick.commit()

        def on_lost(error: StoreError) -> None:
            told.append(str(error))
            # This also takes longer than the timeout.
            Timer(0.5, slow.commit).start()

        coming = follow(journal, after=1, on_lost=on_lost, on_found=lambda: told.append("goes on"))
        assert [event[-1] for event in next(coming).page] == [2, 3]
    assert "was locked by others for 0.1 seconds" in told[0]
    assert told[1:] == ["goes on"]


def test_a_writer_that_does_not_end_is_waited_for_until_the_timeout(
    postgres_url: str, open_bank: Callable[..., Bank]
) -> None:
    open_bank(postgres_url).make(accounts=1, events=1)
    with writer(postgres_url) as slow:
        insert(slow, 1)
        message = CommandLine(f"{postgres_url}&timeout=0.2", "eventsourcing").refused(5, "export")
    assert "was locked by others for 0.2 seconds" in message


def _once(coming: Iterator[Any]) -> Iterator[Any]:
    # `changes` gave one change, but its caller asks for changes without end.
    for found in coming:
        yield found
        return

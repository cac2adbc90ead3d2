"""Events written to the tables of eventsourcing 9 are read by the library itself, which appends after them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from esjournal.journal.journal import open_journal
from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.urls import is_sqlite, schema_of, text_of
from tests.helpers.program import start

DEPOSITED = "accounts:Account.Deposited"


def deposit(amount: str = "1.00", note: str = "by hand") -> dict[str, Any]:
    return {
        "timestamp": {"_type_": "datetime_iso", "_data_": "2026-11-24T12:00:00.123456+00:00"},
        "amount": {"_type_": "decimal_str", "_data_": amount},
        "reference": {"_type_": "uuid_hex", "_data_": "9b300b13441051bf85ca234c8cea73da"},
        "note": note,
    }


def opened(owner: str) -> dict[str, Any]:
    return {
        "timestamp": {"_type_": "datetime_iso", "_data_": "2026-11-24T12:00:00.123456+00:00"},
        "originator_topic": "accounts:Account",
        "owner": owner,
        "opened_on": {"_type_": "datetime_iso", "_data_": "2024-02-29T00:00:00+00:00"},
    }


def line(originator_id: str, version: int, event_type: str, state: object) -> str:
    fields = {
        "originator_id": originator_id,
        "originator_version": version,
        "event_type": event_type,
        "state": state,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


def lines_of_an_account(account: str, count: int) -> str:
    first = line(account, 1, "accounts:Account.Opened", opened("Zoë"))
    return first + "".join(line(account, version, DEPOSITED, deposit()) for version in range(2, count + 1))


@pytest.fixture
def empty(store_url: str, open_bank: Callable[..., Bank]) -> Bank:
    """A bank that has its tables, but no accounts."""
    bank = open_bank(store_url)
    assert bank.make(accounts=0, events=0) == []
    return bank


@pytest.fixture
def cli(store_url: str) -> CommandLine:
    return CommandLine(store_url, "eventsourcing")


def test_an_appended_event_is_one_of_the_librarys(
    store_url: str, open_bank: Callable[..., Bank], cli: CommandLine
) -> None:
    bank = open_bank(store_url)
    account, other = bank.make(accounts=2, events=2)
    state = json.dumps(deposit("5.00"), ensure_ascii=False)
    assert cli.text("append", account, "3", DEPOSITED, state) == "5\n"
    assert cli.text("append", account, "next", DEPOSITED, state) == "6\n"
    with bank.appending() as program:
        program.wait_for(3)
        program.kill()
    notifications = bank.notifications()
    assert [event.id for event in notifications] == list(range(1, len(notifications) + 1))
    assert [(event.originator_id, event.originator_version) for event in notifications[4:6]] == [
        (account, 3),
        (account, 4),
    ]
    assert notifications[4].state.decode() == state
    first, second = bank.states(account, other)
    assert (first["version"], first["balance"]) == (4, "10.01")
    assert (second["version"], second["balance"]) == (2, "0.01")


def test_the_next_version_of_a_new_sequence_is_1(empty: Bank, cli: CommandLine) -> None:
    account = cli.text("append", "new", "next", "accounts:Account.Opened", json.dumps(opened("Ann"))).strip()
    cli.text("append", account, "next", DEPOSITED, json.dumps(deposit()))
    assert [event.originator_version for event in empty.notifications()] == [1, 2]
    assert empty.states(account)[0]["owner"] == "Ann"


def test_a_taken_version_is_a_conflict(store_url: str, open_bank: Callable[..., Bank], cli: CommandLine) -> None:
    bank = open_bank(store_url)
    (account,) = bank.make(accounts=1, events=3)
    before = bank.notifications()
    message = cli.refused(4, "append", account, "2", DEPOSITED, json.dumps(deposit()))
    assert f"sequence {account}: version 2 is taken by a different event, the sequence is at version 3" in message
    assert bank.notifications() == before


def test_lines_are_appended_all_or_none(empty: Bank, cli: CommandLine) -> None:
    account = str(uuid4())
    assert cli.text("append", "-", input=lines_of_an_account(account, 3)) == "1\n2\n3\n"
    fresh = lines_of_an_account(str(uuid4()), 2)
    cli.refused(4, "append", "-", input=fresh + line(account, 3, DEPOSITED, {}))
    assert len(empty.notifications()) == 3
    assert empty.states(account)[0]["balance"] == "2.00"


@pytest.mark.parametrize("events", [3, 30])
def test_an_import_of_another_banks_export_makes_the_same_accounts(
    empty: Bank, cli: CommandLine, open_bank: Callable[..., Bank], tmp_path: Path, events: int
) -> None:
    bank = open_bank(f"sqlite:///{tmp_path / 'other.db'}")
    ids = bank.make(accounts=2, events=events)
    exported = CommandLine(bank.url, "eventsourcing").text("export")
    result = cli.run("import", "-", "-F", "ndjson", input=exported)
    assert (result.exit_code, f"{2 * events} appended, 0 already there" in result.stderr) == (0, True), result.stderr
    assert empty.states(*ids) == bank.states(*ids)
    assert [event[1:] for event in empty.notifications()] == [event[1:] for event in bank.notifications()]
    with empty.appending() as program:
        program.wait_for(2)
    again = cli.run("import", "-", "-F", "ndjson", input=exported)
    assert (again.exit_code, f"0 appended, {2 * events} already there" in again.stderr) == (0, True), again.stderr


@pytest.mark.parametrize("options", [{"compressed": True}, {"compressed": True, "encrypted": True}, {"text_ids": True}])
def test_states_and_names_go_from_one_bank_to_another_as_they_are_stored(
    store_url: str, cli: CommandLine, open_bank: Callable[..., Bank], tmp_path: Path, options: dict[str, bool]
) -> None:
    bank = open_bank(f"sqlite:///{tmp_path / 'other.db'}", **options)
    ids = bank.make(accounts=2, events=12)
    # A SQLite table only shows by its content that its ids are texts.
    other = open_bank(store_url, **options)
    (there,) = other.make(accounts=1, events=1)
    cli.text("import", "-", "-F", "ndjson", "-q", input=CommandLine(bank.url, "eventsourcing").text("export"))
    assert other.states(*ids) == bank.states(*ids)
    assert {event[1:] for event in bank.notifications()} < {event[1:] for event in other.notifications()}
    assert other.states(there)[0]["version"] == 1


def test_a_version_in_another_words_is_a_conflict_of_an_import(empty: Bank, cli: CommandLine) -> None:
    account = str(uuid4())
    cli.text("append", "-", input=lines_of_an_account(account, 3))
    result = cli.run("import", "-", "-F", "ndjson", input=line(account, 2, DEPOSITED, deposit("9.99")))
    assert result.exit_code == 4
    assert f"standard input:1: sequence {account}: version 2 is taken by a different event" in result.stderr
    assert empty.states(account)[0]["balance"] == "2.00"


def test_a_state_that_bytes_would_not_give_back_is_a_bad_line(empty: Bank, cli: CommandLine, tmp_path: Path) -> None:
    account = str(uuid4())
    bad = [line(account, version, DEPOSITED, state) for version, state in ((3, "no base64!"), (4, "e30="), (5, "QQ"))]
    given = lines_of_an_account(account, 2) + "".join(bad)
    result = cli.run("import", "-", "-F", "ndjson", input=given)
    assert result.exit_code == 3
    reason = "the state is neither JSON nor the base64 of other bytes, so it could not be read back unchanged"
    assert [message.partition(": ")[2] for message in result.stderr.splitlines()[:3]] == [
        f"standard input:{number}: {reason}" for number in (3, 4, 5)
    ]
    assert empty.notifications() == []
    rejects = tmp_path / "rejects.ndjson"
    result = cli.run("import", "-", "-F", "ndjson", "--rejects", str(rejects), input=given)
    assert result.exit_code == 3
    put_aside = list(map(json.loads, rejects.read_text().splitlines()))
    assert [event["originator_version"] for event in put_aside] == [3, 4, 5]
    assert reason in json.dumps(put_aside[0]["reject"])
    assert [event.originator_version for event in empty.notifications()] == [1, 2]


def test_an_opaque_state_is_stored_as_the_bytes_that_it_stands_for(empty: Bank, cli: CommandLine) -> None:
    stored = bytes(range(256))
    given = line(str(uuid4()), 1, DEPOSITED, b64encode(stored).decode())
    cli.text("import", "-", "-F", "ndjson", input=given)
    assert [event.state for event in empty.notifications()] == [stored]


@pytest.mark.parametrize("with_functions", [False, True])
def test_nothing_is_lost_while_the_librarys_program_appends(
    store_url: str, open_bank: Callable[..., Bank], cli: CommandLine, tmp_path: Path, with_functions: bool
) -> None:
    bank = open_bank(store_url, with_functions=with_functions and not is_sqlite(store_url))
    accounts = [str(uuid4()) for _ in range(10)]
    file = tmp_path / "events.ndjson"
    file.write_text("".join(lines_of_an_account(account, 100) for account in accounts))
    with bank.appending() as program:
        program.wait_for(5)
        with start(
            "import", "--layout", "eventsourcing", "--commit-every", "100", "-q", str(file), url=store_url
        ) as process:
            assert process.wait(60) == 0
        program.wait_for(len(program.acknowledged()) + 5)
        program.kill()
    notifications = bank.notifications()
    notes = [json.loads(event.state).get("note") for event in notifications]
    acknowledged = program.acknowledged()
    found = [note for note in notes if note not in (None, "by hand")]
    assert found[: len(acknowledged)] == acknowledged
    assert len(found) - len(acknowledged) in (0, 1)
    for account in accounts:
        versions = [event.originator_version for event in notifications if event.originator_id == account]
        assert versions == list(range(1, 101))
    assert [state["balance"] for state in bank.states(*accounts)] == ["99.00"] * 10
    lines = cli.lines("export")
    assert [event["global_position"] for event in lines] == [event.id for event in notifications]


def test_a_follower_by_notify_is_notified(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    (account,) = open_bank(postgres_url).make(accounts=1, events=1)
    _, server = schema_of(postgres_url)
    with psycopg.connect(text_of(server), autocommit=True) as listener:
        listener.execute("LISTEN bank_events")
        CommandLine(postgres_url, "eventsourcing").text("append", account, "next", DEPOSITED, "{}")
        assert len(list(listener.notifies(timeout=10, stop_after=1))) == 1
        given = lines_of_an_account(str(uuid4()), 40)
        CommandLine(postgres_url, "eventsourcing").text("import", "-", "-F", "ndjson", input=given)
        assert len(list(listener.notifies(timeout=10, stop_after=1))) == 1


def test_two_events_for_one_place_of_an_empty_table_are_a_conflict(empty: Bank, cli: CommandLine) -> None:
    account = str(uuid4())
    twice = line(account, 1, DEPOSITED, {"n": 1}) + line(account, 1, DEPOSITED, {"n": 2})
    assert cli.run("import", "-", "-F", "ndjson", input=twice).exit_code == 4
    assert empty.notifications() == []


def test_a_name_is_not_an_id_if_ids_are_uuids(empty: Bank, cli: CommandLine) -> None:
    message = cli.refused(2, "append", "9b300b13-4410-51bf-85ca-234c8cea73d", "next", DEPOSITED, "{}")
    assert "is not a UUID, and the sequences of" in message
    assert empty.notifications() == []


def test_names_go_into_a_file_that_has_no_ids_yet(
    sqlite_url: str, open_bank: Callable[..., Bank], tmp_path: Path
) -> None:
    bank = open_bank(f"sqlite:///{tmp_path / 'other.db'}", text_ids=True)
    ids = bank.make(accounts=2, events=12)
    empty = open_bank(sqlite_url, text_ids=True)
    empty.make(accounts=0, events=0)
    exported = CommandLine(bank.url, "eventsourcing").text("export")
    for outcome in ("24 appended, 0 already there", "0 appended, 24 already there"):
        result = CommandLine(sqlite_url, "eventsourcing").run("import", "-", "-F", "ndjson", input=exported)
        assert (result.exit_code, outcome in result.stderr) == (0, True), result.stderr
    assert empty.states(*ids) == bank.states(*ids)


def test_a_writer_holds_the_lock_that_the_library_takes(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    open_bank(postgres_url).make(accounts=0, events=0)
    schema, server = schema_of(postgres_url)
    with (
        open_journal(f"{postgres_url}&layout=eventsourcing") as journal,
        journal.events.transaction(),
        psycopg.connect(text_of(server)) as other,
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        other.execute(f'LOCK TABLE "{schema}".bank_events IN EXCLUSIVE MODE NOWAIT')


def test_what_has_no_place_in_the_table_is_refused(empty: Bank, cli: CommandLine) -> None:
    message = cli.refused(2, "append", "new", "next", DEPOSITED, "{}", "--recorded-at", "2026-01-31T12:00:00Z")
    assert "cannot store a recording time" in message
    assert empty.notifications() == []

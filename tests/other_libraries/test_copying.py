"""Copies and comparisons of the stores of other libraries: proven, compared, and read back by the library."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.events import ID
from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.message_store import MessageDb
from tests.helpers.other_libraries.shop import Shop
from tests.helpers.program import invoke
from tests.helpers.stores import stored

PROVEN = r"proven: (\d+) events, sha256 [0-9a-f]{64} on both sides"


def copied(source: str, target: str, *options: str) -> str:
    """Copy, and return what the command reports."""
    result = invoke("copy", *options, source, target)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def same(a: str, b: str, *options: str) -> None:
    result = invoke("diff", *options, a, b)
    assert (result.exit_code, result.stdout) == (0, ""), result.output


def with_layout(url: str, layout: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}layout={layout}"


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """The path of an empty journal."""
    path = str(tmp_path / "copied.db")
    initialise(path)
    return path


@pytest.mark.parametrize("options", [{}, {"compressed": True, "encrypted": True}], ids=["plain", "encrypted"])
def test_a_bank_goes_through_a_journal_to_another_database_and_is_the_same_bank(
    open_bank: Callable[..., Bank], journal: str, tmp_path: Path, postgres_url: str, options: dict[str, bool]
) -> None:
    old = open_bank(f"sqlite:///{tmp_path / 'old.db'}", **options)
    accounts = old.make(3, 7)
    new = open_bank(postgres_url, **options)
    assert new.make(0, 0) == []  # which makes its tables
    old_url, new_url = with_layout(old.url, "eventsourcing"), with_layout(new.url, "eventsourcing")
    for source, target in ((old_url, journal), (journal, new_url)):
        said = copied(source, target)
        assert re.search(PROVEN, said)
        assert "21 read, 21 appended" in said
    same(old_url, new_url)
    same(journal, new_url)
    written, read = ([event[1:] for event in bank.notifications()] for bank in (old, new))
    assert read == written
    assert new.states(*accounts) == old.states(*accounts)


def test_text_ids_keep_their_names_from_bank_to_bank_and_are_uuids_in_a_journal(
    open_bank: Callable[..., Bank], journal: str, tmp_path: Path, postgres_url: str
) -> None:
    old = open_bank(f"sqlite:///{tmp_path / 'old.db'}", text_ids=True)
    accounts = old.make(2, 4)
    new = open_bank(postgres_url, text_ids=True)
    new.make(0, 0)
    old_url, new_url = with_layout(old.url, "eventsourcing"), with_layout(new.url, "eventsourcing")
    assert re.search(PROVEN, copied(old_url, new_url))
    assert new.states(*accounts) == old.states(*accounts)
    assert re.search(PROVEN, copied(old_url, journal))
    same(old_url, journal)
    same(journal, new_url)


@pytest.mark.parametrize("table", ["stored_events", "integer_sequenced_items"])
def test_an_old_shop_is_copied_into_a_journal(
    open_shop: Callable[..., Shop], journal: str, store_url: str, table: str
) -> None:
    shop = open_shop(store_url, table=table)
    shop.make(2, 3)
    url = f"{with_layout(shop.url, 'eventsourcing-4')}&table={table}"
    assert re.search(PROVEN, copied(url, journal))
    assert sorted(event[:4] for event in stored(journal)) == sorted(
        (item.sequence_id, item.position, item.topic, item.data) for item in shop.items()
    )
    same(url, journal)
    result = invoke("copy", journal, url)
    assert result.exit_code == 2
    assert "which is only read" in result.stderr


def test_messages_are_copied_into_a_journal_and_back_with_names_metadata_and_ids(
    message_db: MessageDb, journal: str, postgres_url: str
) -> None:
    for number in range(3):
        message_db.write("account-1", "Deposited", {"amount": number}, {"by": "Ann", "n": 1.10} if number else None)
        message_db.write("account-é", "Deposited", {"amount": number})
    before = message_db.category("account")
    url = with_layout(message_db.url, "message-db")
    initialise(postgres_url)
    for source, target in ((url, journal), (journal, postgres_url)):
        assert re.search(PROVEN, copied(source, target))
        same(source, target)
    message_db.connection.execute("TRUNCATE messages RESTART IDENTITY")
    assert re.search("proven: 6 events", copied(postgres_url, url))
    same(postgres_url, url)
    assert [message._replace(time=None) for message in message_db.category("account")] == [
        message._replace(time=None) for message in before
    ]


def test_a_journal_is_copied_into_messages_as_json_values(message_db: MessageDb, journal: str) -> None:
    # With spaces, an order of keys, an exponent and a duplicate key, none of which jsonb keeps.
    states = ['{"b":1.10,"a":[1,2]}', '{"big":1E2,"é":"\\u00e9"}', '{"x":1,"x":2}', "{}"]
    events = [
        {
            "originator_id": ID,
            "originator_version": version,
            "event_type": "a#B",
            "state": "STATE",
        }
        for version in range(len(states))
    ]
    lines = [json.dumps(event).replace('"STATE"', state) for event, state in zip(events, states, strict=True)]
    assert invoke("import", "-", url=journal, input="\n".join(lines)).exit_code == 0
    url = with_layout(message_db.url, "message-db")
    said = copied(journal, url)
    assert "proven: 4 events, 3 of them equal as JSON but not as text, so there is no common digest" in said
    assert "4 read, 0 appended, 4 already there" in copied(journal, url)
    assert [json.loads(str(message.data)) for message in message_db.stream(ID)] == [
        json.loads(state) for state in states
    ]
    same(journal, url, "--as-json")
    assert invoke("diff", journal, url).exit_code == 1


def test_a_sequence_that_does_not_begin_at_0_does_not_fit_into_messages(message_db: MessageDb, journal: str) -> None:
    invoke("append", "9b300b13-4410-51bf-85ca-234c8cea73da", "1", "a", "{}", url=journal)
    url = with_layout(message_db.url, "message-db")
    for options in ([], ["--dry-run"]):
        result = invoke("copy", *options, journal, url)
        assert result.exit_code == 3
        assert "version 1 follows no event: the sequence is new" in result.stderr
    assert message_db.stream("9b300b13-4410-51bf-85ca-234c8cea73da") == []


def test_a_state_that_does_not_fit_into_a_bank_is_reported_and_rejected(
    open_bank: Callable[..., Bank], journal: str, tmp_path: Path
) -> None:
    bank = open_bank(f"sqlite:///{tmp_path / 'bank.db'}")
    bank.make(0, 0)
    line = (
        '{"originator_id":"9b300b13-4410-51bf-85ca-234c8cea73da","originator_version":%d,"event_type":"a","state":%s}'
    )
    invoke("import", "-", url=journal, input=f"{line % (1, '{}')}\n{line % (2, json.dumps('no base64'))}\n")
    url = with_layout(bank.url, "eventsourcing")
    result = invoke("copy", journal, url)
    assert result.exit_code == 3
    assert f"sqlite:///{journal}:2: the state is neither JSON nor the base64" in result.stderr
    assert bank.notifications() == []
    result = invoke("copy", "--rejects", str(tmp_path / "rejects.ndjson"), journal, url)
    assert result.exit_code == 3
    assert "proven: 1 event," in result.stderr
    assert len(bank.notifications()) == 1
    assert "no base64" in (tmp_path / "rejects.ndjson").read_text()


def rejects_of(source: str, target: str, folder: Path) -> list[dict[str, object]]:
    """Copy with rejects, and return them; there must be some."""
    file = folder / "rejects.ndjson"
    result = invoke("copy", "--rejects", str(file), source, target)
    assert result.exit_code == 3, result.stderr
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("type", "'" + "x" * 300 + "'", "is too long: 255 characters are allowed"),
        ("type", "E'a\\x1b'", "has the control character U+001B"),
        ("type", "''", "event_type is empty"),
        ("position", "-5", "originator_version '-5' is not a version"),
        ("time", "'infinity'", "is not a time"),
        ("time", "'20000-01-01'", "is not a time"),
        ("time", "'0044-03-15 BC'", "is not a time"),
    ],
)
def test_exactly_the_bad_message_is_put_aside_and_the_others_are_copied(
    message_db: MessageDb, journal: str, tmp_path: Path, column: str, value: str, reason: str
) -> None:
    for number in range(700):
        message_db.write(f"account-{number % 7}", "Deposited", {"n": number})
    message_db.connection.execute(f"UPDATE messages SET {column} = {value} WHERE global_position = 500")
    url = with_layout(message_db.url, "message-db")
    result = invoke("verify", url=url)
    assert result.exit_code == 1
    assert len([line for line in result.stdout.splitlines() if line.startswith("bad-line")]) == 1
    [reject] = rejects_of(url, journal, tmp_path)
    assert reason in str(reject["reject"])
    assert (reject["sequence_name"], reject["global_position"]) == ("account-2", 500)
    assert len(stored(journal)) == 699


NAME = "account-500"
BAD_ROWS = [
    {"topic": "x" * 300},
    {"topic": "a\x1bb"},
    {"topic": ""},
    {"topic": None},
    {"topic": b"\xff"},
    {"topic": "a\0b"},
    {"originator_version": -1},
    {"originator_version": "one"},
    {"originator_version": 1.5},
    {"state": None},
    {"state": 7},
    {"originator_id": None},
    {"originator_id": b"\xff"},
]


@pytest.mark.parametrize("named", [True, False], ids=["names", "hex"])
@pytest.mark.parametrize("bad", [*BAD_ROWS, {"originator_id": "9b30"}, {"originator_id": "9B" * 16}], ids=repr)
def test_exactly_the_bad_row_is_put_aside_and_the_others_are_copied(
    journal: str, tmp_path: Path, named: bool, bad: dict[str, object]
) -> None:
    if named and isinstance(bad.get("originator_id"), str):
        # In such a store this is a valid name.
        return
    path = tmp_path / "bad.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
            "PRIMARY KEY (originator_id, originator_version))"
        )
        for number in range(1, 701):
            originator_id = f"account-{number}" if named else f"{number:032x}"
            row = {"originator_id": originator_id, "originator_version": 1, "topic": "T", "state": b"{}"}
            connection.execute(
                "INSERT INTO stored_events VALUES (:originator_id, :originator_version, :topic, :state)",
                {**row, **bad} if number == 500 else row,
            )
    url = with_layout(str(path), "eventsourcing")
    result = invoke("verify", url=url)
    assert result.exit_code == 1
    assert len([line for line in result.stdout.splitlines() if line.startswith("bad-line")]) == 1
    [reject] = rejects_of(url, journal, tmp_path)
    assert reject["global_position"] == 500
    assert len(stored(journal)) == 699
    if named and "originator_id" not in bad:
        assert reject["sequence_name"] == NAME


def test_a_rejected_message_is_imported_under_its_name_when_it_is_fixed(
    message_db: MessageDb, journal: str, tmp_path: Path
) -> None:
    for number in range(3):
        message_db.write("account-1", "x" * 300 if number == 2 else "Deposited", {"n": number})
    url = with_layout(message_db.url, "message-db")
    [reject] = rejects_of(url, journal, tmp_path)
    message_db.connection.execute("DELETE FROM messages WHERE position = 2")
    mended = json.dumps({**reject, "event_type": "Deposited", "state": json.loads(str(reject["state"]))})
    assert invoke("import", "-", url=url, input=mended).exit_code == 0
    assert [message.position for message in message_db.stream("account-1")] == [0, 1, 2]

"""Stores of eventsourcing 9: the library itself reads back what it wrote."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest

from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.urls import schema_of, text_of


@contextmanager
def inserting(url: str) -> Iterator[psycopg.Connection]:
    """Hold the lock of a transaction that has inserted events."""
    schema, server = schema_of(url)
    with psycopg.connect(text_of(server)) as connection:
        connection.execute(f'LOCK TABLE "{schema}".bank_events IN ROW EXCLUSIVE MODE')
        yield connection
        connection.rollback()


def test_accounts_are_written_in_turn_from_version_1(store_url: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(store_url)
    first, second = bank.make(accounts=2, events=3)
    notifications = bank.notifications()
    assert [(event.originator_id, event.originator_version) for event in notifications] == [
        (account, version) for version in (1, 2, 3) for account in (first, second)
    ]
    assert [event.id for event in notifications] == [1, 2, 3, 4, 5, 6]
    assert UUID(first).version == 4
    assert notifications[2].topic == "accounts:Account.Deposited"
    assert json.loads(notifications[2].state)["note"] == "„note” 1"


def test_a_state_is_made_of_a_snapshot_and_what_followed(store_url: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(store_url)
    (account,) = bank.make(accounts=1, events=5)
    (state,) = bank.states(account)
    assert (state["version"], state["owner"], state["balance"]) == (5, "Ærøskøbing 3", "0.07")


def test_ids_can_be_texts(store_url: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(store_url, text_ids=True)
    (account,) = bank.make(accounts=1, events=5)
    assert account.startswith("account-")
    assert {event.originator_id for event in bank.notifications()} == {account}
    assert bank.states(account)[0]["version"] == 5


@pytest.mark.parametrize("encrypted", [False, True])
def test_states_can_be_compressed_and_encrypted(
    store_url: str, open_bank: Callable[..., Bank], encrypted: bool
) -> None:
    bank = open_bank(store_url, compressed=True, encrypted=encrypted)
    (account,) = bank.make(accounts=1, events=2)
    state = bank.notifications()[1].state
    if encrypted:
        with pytest.raises(zlib.error):
            zlib.decompress(state)
    else:
        assert json.loads(zlib.decompress(state))["note"] == "„note” 1"
    assert bank.states(account)[0]["balance"] == "0.01"


def test_functions_in_postgresql_write_the_same(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(postgres_url, with_functions=True)
    (account,) = bank.make(accounts=1, events=3)
    assert [event.originator_version for event in bank.notifications()] == [1, 2, 3]
    assert bank.states(account)[0]["version"] == 3


def test_functions_in_postgresql_insert_while_another_transaction_does(
    postgres_url: str, open_bank: Callable[..., Bank]
) -> None:
    with open_bank(postgres_url, with_functions=True).appending() as appending, inserting(postgres_url):
        appending.wait_for(len(appending.acknowledged()) + 10)


def test_without_functions_it_waits_for_other_transactions(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    with open_bank(postgres_url).appending(), inserting(postgres_url) as connection:
        deadline = time.monotonic() + 30
        query = (
            "SELECT mode FROM pg_locks WHERE NOT granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        while ("ExclusiveLock",) not in connection.execute(query).fetchall():
            assert time.monotonic() < deadline, "it does not wait"


def test_what_was_acknowledged_is_there_after_a_kill(store_url: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(store_url)
    with bank.appending() as appending:
        appending.wait_for(20)
        appending.kill()
    notes = [json.loads(event.state).get("note") for event in bank.notifications()]
    acknowledged = appending.acknowledged()
    assert len(acknowledged) >= 20
    assert notes[1 : len(acknowledged) + 1] == acknowledged

"""Stores of message-db: its own functions read back what they wrote."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.helpers.events import ID
from tests.helpers.other_libraries.message_store import MessageDb


@pytest.mark.parametrize(
    "stream", ["account-123", f"account-{ID}", ID, "account:snapshot-123", "Konto-Ærøskøbing 日本 🦆"]
)
def test_a_stream_begins_at_position_0(message_db: MessageDb, stream: str) -> None:
    for number in range(3):
        assert message_db.write(stream, "Deposited", {"amount": number, "note": "„note”"}) == number
    messages = message_db.stream(stream)
    assert [(message.stream_name, message.position) for message in messages] == [(stream, 0), (stream, 1), (stream, 2)]
    assert json.loads(messages[2].data or "") == {"amount": 2, "note": "„note”"}


def test_a_category_has_the_messages_of_its_streams_in_the_order_of_all(message_db: MessageDb) -> None:
    for number in range(4):
        message_db.write(f"account-{number % 2}", "Deposited", {"amount": number})
        message_db.write("other-1", "Happened", {})
    messages = message_db.category("account")
    assert [message.global_position for message in messages] == [1, 3, 5, 7]
    assert [message.position for message in messages] == [0, 0, 1, 1]


def test_data_and_metadata_may_be_null(message_db: MessageDb) -> None:
    message_db.write("account-1", "Closed", None)
    message_db.write("account-1", "Reopened", {}, {"correlationStreamName": "other-1"})
    closed, reopened = message_db.stream("account-1")
    assert (closed.data, closed.metadata) == (None, None)
    assert json.loads(reopened.metadata or "") == {"correlationStreamName": "other-1"}


def test_a_wrong_expected_version_is_refused(message_db: MessageDb) -> None:
    message_db.write("account-1", "Opened", {}, expected_version=-1)
    with pytest.raises(psycopg.errors.RaiseException, match="Wrong expected version: -1"):
        message_db.write("account-1", "Opened", {}, expected_version=-1)

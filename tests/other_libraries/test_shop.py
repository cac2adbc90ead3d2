"""Stores of eventsourcing 2, 3 and 4: the libraries themselves read back what they wrote."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.helpers.other_libraries.shop import Shop


@pytest.mark.parametrize(
    ("version", "table"),
    [
        ("4.0.0", "stored_events"),
        ("4.0.0", "integer_sequenced_items"),
        ("4.0.0", "timestamp_sequenced_items"),
        ("3.1.0", "stored_events"),
        ("3.1.0", "integer_sequenced_items"),
        ("3.1.0", "timestamp_sequenced_items"),
        ("2.1.1", "integer_sequenced_items"),
        ("2.1.1", "timestamp_sequenced_items"),
    ],
)
def test_orders_are_written_in_turn(store_url: str, open_shop: Callable[..., Shop], version: str, table: str) -> None:
    shop = open_shop(store_url, version, table)
    first, second = shop.make(orders=2, events=3)
    items = sorted(shop.items(), key=lambda item: (item.position, item.sequence_id == second))
    assert [item.sequence_id for item in items] == [first, second] * 3
    assert [item.topic for item in items[1:3]] == ["orders#Created", "orders#Ordered"]
    assert json.loads(items[2].data)["item"] == "„tea” 1"
    if table != "timestamp_sequenced_items":
        assert [item.position for item in items] == [0, 0, 1, 1, 2, 2]


def test_what_was_acknowledged_is_there_after_a_kill(store_url: str, open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(store_url)
    with shop.appending() as appending:
        appending.wait_for(20)
        appending.kill()
    nonces = [json.loads(item.data).get("nonce") for item in sorted(shop.items(), key=lambda item: item.position)]
    acknowledged = appending.acknowledged()
    assert len(acknowledged) >= 20
    assert nonces[1 : len(acknowledged) + 1] == acknowledged

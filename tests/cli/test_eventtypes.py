"""Event types: their module and their name, which is all that a narrow terminal shows."""

from __future__ import annotations

import pytest

from esjournal.cli.rendering.parts.eventtypes import name_of, parts_of
from tests.helpers.events import event
from tests.helpers.stores import journal_with
from tests.helpers.terminal import on_terminal


@pytest.mark.parametrize(
    ("event_type", "parts"),
    [
        ("shop.events#OrderPlaced", ("shop.events#", "OrderPlaced")),
        ("shop#Order.Placed", ("shop#", "Order.Placed")),
        ("shop.orders:Order.Placed", ("shop.orders:", "Order.Placed")),
        ("shop:orders#Placed", ("shop:orders#", "Placed")),
        ("Deposited", ("", "Deposited")),
        ("http://shop/placed", ("", "http://shop/placed")),
        ("at 12:30", ("", "at 12:30")),
        ("shop:8", ("", "shop:8")),
        (":Placed", ("", ":Placed")),
        ("shop#", ("shop#", "")),
    ],
)
def test_a_module_comes_before_the_last_hash_or_a_colon_and_a_name(event_type: str, parts: tuple[str, str]) -> None:
    assert parts_of(event_type) == parts
    assert name_of(event_type) == (parts[1] or event_type)


@pytest.mark.parametrize("command", [["log", "--no-pager"], ["list"]])
def test_a_narrow_terminal_shows_names_without_modules(sqlite_url: str, command: list[str]) -> None:
    journal_with(sqlite_url, [event(0)._replace(event_type="shop.domain.orders:Order.Placed")])
    text = on_terminal(*command, url=sqlite_url)
    assert "Order.Placed" in text
    assert "shop.domain" not in text

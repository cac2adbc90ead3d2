"""The events of eventsourcing 2 to 4 are read as the libraries themselves read them, and never written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.shop import Item, Shop
from tests.helpers.program import invoke
from tests.helpers.stores import execute

STORES = [
    ("sqlite", "4.0.0", "stored_events"),
    ("postgresql", "4.0.0", "stored_events"),
    ("sqlite", "4.0.0", "integer_sequenced_items"),
    ("postgresql", "4.0.0", "integer_sequenced_items"),
    ("sqlite", "3.1.0", "stored_events"),
    ("sqlite", "3.1.0", "integer_sequenced_items"),
    ("sqlite", "2.1.1", "integer_sequenced_items"),
    ("postgresql", "2.1.1", "integer_sequenced_items"),
]
# Rows without an id have no known order, and positions that are times are not versions.
NOT_READ = [
    ("postgresql", "3.1.0", "stored_events"),
    ("postgresql", "3.1.0", "integer_sequenced_items"),
    ("sqlite", "4.0.0", "timestamp_sequenced_items"),
    ("postgresql", "4.0.0", "timestamp_sequenced_items"),
]


class Kept(NamedTuple):
    """A store that tests only read, the items as its library reads them, and the store for esjournal's commands."""

    ids: list[str]
    items: list[Item]
    table: str
    cli: CommandLine


def made(
    param: tuple[str, str, str],
    new_url: Callable[[str], str],
    python: Callable[[str], Path],
    factory: pytest.TempPathFactory,
) -> Kept:
    database, version, table = param
    url = new_url(database)
    shop = Shop(python(version), url, factory.mktemp("shop"), table=table)
    ids = shop.make(orders=2, events=3)
    # The library does not ask for an order; orders were written in turn.
    items = sorted(shop.items(), key=lambda item: (item.position, ids.index(item.sequence_id)))
    return Kept(ids, items, table, CommandLine(url, "eventsourcing-4"))


@pytest.fixture(scope="module", params=STORES, ids="-".join)
def kept(
    request: pytest.FixtureRequest,
    new_url: Callable[[str], str],
    python_with_eventsourcing: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Kept:
    """A store of two orders with three events each."""
    return made(request.param, new_url, python_with_eventsourcing, tmp_path_factory)


@pytest.fixture(scope="module", params=NOT_READ, ids="-".join)
def not_read(
    request: pytest.FixtureRequest,
    new_url: Callable[[str], str],
    python_with_eventsourcing: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Kept:
    """A store whose table has no versions, or no order."""
    return made(request.param, new_url, python_with_eventsourcing, tmp_path_factory)


def line_of(item: Item, position: int) -> str:
    # Orders do not store when they were made.
    return (
        f'{{"originator_id":"{UUID(item.sequence_id)}","originator_version":{item.position},'
        f'"event_type":"{item.topic}","state":{item.data},"global_position":{position}}}'
    )


def test_an_export_has_what_the_library_reads_byte_for_byte(kept: Kept) -> None:
    expected = [line_of(item, position) for position, item in enumerate(kept.items, 1)]
    assert kept.cli.text("export").splitlines() == expected


def test_a_sequence_is_what_the_library_reads_of_it(kept: Kept) -> None:
    for order in kept.ids:
        states = [item.data for item in kept.items if item.sequence_id == order]
        for start in (order, order[:10]):
            text = kept.cli.text("get", start, "-F", "ndjson")
            assert [line.count(state) for line, state in zip(text.splitlines(), states, strict=True)] == [1, 1, 1]


def test_the_log_narrows(kept: Kept) -> None:
    def positions(*arguments: str) -> list[int]:
        return [event["global_position"] for event in kept.cli.lines("log", *arguments)]

    assert positions("-n", "2", "--reverse") == [6, 5]
    assert positions("--type", "orders#Created") == [1, 2]
    assert positions("--where", 'item == "„tea” 2"', "--id", kept.ids[0]) == [5]
    assert positions("-g", "Zo.* 1 ") == [2]
    assert "nothing found" in kept.cli.refused(1, "log", "--since", "2018-01-01")


def test_an_event_says_when_it_was_in_seconds(store_url: str, open_shop: Callable[..., Shop]) -> None:
    (order,) = open_shop(store_url).make(orders=1, events=1)
    execute(store_url, """UPDATE stored_events SET state = '{"timestamp": 1519862399.123456}'""")
    [event] = CommandLine(store_url, "eventsourcing-4").lines("log", "--since", "2018-02-28", "--until", "2018-03-02")
    assert (event["originator_id"], event["recorded_at"]) == (order, "2018-02-28T23:59:59.123456Z")


def test_what_counts_counts_what_the_library_has(kept: Kept) -> None:
    assert {found["originator_id"]: found["events"] for found in kept.cli.lines("list")} == dict.fromkeys(kept.ids, 3)
    assert json.loads(kept.cli.text("stats", "-F", "json"))["events"] == 6
    assert kept.cli.run("verify").exit_code == 0
    assert "Zoë 0" in kept.cli.text("history", kept.ids[0])


def test_the_store_says_what_to_ask_it_with(kept: Kept) -> None:
    shown = invoke("info", url=kept.cli.url).stdout
    named = "--layout eventsourcing-4" + ("" if kept.table == "stored_events" else f" --table {kept.table}")
    assert named in shown
    info = json.loads(kept.cli.text("info", "-F", "json"))
    assert (info["layout"], info["table"], info["events"]) == ("eventsourcing-4", kept.table, 6)


def test_it_is_only_read(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(kept.cli.text("export"))
    for command in (
        ["append", kept.ids[0], "next", "orders#Ordered", "{}"],
        ["import", str(file)],
        ["import", "--dry-run", str(file)],
    ):
        message = kept.cli.refused(2, *command)
        assert "has the layout eventsourcing-4, which is only read" in message
    message = kept.cli.refused(2, "append", "-", input=file.read_text())
    assert "has the layout eventsourcing-4, which is only read" in message
    assert len(kept.cli.lines("export")) == 6


def test_reading_leaves_a_file_byte_for_byte(kept: Kept) -> None:
    kept.cli.check_that_reading_writes_nothing(kept.ids[0])


def test_a_table_without_order_or_versions_is_not_recognised(not_read: Kept) -> None:
    assert "has no table of the layout eventsourcing-4" in not_read.cli.refused(5, "export")
    shown = invoke("info", url=not_read.cli.url)
    assert (shown.exit_code, shown.stdout) == (5, "")

"""`replay`: folding events through the user's own code, as users run it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import Result

from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.program import ended, invoke, refused, run
from tests.helpers.stores import file_with, journal_with
from tests.helpers.terminal import CONTROL, on_terminal

ORDER = id_of_name("order-1")
CODE = """
from dataclasses import dataclass


def order(state, event):
    state["paid"] = state.get("paid", 0) + event.state["paid"]


def copied(state, event):
    return {"paid": state.get("paid", 0) + event.state["paid"]}


def doubled(state, event):
    state["paid"] = state.get("paid", 0) + event.state["paid"] * (2 if event.version == 1 else 1)


def number(state, event):
    return (state or 0) + 1


def seen(state, event):
    return {
        "id": event.id, "name": event.name, "version": event.version, "type": event.type, "position": event.position,
        "recorded_at": event.recorded_at, "metadata": event.metadata, "kind": type(event.state["paid"]).__name__,
    }


def failing(state, event):
    if event.version == 1:
        raise ValueError("not today")


def shown_by_nothing(state, event):
    return b"bytes"


@dataclass
class Order:
    paid: int = 0

    def apply(self, event):
        self.paid += event.state["paid"]


class NoApply:
    pass


class NeedsMore:
    def __init__(self, more):
        pass

    def apply(self, event):
        pass


NOTHING = None
"""


@pytest.fixture(autouse=True)
def _code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "replayed_shop.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("replayed_shop", None)


@pytest.fixture
def url(store_url: str) -> str:
    paid = ['{"paid":1.10}', '{"paid":2}', '{"paid":3}']
    events = [event(version, state, of=ORDER, event_type="a#Paid") for version, state in enumerate(paid)]
    journal_with(store_url, events[:2])
    journal_with(store_url, [event(0, '{"paid":7}', of=ID, event_type="a#Opened")])
    return journal_with(store_url, events[2:])


def replay(url: str, *arguments: str, code: str = "order") -> Result:
    return invoke("replay", *arguments, "--with", f"replayed_shop:{code}", url=url)


def test_for_one_sequence_it_shows_what_each_event_changed_and_the_state(url: str) -> None:
    result = run("replay", "order-1", "--with", "replayed_shop:order", "--at-version", "1", url=url)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "version 0  a#Paid  2026-01-31T12:00:00.000000Z\n  + paid: 1.10\n"
        "version 1  a#Paid  2026-01-31T12:00:00.000000Z\n  ~ paid: 1.10 -> 3.10\n"
        '\nstate at version 1\n{\n  "paid": 3.10\n}\n'
    )


@pytest.mark.parametrize("code", ["order", "copied", "Order"])
def test_a_function_that_changes_or_returns_the_state_and_a_class_come_to_the_same(url: str, code: str) -> None:
    found = replay(url, "order-1", "-F", "json", code=code)
    assert '"state":{"paid":6.10}' in found.stdout
    [first, *_] = [json.loads(line) for line in replay(url, "order-1", "-F", "ndjson", code=code).stdout.splitlines()]
    assert (first["originator_version"], first["global_position"]) == (0, 1)


def test_the_state_at_a_time(url: str) -> None:
    refused(replay(url, "order-1", "--at-time", "2026-01-31T11:59:59Z"), 1, "nothing found: sequence order-1 has no ")
    assert "state at version 2" in replay(url, "order-1", "--at-time", "2026-01-31T12:00:00Z").stdout
    refused(replay(url, "--at-time", "now"), 2, "--at-time is for one sequence")


def test_one_sequence_as_of_a_position(url: str) -> None:
    shown = replay(url, "order-1", "--as-of", "3").stdout
    assert "+ paid: 1.10" in shown
    assert "state at version 1" in shown
    refused(replay(url, "order-1", "--as-of", "0"), 1, "nothing found: sequence order-1 has no events that match")


def test_an_event_has_everything_that_the_journal_knows(url: str) -> None:
    state = json.loads(replay(url, "order-1", "--at-version", "0", "-F", "json", code="seen").stdout)["state"]
    assert state == {
        "id": ORDER,
        "name": "order-1",
        "version": 0,
        "type": "a#Paid",
        "position": 1,
        "recorded_at": "2026-01-31T12:00:00+00:00",
        "metadata": {},
        "kind": "Decimal",
    }


def test_a_line_for_each_sequence_in_each_format(url: str, tmp_path: Path) -> None:
    table = replay(url).stdout.splitlines()
    assert [line.split(None, 2) for line in table] == [
        ["sequence", "version", "state"],
        ["order-1", "2", '{"paid": 6.10}'],
        [ID, "0", '{"paid": 7}'],
    ]
    lines = replay(url, "-F", "ndjson").stdout.splitlines()
    assert [json.loads(line)["state"] for line in lines] == [{"paid": 6.1}, {"paid": 7}]
    assert json.loads(replay(url, "-F", "json").stdout) == list(map(json.loads, lines))
    rows = list(csv.DictReader(replay(url, "-F", "csv").stdout.splitlines()))
    assert [(row["sequence_name"], row["originator_version"], row["state"]) for row in rows] == [
        ("order-1", "2", '{"paid":6.10}'),
        ("", "0", '{"paid":7}'),
    ]
    for name in ("x.ndjson", "x.csv", "x.parquet"):
        ended(replay(url, "-o", name), 0, err=f"esjournal: wrote 2 states to {name}\n")
    assert (tmp_path / "x.ndjson").read_text().splitlines() == lines
    assert list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines())) == rows
    assert pq.read_table("x.parquet").column("state").to_pylist() == ['{"paid":6.10}', '{"paid":7}']


def test_only_some_sequences_types_names_and_positions(url: str) -> None:
    def states(*arguments: str) -> list[object]:
        return [json.loads(line)["state"] for line in replay(url, *arguments, "-F", "ndjson").stdout.splitlines()]

    assert states("order-1", ID) == [{"paid": 6.1}, {"paid": 7}]
    assert states("--type", "a#Opened") == [{"paid": 7}]
    assert states("--name", "order-*") == [{"paid": 6.1}]
    assert states("--after", "1") == [{"paid": 5}, {"paid": 7}]
    assert states("order-1", ID, "--as-of", "2") == [{"paid": 3.1}]
    assert states("--where", "paid > 2") == [{"paid": 7}, {"paid": 3}]
    assert states("-g", "1.10") == [{"paid": 1.1}]
    assert states("--since", "2026-01-31", "--type", "a#Opened") == [{"paid": 7}]
    assert states("--at-version", "0") == [{"paid": 1.1}, {"paid": 7}]


def test_all_events_become_one_state(url: str) -> None:
    assert json.loads(replay(url, "--global", "-F", "json").stdout) == {
        "global_position": 4,
        "recorded_at": "2026-01-31T12:00:00.000000Z",
        "state": {"paid": 13.1},
    }
    ended(replay(url, "--global", code="number"), 0, out="state at position 4\n4\n")


def test_the_first_event_after_which_a_rule_does_not_hold(url: str) -> None:
    result = replay(url, "--expect", 'state["paid"] < 3')
    ended(
        result,
        1,
        out=(
            "order-1  version 1  position 2  a#Paid  2026-01-31T12:00:00.000000Z\n  ~ paid: 1.10 -> 3.10\n"
            f"{ID}  version 0  position 3  a#Opened  2026-01-31T12:00:00.000000Z\n  + paid: 7\n"
        ),
        err=r"esjournal: 3 events replayed, .*: 2 of 2 sequences broke the rule\n",
    )
    [first, _] = replay(url, "--expect", 'state["paid"] < 3', "-F", "ndjson", "-q").stdout.splitlines()
    found = json.loads(first)
    assert (found["sequence_name"], found["originator_version"], found["global_position"]) == ("order-1", 1, 2)
    assert (found["changed"], found["state"]) == ({"paid": [1.1, 3.1]}, {"paid": 3.1})


def test_a_rule_that_holds_and_rules_with_objects_events_and_comprehensions(url: str) -> None:
    ended(replay(url, "--expect", "state.paid < 10", "-q", code="Order"), 0)
    ended(replay(url, "--expect", "all(state['paid'] >= one for one in [event.state['paid']])", "-q"), 0)
    assert replay(url, "--global", "--expect", "state['paid'] < 10", "-q").stdout.startswith(f"{ID}  version 0  posi")


def test_two_versions_of_the_code_part(url: str) -> None:
    ended(
        replay(url, "--against", "replayed_shop:doubled"),
        1,
        out="order-1  version 1  position 2  a#Paid  2026-01-31T12:00:00.000000Z\n  ~ paid: 3.10 -> 5.10\n",
        err=r"esjournal: 3 events replayed, .*: 1 of 2 sequences parted\n",
    )
    ended(replay(url, "--against", "replayed_shop:Order", "-q"), 0)
    assert replay(url, "--against", "replayed_shop:Order", "-q", "-F", "json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "failing",
            r"sequence order-1, version 1: replayed_shop:failing failed at replayed_shop\.py:\d+: Val",
        ),
        ("NeedsMore", "sequence order-1, version 0: replayed_shop:NeedsMore failed: TypeError: "),
        ("shown_by_nothing", "the state of replayed_shop:shown_by_nothing cannot be shown, because it has a value of "),
    ],
)
def test_code_that_fails_is_told_with_the_event_and_the_line(url: str, code: str, message: str) -> None:
    refused(replay(url, code=code), 3, message)
    refused(replay(url, "order-1", "-F", "json", code=code), 3, message)


def test_on_a_terminal_the_totals_have_a_line_of_their_own(url: str) -> None:
    text = on_terminal("replay", "--with", "replayed_shop:order", "--against", "replayed_shop:doubled", url=url)
    lines = CONTROL.sub("", text).splitlines()
    [totals] = [line for line in lines if "replayed," in line]
    assert totals.startswith("esjournal: ")


def test_a_rule_that_fails_is_told_with_the_event(url: str) -> None:
    refused(replay(url, "--expect", "state['sum'] > 1"), 3, "order-1, version 0: --expect failed: KeyError: 'sum'")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], "nothing", "replayed_shop has no function 'nothing'"),
        ([], "NOTHING", "replayed_shop has no function 'NOTHING'"),
        ([], "NoApply", "is a class without a method `apply`"),
        (["--expect", "state["], "order", "--expect 'state\\[' is not a Python expression"),
        (["--expect", "1) + (2"], "order", "is not a Python expression"),
        (["--expect", "1", "--against", "a:b"], "order", "ask one of them"),
        (["--against", "replayed_shop"], "order", "--against 'replayed_shop' is not a function"),
        (["--global", "-F", "csv"], "order", "CSV has a row for each sequence"),
        (["--global", "-o", "x.csv"], "order", "-o writes a row for each sequence"),
        (["-F", "json", "-o", "x.csv"], "order", "the name of the file says its format"),
        (["-o", "x.parquet.gz"], "order", "would be compressed twice"),
        (["--csv-safe"], "order", "--csv-safe is for CSV"),
    ],
)
def test_what_makes_no_sense_is_refused(url: str, arguments: list[str], code: str, message: str) -> None:
    refused(replay(url, *arguments, code=code), 2, message)


def test_nothing_found(url: str) -> None:
    for arguments in (["--type", "b"], ["--type", "b", "--expect", "1"], ["--type", "b", "-o", "x.csv"]):
        refused(replay(url, *arguments), 1, "nothing found: .* has no events that match")
    refused(replay(url, OTHER_ID), 1, f"nothing found: sequence {OTHER_ID} is not in this journal")
    assert not Path("x.csv").exists()


def test_a_file_of_events_is_replayed_like_a_journal(tmp_path: Path) -> None:
    path = file_with(tmp_path / "x.ndjson", [event(0, '{"paid":1}'), event(1, '{"paid":2}')])
    ended(replay(str(path)), 0, out=f'{"sequence":<36}  version  state\n{ID}        1  {{"paid": 3}}\n')
    refused(replay(str(path), "-o", str(path)), 2, "x.ndjson is named twice")

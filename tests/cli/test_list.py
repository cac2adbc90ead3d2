"""`list`: its output, in each format, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.dimensions import LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.sequencescreen import sequence_texts
from esjournal.domain.model.sequencesummary import SequenceSummary
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.program import invoke, refused, run
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import on_terminal, plain

EVENTS = [*sequence(3), event(4, of=OTHER_ID, event_type="shop.orders#Paid")]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


def test_a_list_has_a_line_for_each_sequence(url: str) -> None:
    heading = f"{'sequence':<36}  events  versions  last type         first recorded        last recorded"
    assert run("list", url=url).stdout == (
        f"{heading}\n"
        f"{OTHER_ID}       1  4..4      shop.orders#Paid  2026-01-31T12:00:00Z  2026-01-31T12:00:00Z\n"
        f"{ID}       3  0..2      a.b#C             2026-01-31T12:00:00Z  2026-01-31T12:00:00Z\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [OTHER_ID, ID]),
        (["--limit", "1"], [OTHER_ID]),
        (["--sort", "events"], [ID, OTHER_ID]),
        (["--sort", "first"], [ID, OTHER_ID]),
        (["--sort", "last"], [OTHER_ID, ID]),
        (["--prefix", ID[:1]], [ID]),
        (["--prefix", ID.upper()], [ID]),
        (["--type", "shop*"], [OTHER_ID]),
        (["--type", "a.b#C", "--type", "shop.orders#Paid"], [OTHER_ID, ID]),
    ],
)
def test_which_sequences_in_which_order(url: str, arguments: list[str], expected: list[str]) -> None:
    lines = invoke("list", *arguments, "-F", "ndjson", url=url).stdout.splitlines()
    assert [json.loads(line)["originator_id"] for line in lines] == expected


def test_formats_carry_the_same_sequences(url: str) -> None:
    ndjson, as_json, as_csv = (invoke("list", "-F", name, url=url).stdout for name in ("ndjson", "json", "csv"))
    lines = [json.loads(line) for line in ndjson.splitlines()]
    assert json.loads(as_json) == lines
    assert list(csv.DictReader(as_csv.splitlines())) == [{k: str(v) for k, v in line.items()} for line in lines]
    assert lines[0] == {
        "originator_id": OTHER_ID,
        "events": 1,
        "first_version": 4,
        "last_version": 4,
        "last_type": "shop.orders#Paid",
        "first_recorded_at": "2026-01-31T12:00:00.000000Z",
        "last_recorded_at": "2026-01-31T12:00:00.000000Z",
    }


def test_a_file_is_listed_as_a_journal_is(tmp_path: Path, sqlite_url: str) -> None:
    path = str(file_with(tmp_path / "e.ndjson", EVENTS))
    assert invoke("list", url=path).stdout == invoke("list", url=journal_with(sqlite_url, EVENTS)).stdout


def test_a_file_shows_the_names_of_its_sequences(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, [])
    assert invoke("append", "order-1", "0", "a#B", "{}", url=store_url).exit_code == 0
    path = str(tmp_path / "e.ndjson")
    assert invoke("export", "-o", path, url=store_url).exit_code == 0
    for options in ([], ["--name", "order-*"], ["-F", "csv"]):
        listed = invoke("list", *options, url=path)
        assert "order-1" in listed.stdout
        assert listed.stdout == invoke("list", *options, url=store_url).stdout


@pytest.mark.parametrize("arguments", [["--prefix", "0"], ["--type", "none"], ["--type", "none*"], ["--limit", "0"]])
def test_nothing_found_is_exit_1(url: str, arguments: list[str]) -> None:
    refused(invoke("list", *arguments, url=url), 1, "nothing found: .* has no sequences that match")


@pytest.mark.parametrize("prefix", ["x", "9b300b1-", "9b300b13_", f"{ID}0", "\u0661"])
def test_a_prefix_that_no_id_can_have_is_refused(url: str, prefix: str) -> None:
    refused(invoke("list", "--prefix", prefix, url=url), 2, "is not a UUID, nor the beginning of one")


def drawn(sequences: list[SequenceSummary], width: int) -> list[str]:
    console = Console(color_system=None, file=io.StringIO())
    return "".join(sequence_texts(sequences, width, Paint(console), Clock(utc=True))).splitlines()


def summary(number: int = 1, **fields: Any) -> SequenceSummary:
    fields = {"first": "2026-01-31T12:00:00.000000Z", "name": None, "type": "flights.events#FlightCompleted", **fields}
    return SequenceSummary(
        ID, number, 0, number - 1, fields["type"], fields["first"], "2026-02-03T12:00:00.000000Z", fields["name"]
    )


@pytest.mark.parametrize(
    ("width", "heading", "line"),
    [
        (
            200,
            f"{'sequence':<36}  events  versions  last type                       first recorded (UTC)        "
            "last recorded (UTC)",
            f"{ID}   1,000  0..999    flights.events#FlightCompleted  2026-01-31 12:00:00.100000  2026-02-03 12:00:00",
        ),
        (
            134,
            f"{'sequence':<36}  events  versions  last type                       first recorded (UTC)  "
            "last recorded (UTC)",
            f"{ID}   1,000  0..999    flights.events#FlightCompleted  2026-01-31 12:00:00   2026-02-03 12:00:00",
        ),
        (
            120,
            f"{'sequence':<36}  events  versions  last type        first recorded (UTC)  last recorded (UTC)",
            f"{ID}   1,000  0..999    FlightCompleted  2026-01-31 12:00:00   2026-02-03 12:00:00",
        ),
        (
            107,
            f"{'sequence':<36}  events  versions  last type        first day   last day",
            f"{ID}   1,000  0..999    FlightCompleted  2026-01-31  2026-02-03",
        ),
        (
            94,
            "sequence  events  versions  last type        first recorded (UTC)  last recorded (UTC)",
            "9b300b13   1,000  0..999    FlightCompleted  2026-01-31 12:00:00   2026-02-03 12:00:00",
        ),
        (
            80,
            "sequence  events  versions  last type        first day   last day",
            "9b300b13   1,000  0..999    FlightCompleted  2026-01-31  2026-02-03",
        ),
        (
            60,
            "sequence  events  last type        first day   last day",
            "9b300b13   1,000  FlightCompleted  2026-01-31  2026-02-03",
        ),
        (
            40,
            "sequence  events  last type   last day",
            "9b300b13   1,000  FlightCom…  2026-02-03",
        ),
        (20, "sequence  events  l…", "9b300b13   1,000  F…"),
    ],
)
def test_a_narrower_terminal_shows_less_of_what_says_least(width: int, heading: str, line: str) -> None:
    assert drawn([summary(1_000, first="2026-01-31T12:00:00.100000Z")], width) == [heading, line]


def test_a_name_has_the_room_that_other_columns_leave() -> None:
    name = "order-" + "7" * 100
    for width, shown in ((80, 27), (120, 48), (220, 106)):
        [_, line] = drawn([summary(name=name, type="a#B")], width)
        assert len(line) <= width
        assert len(line.split()[0]) == shown, line


def test_a_wide_name_takes_as_many_columns_as_it_has_on_the_terminal() -> None:
    _, wide, plainly = drawn([summary(name="注文-七", type="漢#注文"), summary(name="order-7", type="a#B")], 80)
    for column in ("0..0", "2026-01-31", "2026-02-03"):
        assert cell_len(wide[: wide.index(column)]) == plainly.index(column)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("👍🏽", "👍"),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("❤\ufe0f", "❤"),
        ("🇩🇪", "🇩🇪"),
        ("ක්\u200dෂ", "ක්\u200dෂ"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_what_terminals_give_different_widths_is_left_out_of_a_column(name: str, shown: str) -> None:
    _, line, plainly = drawn([summary(name=name, type="a#B"), summary(name="order-7", type="a#B")], 80)
    assert line.startswith(f"{shown} ")
    # No character is joined with another one.
    assert sum(map(cell_len, line)) == len(plainly)


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_whatever_comes_later(width: int) -> None:
    later = [
        summary(2**63 - 1, type="a#" + "X" * 100),
        summary(name="漢" * 100),
        summary(name="order-" + "1" * 100),
        summary(10**9, first="2026-01-31T12:00:00.123456Z"),
    ]
    lines = drawn([*[summary()] * LINES_IN_A_PIECE, *later], width)
    assert len(lines) == LINES_IN_A_PIECE + 5
    assert max(map(cell_len, lines)) <= width
    assert len(set(map(cell_len, lines[-4:]))) <= 2


def test_types_have_the_colours_that_they_have_elsewhere(sqlite_url: str) -> None:
    journal_with(sqlite_url, EVENTS)
    listed, logged = on_terminal("list", url=sqlite_url), on_terminal("log", url=sqlite_url)
    for name in ("C", "Paid"):
        [colour] = set(re.findall(rf"\x1b\[([\d;]+)m{name} *\x1b", logged))
        assert f"\x1b[{colour}m{name}" in listed


def test_a_narrow_terminal_shows_the_end_of_an_id_that_begins_with_the_time(sqlite_url: str) -> None:
    timed = "019a7c3e-5b1f-7abc-b123-4567deadbeef"
    journal_with(sqlite_url, [event(of=timed)])
    narrow = plain(on_terminal("list", url=sqlite_url, columns=80))
    assert "deadbeef" in narrow
    assert "019a7c3e" not in narrow
    assert invoke("get", "deadbeef", url=sqlite_url).exit_code == 0


def test_pieces_of_a_long_list_stand_under_one_another_as_one(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(of=f"{n:08x}-0000-0000-0000-000000000000") for n in range(1_100)])
    lines = plain(on_terminal("list", url=sqlite_url)).splitlines()
    assert sum("sequence" in line for line in lines) == 1
    assert len({line.index("0..0") for line in lines if "0..0" in line}) == 1


def test_a_carriage_return_is_quoted_in_csv(sqlite_url: str) -> None:
    damaged_journal_with(sqlite_url, [event(event_type="a\rb"), event(of=OTHER_ID)])
    rows = list(csv.reader(io.StringIO(invoke("list", "-F", "csv", url=sqlite_url).stdout, newline=""), strict=True))
    assert sorted(row[4] for row in rows) == ["a\rb", "a.b#C", "last_type"]


def test_nothing_stored_drives_the_terminal(sqlite_url: str) -> None:
    damaged_journal_with(sqlite_url, [event(event_type="a\x1b[2J\u202e#[bold]B[/x]")])
    for arguments in ([], ["-F", "ndjson"], ["-F", "csv"]):
        text = plain(on_terminal("list", *arguments, url=sqlite_url, columns=200))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[bold]B[/x]" in text

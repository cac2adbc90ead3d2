"""`list`: its output, in each format, and how it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from rich.cells import cell_len

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


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 100, 140, 200])
def test_a_list_fits_the_terminal(sqlite_url: str, columns: int) -> None:
    events = [*EVENTS, event(2**63 - 1, event_type="a.module.of.a.long.name#" + "X" * 100)]
    text = plain(on_terminal("list", url=journal_with(sqlite_url, events), columns=columns))
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= columns
    assert columns < 140 or "0..9223372036854775807" in text


def test_a_wide_terminal_has_room_for_all_of_an_id(sqlite_url: str) -> None:
    journal_with(sqlite_url, EVENTS)
    assert ID in plain(on_terminal("list", url=sqlite_url, columns=140))
    narrow = plain(on_terminal("list", url=sqlite_url, columns=80))
    assert ID[:8] in narrow
    assert ID not in narrow


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

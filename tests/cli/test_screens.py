"""Screens as a terminal shows them, at several widths, compared with the texts in `screens`.

`python -m pytest tests/cli/test_screens.py --rewrite-screens` writes these texts anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.emulator import rows_of
from tests.helpers.terminal import ended_on_terminal, plain

WIDTHS = (40, 80, 120, 200)
EXPECTED = Path(__file__).parent / "screens"
# Summer time is among its times.
ZONE = "Europe/Berlin"

LONG = "order-" + "1234567890" * 12
JAPANESE, ARABIC, COMBINING = "注文-七", "طلب-سبعة", "cafe\u0301-a\u0300-ක්\u200dෂ"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
PICTURES = f"👩🏽\u200d🚀-{FAMILY}-❤\ufe0f-🇩🇪"
NUMBERED = "9b300b13-4410-51bf-85ca-234c8cea73da"
# A terminal would obey some of it, and show some as nothing.
CONTROLS = "\x1b[31mred\x1b[0m \x9b2J \x07\u202etxt\u2066\u200f\ufeff\r\x7f"
OPENED, ADDED, PAID = "shop.orders#Opened", "shop.orders#LineAdded", "shop.orders#Paid"


class Given(NamedTuple):
    """An event to write into a file."""

    sequence: str
    version: int
    event_type: str
    state: Any
    time: str
    metadata: dict[str, str] | None = None

    def line(self, number: int) -> str:
        members: dict[str, Any] = {"originator_id": id_of_name(self.sequence)}
        if id_of_name(self.sequence) != self.sequence:
            members["sequence_name"] = self.sequence
        members |= {"originator_version": self.version, "event_type": self.event_type, "state": self.state}
        members |= {"metadata": self.metadata} if self.metadata else {}
        members |= {"recorded_at": self.time, "event_id": f"{number:08}-0000-4000-8000-000000000000"}
        return json.dumps(members, ensure_ascii=False) + "\n"


def caused_by(number: int, **more: str) -> dict[str, str]:
    return {"causation_id": f"{number:08}-0000-4000-8000-000000000000", "correlation_id": "visit-1", **more}


EVENTS = [
    Given("order-7", 0, OPENED, {"customer": "Ann", "items": []}, "2026-01-31T12:00:00Z", {"user": "ann"}),
    Given("order-7", 1, ADDED, {"product": "tea", "count": 2, "price": 4.5}, "2026-01-31T12:00:05.25Z", caused_by(1)),
    Given("order-7", 2, ADDED, {"product": "mug", "gift": {"to": "Eve", "card": True}}, "2026-02-01T08:30:00Z"),
    Given("order-7", 4, PAID, {"amount": 13.4, "paid_with": "card"}, "2026-07-02T10:00:00Z", caused_by(2, user="ann")),
    Given(JAPANESE, 0, "shop.orders#注文済み", {"品名": "抹茶", "宛名": "山田太郎様"}, "2026-02-01T09:00:00Z"),
    Given(ARABIC, 0, "متجر#طلب", {"اسم": "ليلى", "عدد": 3}, "2026-02-02T09:00:00Z", caused_by(4)),
    Given(PICTURES, 0, OPENED, {"mood": "👍🏽", "who": FAMILY, "love": "❤\ufe0f"}, "2026-02-03T09:00:00Z"),
    Given(COMBINING, 0, "cafe\u0301#Ouvert", {"name": "cafe\u0301", "note": CONTROLS}, "2026-02-04T09:00:00.000001Z"),
    Given(LONG, 0, f"shop.{'very.' * 20}long#{'Opened' * 10}", {"text": "lorem ipsum " * 50}, "2026-02-05T09:00:00Z"),
    Given(NUMBERED, 0, OPENED, {"漢字" * 40: "x", "n": 10**30}, "2026-02-06T09:00:00Z"),
    Given(NUMBERED, 2**63 - 1, PAID, {"list": [1, [2, {"a": "b"}]]}, "2026-02-07T09:00:00Z"),
    Given("019c2b3e-5b1f-7abc-b123-4567deadbeef", 0, OPENED, {}, "1970-01-01T00:00:00Z"),
]


class Screen(NamedTuple):
    """A command and its exit code.

    Below each of its headings a column begins, except in other rows. What varies is not the same on each run.
    """

    arguments: tuple[str, ...]
    code: int = 0
    headings: tuple[str, ...] = ()
    other: str = "none of the rows"
    varying: str = "(?!)"


SCREENS = {
    "log": Screen(("log",), headings=("recorded at", "sequence", "type", "state")),
    "log-full": Screen(("log", "--full")),
    "get": Screen(("get", "order-7"), headings=("type", "recorded at", "state"), other="version 3"),
    "get-expanded": Screen(("get", "-x", JAPANESE)),
    "list": Screen(("list",), headings=("versions", "last type", "first recorded", "first day", "last day")),
    "history": Screen(("history", "order-7")),
    "history-hostile": Screen(("history", COMBINING)),
    "history-long": Screen(("history", LONG)),
    "trace": Screen(("trace", "1")),
    "info": Screen(("info",), varying=r"(?<=m)(\d+\.\d+\.\d+|sqlite3,? .*|SQLite .*)$"),
    "diff": Screen(("diff", "--quiet", "events.ndjson", "after.ndjson"), 1),
    "diff-full": Screen(("diff", "--quiet", "--full", "events.ndjson", "after.ndjson"), 1),
    "diff-per-sequence": Screen(("diff", "--quiet", "--per-sequence", "events.ndjson", "after.ndjson"), 1),
    "verify": Screen(("--url", "broken.ndjson", "verify", "--quiet"), 1),
    "stats": Screen(("stats", "--by", "month"), headings=("type",)),
}
EACH = pytest.mark.parametrize(("name", "width"), [(name, width) for name in SCREENS for width in WIDTHS])
Shown = Callable[[str, int], str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A function that returns what a command wrote on a terminal of a width; each runs once."""
    folder = tmp_path_factory.mktemp("screens")
    lines = [given.line(number) for number, given in enumerate(EVENTS, 1)]
    (folder / "events.ndjson").write_text("".join(lines), encoding="utf-8")
    changed = [line.replace("mug", "cup").replace("抹茶", "煎茶").replace("lorem", "dolor") for line in lines[:-2]]
    (folder / "after.ndjson").write_text("".join(changed), encoding="utf-8")
    (folder / "broken.ndjson").write_text("".join([*lines, "漢字\n", lines[1].replace("tea", "mug")]), encoding="utf-8")

    @cache
    def output(name: str, width: int) -> str:
        screen = SCREENS[name]
        with chdir(folder):
            code, text = ended_on_terminal(*screen.arguments, columns=width, ESJOURNAL_URL="events.ndjson", TZ=ZONE)
        assert code == screen.code, text
        return re.sub(screen.varying, lambda found: re.sub(r"\d[\d.,]*", "#", found[0]), text, flags=re.MULTILINE)

    return output


def texts(rows: list[list[str]]) -> list[str]:
    return ["".join(row).rstrip() for row in rows]


@EACH
def test_a_screen_is_the_one_that_is_kept(shown: Shown, name: str, width: int, request: pytest.FixtureRequest) -> None:
    lines = texts(rows_of(shown(name, width)))
    path = EXPECTED / f"{name}-{width}.txt"
    if request.config.getoption("--rewrite-screens"):
        path.write_text("\n".join(lines), encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8").split("\n")


def test_no_screen_is_kept_that_is_not_compared() -> None:
    assert {path.name for path in EXPECTED.iterdir()} == {f"{name}-{width}.txt" for name in SCREENS for width in WIDTHS}


@EACH
@pytest.mark.parametrize("by_picture", [False, True])
def test_no_line_is_wider_than_the_terminal(shown: Shown, name: str, width: int, by_picture: bool) -> None:
    for row in rows_of(shown(name, width), by_picture=by_picture):
        assert len(row) <= width, "".join(row)


@EACH
@pytest.mark.parametrize("by_picture", [False, True])
def test_a_column_begins_at_the_same_cell_in_all_rows(shown: Shown, name: str, width: int, by_picture: bool) -> None:
    rows = rows_of(shown(name, width), by_picture=by_picture)
    for heading in SCREENS[name].headings:
        for at, row in enumerate(rows):
            if found := re.search(rf"(?<=  ){heading}(?=  |$| \()", "".join(row)):
                for below in rows[at + 1 : at + 1 + [*rows[at + 1 :], []].index([])]:
                    if "".join(below).startswith(SCREENS[name].other):
                        continue
                    cells = below[found.start() - 2 : found.start() + 1]
                    assert cells[:2] == [" ", " "][: len(cells)], "".join(below)
                    assert cells[2:] != [" "], "".join(below)
                break


@EACH
def test_a_terminal_gets_styles_and_no_other_escape(shown: Shown, name: str, width: int) -> None:
    text = shown(name, width)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u206f]", plain(text))
    # Nothing of a style is on the screen, unless the state of an event has it.
    assert not re.search(r"(?<!\\u001b)\[[0-9;]*m", "\n".join(texts(rows_of(text))))

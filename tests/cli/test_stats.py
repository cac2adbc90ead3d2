"""`stats`: what is in a journal, as a table, as JSON and as a report."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from esjournal.cli.rendering.report import ReportFormat, report
from esjournal.cli.running import stats
from esjournal.domain.periods import Period
from esjournal.journal.inspect.stats import Counted, LongSequence
from esjournal.journal.journal import initialise
from tests.helpers.events import ID, OTHER_ID, TIME, event, sequence
from tests.helpers.program import COMMAND, RUN, environment, invoke, loaded
from tests.helpers.stores import damaged_journal_with, journal_with
from tests.helpers.terminal import HOSTILE, MARKUP, STYLE, on_terminal, plain

HOSTILE_TYPES = [
    *HOSTILE,
    *MARKUP,
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    "</text></svg><script>",
    "&lt;b&gt; &#x1b; ]]> <!--",
    "\ufffe\uffff",
    '" onload="alert(1)',
]


@pytest.fixture
def url(store_url: str) -> str:
    events = [
        *[event(version, event_type="shop#Opened") for version in range(3)],
        event(0, of=OTHER_ID, event_type="shop#Closed")._replace(recorded_at="2026-02-02T08:00:00.000000Z"),
    ]
    return journal_with(store_url, events)


def counted_with(types: list[str], **values: Any) -> Counted:
    given_values: dict[str, Any] = {
        "events": len(types),
        "sequences": 1,
        "size": 4_096,
        "first_recorded_at": TIME,
        "last_recorded_at": TIME,
        "types": dict.fromkeys(types, 1),
        "by": Period.DAY,
        "periods": {"2026-01-31": len(types)},
        "longest": [LongSequence(ID, len(types), 0)],
    }
    return Counted(**{**given_values, **values})


def answer(*arguments: str, url: str) -> Any:
    ended = invoke("stats", "-F", "json", *arguments, url=url)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


# JSON


def test_the_answer_has_everything_as_json(url: str) -> None:
    found = answer(url=url)
    assert found.pop("bytes") > 0
    assert found == {
        "events": 4,
        "sequences": 2,
        "first_recorded_at": TIME,
        "last_recorded_at": "2026-02-02T08:00:00.000000Z",
        "types": [
            {"event_type": "shop#Opened", "events": 3, "percent": 75.0},
            {"event_type": "shop#Closed", "events": 1, "percent": 25.0},
        ],
        "by": "hour",
        "periods": [{"period": "2026-01-31T12", "events": 3}, {"period": "2026-02-02T08", "events": 1}],
        "longest": [
            {"originator_id": ID, "events": 3, "last_version": 2},
            {"originator_id": OTHER_ID, "events": 1, "last_version": 0},
        ],
    }


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("minute", ["2026-01-31T12:00", "2026-02-02T08:00"]),
        ("hour", ["2026-01-31T12", "2026-02-02T08"]),
        ("day", ["2026-01-31", "2026-02-02"]),
        ("month", ["2026-01", "2026-02"]),
    ],
)
def test_time_is_counted_in_the_requested_periods(url: str, by: str, periods: list[str]) -> None:
    found = answer("--by", by, url=url)
    assert found["by"] == by
    assert [period["period"] for period in found["periods"]] == periods


def test_json_has_all_types_however_many(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(version, event_type=f"t#{version}") for version in range(1_500)])
    assert len(answer(url=sqlite_url)["types"]) == 1_500


def test_an_empty_journal_has_0_events(store_url: str) -> None:
    initialise(store_url)
    found = answer(url=store_url)
    assert found.pop("bytes") > 0
    assert found == {
        "events": 0,
        "sequences": 0,
        "first_recorded_at": None,
        "last_recorded_at": None,
        "types": [],
        "by": "day",
        "periods": [],
        "longest": [],
    }
    ended = invoke("stats", url=store_url)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[0].split() == ["events", "0"]
    assert len(ended.stdout.splitlines()) == 3


# The table


def test_the_table_in_a_pipe(url: str) -> None:
    lines = invoke("stats", url=url).stdout.splitlines()
    assert lines[0] == "events          4"
    assert lines[1] == "sequences       2"
    assert re.fullmatch(r"size on disk    [0-9.]+ (kB|MB)", lines[2])
    assert lines[3] == "first recorded  2026-01-31 12:00:00Z"
    assert lines[4] == "last recorded   2026-02-02 08:00:00Z"
    assert lines[6:9] == [
        f"events  percent  {'':40}  type",
        f"     3    75.0%  {'█' * 40}  shop#Opened",
        f"     1    25.0%  {'█' * 13 + '▍':40}  shop#Closed",
    ]
    assert lines[10] == "events by hour in UTC"
    assert lines[-3:] == [
        "events  last version  longest sequences",
        f"     3             2  {ID}",
        f"     1             0  {OTHER_ID}",
    ]
    assert max(map(len, lines)) <= 80


def test_the_table_shows_20_types_and_how_many_more(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(version, event_type=f"t#{version:04}") for version in range(1_500)])
    lines = invoke("stats", url=sqlite_url).stdout.splitlines()
    assert [line.split()[-1] for line in lines if "t#" in line] == [f"t#{number:04}" for number in range(20)]
    assert next(line for line in lines if "more" in line).split() == ["1,480", "98.7%", "1,480", "more", "types"]
    assert "<0.1%" in next(line for line in lines if "t#0000" in line) or "0.1%" in lines[7]


def test_in_a_pipe_nothing_is_cut_and_no_rich_is_loaded(sqlite_url: str) -> None:
    long_type = "a.module#" + "x" * 240
    damaged_journal_with(sqlite_url, [event(0, event_type=long_type), event(1, event_type="\x1b[31mred")])
    ended = subprocess.run(
        [*COMMAND, "stats", "--url", sqlite_url], capture_output=True, text=True, env=environment(), check=True
    )
    assert f"  {long_type}\n" in ended.stdout
    assert "\\u001b[31mred" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert "rich" not in loaded(RUN, "stats", "--url", sqlite_url)
    assert "rich" not in loaded(RUN, "stats", "-F", "json", "--url", sqlite_url)


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_the_table_fits_the_terminal_and_shows_all_of_a_type(sqlite_url: str, columns: int) -> None:
    types = ["a.module#" + "x" * 240, "漢" * 200, "shop#Opened"]
    journal_with(sqlite_url, [event(version, event_type=types[version % 3]) for version in range(30)])
    lines = plain(on_terminal("stats", url=sqlite_url, columns=columns)).splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= columns
    text = "".join(lines)
    assert text.count("x") >= 240
    assert text.count("漢") == 200
    assert "…" not in text


def test_an_event_of_another_year_leaves_the_chart_readable(sqlite_url: str) -> None:
    days = [event(day)._replace(recorded_at=f"2013-01-{day:02}T12:00:00.000000Z") for day in range(1, 21)]
    strays = [event(at)._replace(recorded_at=f"{year}-01-01T00:00:00.000000Z") for at, year in ((21, 1970), (22, 2099))]
    journal_with(sqlite_url, [*days, *strays])
    for lines in (
        invoke("stats", url=sqlite_url).stdout.splitlines(),
        plain(on_terminal("stats", url=sqlite_url)).splitlines(),
    ):
        at = lines.index("events by day in UTC")
        assert lines[at + 1] == "not drawn: 1 event before 2013-01-01, 1 after 2013-01-20"
        assert len(lines[at + 9].split()) == 20
    assert answer(url=sqlite_url)["by"] == "month"
    lines = plain(on_terminal("stats", url=sqlite_url, columns=40)).splitlines()
    at = lines.index("not drawn: 1 event before 2013-01-01")
    assert lines[at + 1] == "           1 after 2013-01-20"


def test_a_narrow_terminal_has_short_types_and_ids_and_no_bars(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(version, event_type="flights.events#FlightCompleted") for version in range(3)])
    lines = plain(on_terminal("stats", url=sqlite_url, columns=40)).splitlines()
    assert lines[6:8] == ["events  percent  type", "     3   100.0%  FlightCompleted"]
    assert lines[-1] == "     3             2  9b300b13"
    assert max(map(len, lines)) <= 40


def test_types_have_the_colours_that_they_have_in_log(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0), event(1, event_type="shop.orders#Paid")])
    counts, logged = on_terminal("stats", url=sqlite_url), on_terminal("log", url=sqlite_url, columns=120)
    for name in ("a.b#C", "shop.orders#Paid"):
        [colour] = set(re.findall(rf"\x1b\[([\d;]+)m{name} *\x1b", logged))
        assert f"\x1b[{colour}m{name}" in counts


def test_the_table_is_coloured_unless_colour_is_not_wanted(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    assert STYLE.search(on_terminal("stats", url=sqlite_url))
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]m", on_terminal("stats", url=sqlite_url, NO_COLOR="1"))


def test_bars_are_drawn_on_a_terminal_without_unicode(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0), event(1, event_type="漢#É")])
    text = plain(on_terminal("stats", url=sqlite_url, PYTHONIOENCODING="ascii"))
    assert text.isascii()
    assert "#######" in text
    assert "\\u6f22#\\u00c9" in text


@pytest.mark.parametrize("output_format", ["table", "json"])
def test_no_stored_control_reaches_the_terminal(sqlite_url: str, output_format: str) -> None:
    damaged_journal_with(sqlite_url, [event(at, event_type=found) for at, found in enumerate([*HOSTILE, "two\nlines"])])
    text = plain(on_terminal("stats", "-F", output_format, url=sqlite_url, columns=200))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert "\\u001b]52;c;cm0gLXJmIC8=\\u0007" in text
    assert "two\\nlines" in text


# Reports


def test_reports_are_written_besides_the_table(url: str, tmp_path: Path) -> None:
    svg, html = tmp_path / "stats.svg", tmp_path / "stats.html"
    ended = invoke("stats", "--svg", str(svg), "--html", str(html), url=url)
    assert ended.exit_code == 0
    assert ended.stdout == invoke("stats", url=url).stdout
    assert ended.stderr.splitlines() == [f"esjournal: the report is in {svg}", f"esjournal: the report is in {html}"]
    picture = "".join(ElementTree.fromstring(svg.read_text()).itertext())
    for text in (picture, html.read_text()):
        assert all(part in text.replace("\xa0", " ") for part in ("shop#Opened", ID, "events by hour", "75.0%"))
    assert sorted(path.name for path in tmp_path.iterdir() if "stats" in path.name) == ["stats.html", "stats.svg"]


def test_a_report_is_the_same_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = counted_with(["a#B"])
    plainly = [report(counted, report_format) for report_format in ReportFormat]
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "40", "PYTHONIOENCODING": "ascii"}.items():
        monkeypatch.setenv(name, value)
    assert [report(counted, report_format) for report_format in ReportFormat] == plainly


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("stored", HOSTILE_TYPES)
def test_nothing_stored_becomes_code_of_a_report(stored: str) -> None:
    harmless = counted_with(["x"])
    hostile = counted_with([stored])
    pages = [Page(), Page()]
    for page, counted in zip(pages, (harmless, hostile), strict=True):
        page.feed(report(counted, ReportFormat.HTML))
    assert (pages[0].tags, pages[0].attributes) == (pages[1].tags, pages[1].attributes)
    tags = [
        [element.tag for element in ElementTree.fromstring(report(counted, ReportFormat.SVG)).iter()]
        for counted in (harmless, hostile)
    ]
    assert set(tags[0]) == set(tags[1])
    for report_format in ReportFormat:
        text = report(hostile, report_format)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text)


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_type_gives_a_picture_that_can_be_read(stored: str) -> None:
    ElementTree.fromstring(report(counted_with([stored]), ReportFormat.SVG))


@pytest.mark.parametrize("report_format", ReportFormat)
def test_a_report_loads_nothing_from_elsewhere(report_format: ReportFormat) -> None:
    text = report(counted_with(["a#B"]), report_format)
    assert not re.search(r"@font-face|url\((?!#)|src=|<script|@import|<link", text)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}


@pytest.mark.parametrize("option", ["--svg", "--html"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_counted(
    url: str, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted_too_early(*arguments: Any, **options: Any) -> Counted:
        raise AssertionError("counted")

    monkeypatch.setattr(stats, "count_events", counted_too_early)
    for path in (tmp_path / "no" / "report", tmp_path):
        ended = invoke("stats", option, str(path), url=url)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert re.fullmatch(rf"esjournal: .*{re.escape(str(path))}.*\n", ended.stderr)


def test_a_report_needs_a_file_of_its_own(url: str, tmp_path: Path) -> None:
    path = str(tmp_path / "report")
    for arguments in (["--svg", path, "--html", path], ["--svg", "-"], ["--html", "-"]):
        ended = invoke("stats", *arguments, url=url)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert len(ended.stderr.splitlines()) == 1
    assert not Path(path).exists()


def test_a_report_of_a_journal_that_is_not_there_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.svg"
    path.write_text("old")
    ended = invoke("stats", "--svg", str(path), url=str(tmp_path / "none.db"))
    assert ended.exit_code == 5
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.svg"]


# What is refused


@pytest.mark.parametrize("arguments", [["--by", "week"], ["--by", ""], ["-F", "csv"], ["more"]])
def test_wrong_usage_is_one_line(url: str, arguments: list[str]) -> None:
    ended = invoke("stats", *arguments, url=url)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["--by", "day"]])
def test_a_stored_time_that_is_none_is_damage(sqlite_url: str, options: list[str]) -> None:
    damaged_journal_with(sqlite_url, [event(0), event(1)._replace(recorded_at="some day, ESC \x1b")])
    ended = invoke("stats", *options, url=sqlite_url)
    assert (ended.exit_code, ended.stdout) == (5, "")
    assert re.fullmatch(r"esjournal: .* is damaged: .*some day.*verify.*\n", ended.stderr)
    assert "\x1b" not in ended.stderr

"""Times on a terminal: in the local time zone, which is named, or in UTC; files and pipes have UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.times import time_of
from esjournal.domain.model.rules import recorded_at_text
from tests.helpers.events import ID, event
from tests.helpers.program import environment, run
from tests.helpers.stores import file_with, journal_with
from tests.helpers.terminal import on_terminal, plain

# As rules, because a machine may have no time zone database.
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
KOLKATA = "IST-5:30"
KATHMANDU = "<+0545>-5:45"
LORD_HOWE = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
# As clocks in Berlin were before 1893.
BERLIN_BY_THE_SUN = "LMT-0:53:28"
ZONES = [BERLIN, NEW_YORK, KOLKATA, KATHMANDU, LORD_HOWE, BERLIN_BY_THE_SUN, "UTC0"]
# The last second and the first one before and after the clock in Berlin is put forward, and back.
SPRING = ("2026-03-29T00:59:59.000000Z", "2026-03-29T01:00:00.000000Z")
AUTUMN = ("2026-10-25T00:59:59.500000Z", "2026-10-25T01:00:00.000000Z")
NOON = "2026-01-31T12:00:00.000000Z"
COMMANDS = [
    *(["log"], ["log", "--full"], ["get", ID], ["get", "-x", ID], ["history", ID], ["trace", "1"]),
    *(["list"], ["stats"], ["info"]),
]


@pytest.mark.parametrize(
    ("name", "time", "expected"),
    [
        (BERLIN, NOON, "2026-01-31 13:00:00 CET"),
        (BERLIN, "2026-07-31T12:00:00.250000Z", "2026-07-31 14:00:00.250000 CEST"),
        (BERLIN, SPRING[0], "2026-03-29 01:59:59 CET"),
        (BERLIN, SPRING[1], "2026-03-29 03:00:00 CEST"),
        (BERLIN, AUTUMN[0], "2026-10-25 02:59:59.500000 CEST"),
        (BERLIN, AUTUMN[1], "2026-10-25 02:00:00 CET"),
        (BERLIN, "2025-12-31T23:30:00.000000Z", "2026-01-01 00:30:00 CET"),
        (NEW_YORK, NOON, "2026-01-31 07:00:00 EST"),
        (KOLKATA, NOON, "2026-01-31 17:30:00 IST"),
        (KATHMANDU, NOON, "2026-01-31 17:45:00 +0545"),
        # Half an hour, in the middle of an hour of UTC.
        (LORD_HOWE, "2026-04-04T14:59:59.000000Z", "2026-04-05 01:59:59 +11"),
        (LORD_HOWE, "2026-04-04T15:00:00.000000Z", "2026-04-05 01:30:00 +1030"),
        (BERLIN_BY_THE_SUN, "1800-01-01T00:00:00.000000Z", "1800-01-01 00:53:28 LMT"),
        ("UTC0", NOON, "2026-01-31 12:00:00Z"),
        # There is no year 0, and no year 10000.
        (NEW_YORK, "0001-01-01T00:00:00.000000Z", "0001-01-01 00:00:00Z"),
        (BERLIN, "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999Z"),
        # A damaged journal has such texts.
        (BERLIN, "yesterday", "yesterday"),
        (BERLIN, "2026-01-31 and no more: 1234", "2026-01-31 and no more: 1234"),
        (BERLIN, "2026-01-31T12:00:00.00000\x1bZ", "2026-01-31T12:00:00.00000\\u001bZ"),
    ],
)
def test_a_time_is_what_the_local_clock_showed(
    zone: Callable[[str], None], name: str, time: str, expected: str
) -> None:
    zone(name)
    assert Clock(utc=False).time(time) == expected


def test_a_time_in_utc_ends_with_z_and_an_unknown_one_is_a_hyphen(zone: Callable[[str], None]) -> None:
    zone(BERLIN)
    clock = Clock(utc=True)
    assert [clock.time(NOON), clock.time(AUTUMN[0], wide=False), clock.time(None)] == [
        *("2026-01-31 12:00:00Z", "2026-10-25 00:59:59Z", "-")
    ]
    assert (clock.time_below(NOON), clock.heading("at")) == ("2026-01-31 12:00:00", "at (UTC)")


def test_a_heading_names_the_zone_of_the_first_time_and_one_of_another_zone_names_its_own(
    zone: Callable[[str], None],
) -> None:
    zone(BERLIN)
    clock = Clock(utc=False)
    assert [clock.time_below(time, wide=False) for time in (None, *AUTUMN)] == [
        *("-", "2026-10-25 02:59:59", "2026-10-25 02:00:00 CET")
    ]
    assert clock.heading("recorded at") == "recorded at (CEST)"


def test_a_heading_above_no_time_names_the_zone_of_now(zone: Callable[[str], None]) -> None:
    zone(KOLKATA)
    assert Clock(utc=False).heading("at") == "at (IST)"
    assert Clock(utc=True).heading("at") == "at (UTC)"


@pytest.mark.parametrize("name", ZONES)
@given(time=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_a_time_that_is_shown_is_read_as_the_same_time(zone: Callable[[str], None], name: str, time: datetime) -> None:
    zone(name)
    recorded_at = recorded_at_text(time.replace(tzinfo=UTC))
    assert time_of(Clock(utc=False).time(recorded_at)) == recorded_at


@pytest.fixture
def journal(sqlite_url: str) -> str:
    times = (*SPRING, *AUTUMN)
    return journal_with(
        sqlite_url, [event(n, f'{{"n":{n}}}')._replace(recorded_at=time) for n, time in enumerate(times)]
    )


@pytest.mark.parametrize("command", [["log"], ["get", ID]])
@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    ("name", "heading", "times"),
    [
        ("Europe/Berlin", "CET", ["29 01:59:59", "29 03:00:00 CEST", "25 02:59:59.5 CEST", "25 02:00:00"]),
        ("America/New_York", "EDT", ["28 20:59:59", "28 21:00:00", "24 20:59:59.5", "24 21:00:00"]),
        ("Asia/Kolkata", "IST", ["29 06:29:59", "29 06:30:00", "25 06:29:59.5", "25 06:30:00"]),
        ("UTC", "UTC", ["29 00:59:59", "29 01:00:00", "25 00:59:59.5", "25 01:00:00"]),
    ],
)
def test_a_table_has_local_times_over_the_changes_of_summer_time(
    journal: str, command: list[str], columns: int, name: str, heading: str, times: list[str]
) -> None:
    header, *lines = plain(on_terminal(*command, url=journal, columns=columns, TZ=name)).splitlines()
    assert f"recorded at ({heading})" in header
    begin = header.index("recorded at")
    shown = [re.match(r"2026-(?:03|10)-(\d\d [\d:]+)(\.\d+)?( [A-Z]+)?  ", line[begin:]) for line in lines]
    # A narrow log has seconds only.
    fractions = "" if command == ["log"] and columns == 80 else ".500000"
    assert [found and "".join(group or "" for group in found.groups()) for found in shown] == [
        time.replace(".5", fractions) for time in times
    ]
    # What follows is aligned.
    assert len({line.index("n=") for line in lines}) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_screen_shows_local_times_and_utc_shows_none(journal: str, command: list[str]) -> None:
    local = plain(on_terminal(*command, url=journal, columns=200, TZ="Europe/Berlin"))
    in_utc = plain(on_terminal(*command, "--utc", url=journal, columns=200, TZ="Europe/Berlin"))
    zones = re.compile(r"\b(?:CET|CEST)\b")
    assert zones.search(local)
    assert not zones.search(in_utc)
    assert in_utc == plain(on_terminal(*command, url=journal, columns=200, TZ="UTC"))


def test_the_periods_of_stats_are_those_of_utc_as_their_heading_says(journal: str) -> None:
    text = plain(on_terminal("stats", "--by", "hour", url=journal, TZ="Asia/Kolkata"))
    assert "first recorded  2026-03-29 06:29:59 IST" in text
    assert "events by hour in UTC" in text
    assert "2026-03-29 00:00" in text


def test_a_replay_shows_local_times(journal: str, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("def folded(state, event): return {**state, **event.state}\n")
    path = str(file_with(tmp_path / "e.ndjson", [event(0)]))
    for arguments in ([ID], ["--expect", "False"]):
        found = [*arguments, "-q", "--with", "code:folded"]
        variables = {"TZ": "Europe/Berlin", "PYTHONPATH": str(tmp_path)}
        shown = [
            plain(on_terminal("replay", *found, *utc, url=path, columns=120, **variables)) for utc in ([], ["--utc"])
        ]
        assert [re.findall(r"2026-01-31 \S+ ?\w*", text) for text in shown] == [
            *(["2026-01-31 13:00:00 CET"], ["2026-01-31 12:00:00Z"])
        ]


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS,
        *(["log", "-F", name] for name in ("json", "ndjson", "csv")),
        *(["log", "--template", "{recorded_at}"], ["list", "-F", "csv"], ["stats", "-F", "json"]),
        ["export"],
    ],
)
def test_a_pipe_has_utc_in_every_zone(journal: str, command: list[str]) -> None:
    outputs = {run(*command, url=journal, env=environment(TZ=name)).stdout for name in ("Asia/Kolkata", "UTC")}
    assert len(outputs) == 1
    assert "IST" not in outputs.pop()


@pytest.mark.parametrize("command", [["log", "-F", "ndjson"], ["log", "--template", "{recorded_at}"]])
def test_data_on_a_terminal_has_utc(journal: str, command: list[str]) -> None:
    text = on_terminal(*command, url=journal, TZ="Asia/Kolkata")
    assert [time in text for time in (*SPRING, *AUTUMN)] == [True] * 4

"""Times as people write them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from esjournal.cli.localtime import utc_of_local
from esjournal.cli.times import day_of, time_of

# In Berlin it is half past two in the afternoon, on the day when summer time ended.
# Zones are written as rules, because a machine may have no time zone database.
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
SANTIAGO = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
HAVANA = "CST5CDT,M3.2.0/0,M11.1.0/1"
LORD_HOWE = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
KATHMANDU = "<+0545>-5:45"
NOW = datetime(2026, 10, 25, 13, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(zone: Callable[[str], None]) -> None:
    zone(BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 12:00:00.5+02:00", "2026-01-31T10:00:00.500000Z"),
        ("2026-01-31t12:00z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 12:00", "2026-01-31T11:00:00.000000Z"),
        ("2026-07-31 12:00", "2026-07-31T10:00:00.000000Z"),
        ("2026-07-31", "2026-07-30T22:00:00.000000Z"),
        ("12:00", "2026-10-25T11:00:00.000000Z"),
        ("12:00:30.25", "2026-10-25T11:00:30.250000Z"),
        ("now", "2026-10-25T13:30:15.250000Z"),
        ("today", "2026-10-24T22:00:00.000000Z"),
        ("yesterday", "2026-10-23T22:00:00.000000Z"),
        ("10 min ago", "2026-10-25T13:20:15.250000Z"),
        ("90 seconds ago", "2026-10-25T13:28:45.250000Z"),
        ("1 hour ago", "2026-10-25T12:30:15.250000Z"),
        ("2h ago", "2026-10-25T11:30:15.250000Z"),
        ("1 day ago", "2026-10-24T13:30:15.250000Z"),
        (" 2 weeks ago ", "2026-10-11T13:30:15.250000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("2026-01-31 13:00:00+00", "2026-01-31T13:00:00.000000Z"),
        ("2026-01-31T13:00:00+0530", "2026-01-31T07:30:00.000000Z"),
        ("2026-01-31 13:00 -0030", "2026-01-31T13:30:00.000000Z"),
        ("2026-01-31T13:00Z", "2026-01-31T13:00:00.000000Z"),
        ("2026-01-31T13+01:00", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31T13:00:00,500000000+00:00", "2026-01-31T13:00:00.500000Z"),
        ("2026/01/31 13:00", "2026-01-31T12:00:00.000000Z"),
        ("yesterday 12:00", "2026-10-24T10:00:00.000000Z"),
        ("12:00 yesterday", "2026-10-24T10:00:00.000000Z"),
        ("noon", "2026-10-25T11:00:00.000000Z"),
        ("midnight yesterday", "2026-10-23T22:00:00.000000Z"),
        ("tomorrow", "2026-10-25T23:00:00.000000Z"),
        ("2h", "2026-10-25T11:30:15.250000Z"),
        ("-2h", "2026-10-25T11:30:15.250000Z"),
        ("1h30min ago", "2026-10-25T12:00:15.250000Z"),
        ("1 hour 30 minutes", "2026-10-25T12:00:15.250000Z"),
        ("2.weeks.ago", "2026-10-11T13:30:15.250000Z"),
        ("30m", "2026-10-25T13:00:15.250000Z"),
        # By the calendar and the clock: Berlin is one hour ahead of UTC now, and was two hours ahead then.
        ("1 month ago", "2026-09-25T12:30:15.250000Z"),
        ("1M", "2026-09-25T12:30:15.250000Z"),
        ("last month", "2026-09-25T12:30:15.250000Z"),
        ("8 months ago", "2026-02-25T13:30:15.250000Z"),
        ("1 year 1 month 1 day ago", "2025-09-24T12:30:15.250000Z"),
        ("@1769864400", "2026-01-31T13:00:00.000000Z"),
        ("@1769864400.25", "2026-01-31T13:00:00.250000Z"),
        ("1769864400", "2026-01-31T13:00:00.000000Z"),
        ("@1769864400 +0100", "2026-01-31T13:00:00.000000Z"),
        ("@0", "1970-01-01T00:00:00.000000Z"),
        # date, date -R, date in English where hours end with 12, git, journalctl, and days alone.
        ("Sat Jan 31 13:00:00 CET 2026", "2026-01-31T12:00:00.000000Z"),
        ("Fri Jul  3 13:00:00 CEST 2026", "2026-07-03T11:00:00.000000Z"),
        ("Sat Jan 31 13:00:00 UTC 2026", "2026-01-31T13:00:00.000000Z"),
        ("Sat Jan 31 13:00:00 +0545 2026", "2026-01-31T07:15:00.000000Z"),
        ("Sat Jan 31 13:00:00 +11 2026", "2026-01-31T02:00:00.000000Z"),
        ("Sat, 31 Jan 2026 13:00:00 -0500", "2026-01-31T18:00:00.000000Z"),
        ("Sat Jan 31 01:00:00 PM CET 2026", "2026-01-31T12:00:00.000000Z"),
        ("Sat Jan 31 12:00:00 AM CET 2026", "2026-01-30T23:00:00.000000Z"),
        ("Sat Jan 31 13:00:00 2026 +0100", "2026-01-31T12:00:00.000000Z"),
        ("Sat Jan 31 13:00:00 2026", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 13:00:00 +0100", "2026-01-31T12:00:00.000000Z"),
        ("Sat 2026-01-31 13:00:00 CET", "2026-01-31T12:00:00.000000Z"),
        ("Jan 31 2026", "2026-01-30T23:00:00.000000Z"),
        ("31 Jan 2026", "2026-01-30T23:00:00.000000Z"),
    ],
)
def test_a_time_is_a_time_of_the_local_zone_unless_it_says_otherwise(text: str, expected: str) -> None:
    assert time_of(text, now=NOW) == expected


def test_months_end_with_their_last_day() -> None:
    assert time_of("1 month ago", now=datetime(2026, 3, 31, 12, tzinfo=UTC)) == "2026-02-28T13:00:00.000000Z"
    assert time_of("1y", now=datetime(2024, 2, 29, 12, tzinfo=UTC)) == "2023-02-28T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("name", "text", "first", "last"),
    [
        # Skipped: the result is the time of the change.
        (BERLIN, "2013-03-31 02:30", "2013-03-31T01:00:00", "2013-03-31T01:00:00"),
        (BERLIN, "2013-03-31 01:59:59.5", "2013-03-31T00:59:59.500000", "2013-03-31T00:59:59.500000"),
        (BERLIN, "2013-03-31 03:00", "2013-03-31T01:00:00", "2013-03-31T01:00:00"),
        (SANTIAGO, "2024-09-08", "2024-09-08T04:00:00", "2024-09-08T04:00:00"),
        (SANTIAGO, "2024-09-08 00:59:59.999999", "2024-09-08T04:00:00", "2024-09-08T04:00:00"),
        (LORD_HOWE, "2024-10-06 02:15", "2024-10-05T15:30:00", "2024-10-05T15:30:00"),
        # Shown twice.
        (BERLIN, "2013-10-27 02:30", "2013-10-27T00:30:00", "2013-10-27T01:30:00"),
        (BERLIN, "Sun Oct 27 02:30:00 CET 2013", "2013-10-27T01:30:00", "2013-10-27T01:30:00"),
        (BERLIN, "Sun Oct 27 02:30:00 CEST 2013", "2013-10-27T00:30:00", "2013-10-27T00:30:00"),
        (HAVANA, "2024-11-03", "2024-11-03T04:00:00", "2024-11-03T05:00:00"),
        (LORD_HOWE, "2024-04-07 01:45", "2024-04-06T14:45:00", "2024-04-06T15:15:00"),
        # Neither skipped nor shown twice.
        (HAVANA, "2024-11-02", "2024-11-02T04:00:00", "2024-11-02T04:00:00"),
        (KATHMANDU, "2026-01-01", "2025-12-31T18:15:00", "2025-12-31T18:15:00"),
        (KATHMANDU, "9999-12-31 23:00", "9999-12-31T17:15:00", "9999-12-31T17:15:00"),
        (KATHMANDU, "0001-01-02", "0001-01-01T18:15:00", "0001-01-01T18:15:00"),
    ],
)
def test_a_skipped_time_is_that_of_the_change_and_of_a_repeated_one_the_first_or_the_last_is_meant(
    zone: Callable[[str], None], name: str, text: str, first: str, last: str
) -> None:
    zone(name)
    expected = [at if "." in at else f"{at}.000000" for at in (first, last)]
    assert [time_of(text), time_of(text, latest=True)] == [f"{at}Z" for at in expected]


@pytest.mark.parametrize(
    ("name", "day", "now", "first", "last"),
    [
        (SANTIAGO, "today", "2024-09-08T12:00", "2024-09-08T04:00:00", "2024-09-08T04:00:00"),
        (SANTIAGO, "yesterday", "2024-09-09T12:00", "2024-09-08T04:00:00", "2024-09-08T04:00:00"),
        (HAVANA, "today", "2024-11-03T12:00", "2024-11-03T04:00:00", "2024-11-03T05:00:00"),
        (HAVANA, "00:30", "2024-11-03T12:00", "2024-11-03T04:30:00", "2024-11-03T05:30:00"),
        (HAVANA, "1 month ago", "2024-12-03T05:30", "2024-11-03T04:30:00", "2024-11-03T05:30:00"),
    ],
)
def test_midnights_that_are_skipped_or_repeated_are_too(
    zone: Callable[[str], None], name: str, day: str, now: str, first: str, last: str
) -> None:
    zone(name)
    clock = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert time_of(day, now=clock) == f"{first}.000000Z"
    assert time_of(day, now=clock, latest=True) == f"{last}.000000Z"


@pytest.mark.skipif(not Path("/usr/share/zoneinfo/Pacific/Apia").exists(), reason="no time zone database")
def test_a_day_that_was_skipped_is_the_time_of_the_change(zone: Callable[[str], None]) -> None:
    zone("Pacific/Apia")
    for text in ("2011-12-30", "2011-12-30 12:00", "2011-12-30 23:59:59.999999", "2011-12-31"):
        assert [time_of(text), time_of(text, latest=True)] == ["2011-12-30T10:00:00.000000Z"] * 2


@pytest.mark.parametrize("name", [BERLIN, SANTIAGO, HAVANA, LORD_HOWE])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_quarter_of_an_hour_is_what_looking_at_all_of_them_finds(
    zone: Callable[[str], None], name: str, month: int
) -> None:
    zone(name)
    quarter = timedelta(minutes=15)
    # The changes of these zones are in the first or the last week of a month.
    begin = datetime(2024, month, 1) - 8 * timedelta(days=1)
    every = [begin + n * quarter for n in range(17 * 96)]
    shown = [(utc, datetime.fromtimestamp(utc.replace(tzinfo=UTC).timestamp())) for utc in every]
    clocks = {clock for _, clock in shown}
    for local in every[200:-200:5]:
        # The first time at which the clock shows `local` or later, and the last at which it shows `local` or earlier.
        first = next(utc for utc, clock in shown if clock >= local)
        last = next(utc for utc, clock in reversed(shown) if clock <= local)
        assert utc_of_local(local, latest=False) == first
        assert utc_of_local(local, latest=True) == (last if local in clocks else first)


def test_digits_beyond_microseconds_leave_no_event_on_the_wrong_side() -> None:
    for text in ("2026-01-31T13:00:00,123456789+00:00", "@1769864400.123456789"):
        assert time_of(text) == "2026-01-31T13:00:00.123457Z"
        assert time_of(text, latest=True) == "2026-01-31T13:00:00.123456Z"
    assert time_of("@1769864400.123456000") == "2026-01-31T13:00:00.123456Z"


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-R"],
        ["--iso-8601=ns"],
        ["--iso-8601=seconds"],
        ["--rfc-3339=ns"],
        ["+%s"],
        ["+@%s.%N"],
        ["+%c"],
        ["+%F %T %Z"],
    ],
)
@pytest.mark.parametrize("name", [BERLIN, SANTIAGO, HAVANA, LORD_HOWE, KATHMANDU, "UTC0"])
def test_what_date_prints_is_a_time(zone: Callable[[str], None], options: list[str], name: str) -> None:
    zone(name)
    for at in ("2026-01-05 12:00:07Z", "2026-07-31 00:30:00Z"):
        command = ["date", "-d", at, *options]
        printed = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if printed.returncode:
            pytest.skip("date is not GNU date")
        assert time_of(printed.stdout) == f"{at[:10]}T{at[11:-1]}.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026", "2026-02-30", "2026-13-01", "31.01.2026", "2026-01-31T25:00", "2026-01-31Z", "20260131"),
        *(
            "+10 min",
            "ten min ago",
            "1.5 h",
            "h",
            "2 hh",
            "2h2",
            "1 month ago 12:00",
            "-2h ago",
            "2h from now",
            "9999 years ago",
            "99999999 weeks ago",
            "24:00",
            "1:00",
            "\u0661 h ago",
        ),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00", "now\x1b[2J", "Now"),
        *("@", "@x", "@-1", "12345678", "@999999999999", "@1769864400Z", "2026-01-31T13:00:60Z", "2026-01-31T13:00+24"),
        *("Fri Jan 31 13:00:00 UTC 2026", "Sun 2026-01-31", "Sat Jan 31 13:00:00 PM UTC 2026", "Feb 30 2026"),
        *("2026-07-31 12:00 CET", "2026-01-31 12:00 XYZ", "2026-01-31T12:00Z UTC", "yesterday 24:00", "today today"),
        *("12:00 12:00", "bad\udcff"),
    ],
)
def test_text_that_is_not_a_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not a time: write one such as .* '1 month ago' or @") as caught:
        time_of(text, now=NOW)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "span"),
    [
        ("UTC0", "2026-01-31", ("2026-01-31T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z")),
        ("UTC0", "9999-12-31", ("9999-12-31T00:00:00.000000Z", None)),
        ("Europe/Berlin", "2026-03-29", ("2026-03-28T23:00:00.000000Z", "2026-03-29T22:00:00.000000Z")),
        ("Europe/Berlin", "2026-03-29T00:00+01:00", ("2026-03-28T23:00:00.000000Z", "2026-03-29T22:00:00.000000Z")),
    ],
)
def test_a_day_is_from_midnight_to_midnight(
    zone: Callable[[str], None], name: str, text: str, span: tuple[str, str | None]
) -> None:
    zone(name)
    assert day_of(text) == span


@pytest.mark.parametrize("text", ["2026-01-31T12:00Z", "12:30", "@1769860801"])
def test_a_time_within_a_day_is_not_a_day(zone: Callable[[str], None], text: str) -> None:
    zone("UTC0")
    with pytest.raises(typer.BadParameter, match="is not a day"):
        day_of(text)

"""Times as people write them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import typer

from esjournal.cli.times import moment_of

# In Berlin it is half past two in the afternoon of the day on which winter time has come.
NOW = datetime(2026, 10, 25, 13, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Spelt out, because a machine may have no database of time zones.
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.get("TZ")
    time.tzset()


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
    ],
)
def test_a_time_is_a_moment_of_the_local_zone_unless_it_says_otherwise(text: str, expected: str) -> None:
    assert moment_of(text, now=NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026", "2026-02-30", "2026-13-01", "31.01.2026", "2026-01-31T25:00", "2026-01-31Z", "20260131"),
        *("10 min", "ten min ago", "-1 h ago", "10 years ago", "99999999 weeks ago", "24:00", "1:00", "\u0661 h ago"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00", "now\x1b[2J", "tomorrow"),
    ],
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no time: write one such as .* '10 min ago'") as caught:
        moment_of(text, now=NOW)
    assert "\x1b" not in str(caught.value)

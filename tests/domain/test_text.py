"""Numbers as people read them."""

from __future__ import annotations

import pytest

from esjournal.domain.text import counted, duration, number, percent, rate, shortened, size


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (336_776, "336,776 events")]
)
def test_things_are_counted_in_their_own_number(count: int, shown: str) -> None:
    assert counted(count, "event") == shown
    assert counted(count, "event was", "events were") == f"{shown} {'was' if count == 1 else 'were'}"


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (999, "999"), (1_000, "1,000"), (0.5, "0.5"), (10.0, "10")])
def test_thousands_stand_apart(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (24_576, "24.6 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (10**9, "1.0 GB"),
        (10**12, "1.0 TB"),
        (1_234 * 10**12, "1,234.0 TB"),
    ],
)
def test_a_size_has_the_unit_that_suits_it(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(1, 1, "100.0%"), (1, 3, "33.3%"), (1, 10_000, "<0.1%"), (0, 5, "0.0%")]
)
def test_a_part_that_is_there_is_not_shown_as_nothing(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown


def test_times_and_rates_are_short() -> None:
    shown = ["1.52 s", "59.99 s", "1 min", "20 min 34 s"]
    assert [duration(seconds) for seconds in (1.519, 59.994, 59.996, 1_234.5)] == shown
    assert (rate(336_776, 1.52), rate(5, 0)) == ("221,563/s", "0/s")


def test_a_long_value_is_shortened_in_messages_that_name_its_length() -> None:
    assert shortened("x" * 100, 10) == "'xxxxxxxxxx'... (100 characters)"
    assert shortened("a\x1b[2J") == r"'a\x1b[2J'"

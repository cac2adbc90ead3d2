"""Minutes, hours, days and months, by name and by number."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.periods import Crowd, Period, crowd_of, finest
from esjournal.exceptions import InvalidData

TIME = "2013-01-31T12:34:56.789000Z"
FIRST, LAST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("period", "name"),
    [
        (Period.MINUTE, "2013-01-31T12:34"),
        (Period.HOUR, "2013-01-31T12"),
        (Period.DAY, "2013-01-31"),
        (Period.MONTH, "2013-01"),
    ],
)
def test_a_time_begins_with_the_name_of_its_period(period: Period, name: str) -> None:
    assert TIME[: period.characters] == name
    assert period.named(period.number(TIME)) == name == period.named(period.number(name))


@pytest.mark.parametrize(
    ("period", "name", "following"),
    [
        (Period.MINUTE, "2012-02-28T23:59", "2012-02-29T00:00"),
        (Period.HOUR, "2013-12-31T23", "2014-01-01T00"),
        (Period.DAY, "2013-02-28", "2013-03-01"),
        (Period.MONTH, "2013-12", "2014-01"),
    ],
)
def test_the_period_that_follows_has_the_next_number(period: Period, name: str, following: str) -> None:
    assert period.named(period.number(name) + 1) == following


@given(st.sampled_from(Period), st.datetimes(), st.datetimes())
def test_numbers_are_in_the_order_of_time_and_give_the_names_back(
    period: Period, one: datetime, other: datetime
) -> None:
    earlier, later = sorted(f"{time.isoformat(timespec='microseconds')}Z" for time in (one, other))
    assert period.number(earlier) <= period.number(later)
    assert period.named(period.number(earlier)) == earlier[: period.characters]


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("text", ["", "never", "2013-13-01T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z"])
def test_text_that_is_not_a_time_is_refused_with_its_value(period: Period, text: str) -> None:
    with pytest.raises(InvalidData, match="not a time"):
        period.number(text)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (TIME, Period.MINUTE),
        ("2013-01-31T14:33:59.000000Z", Period.MINUTE),
        ("2013-01-31T14:34:00.000000Z", Period.HOUR),
        ("2013-02-05T11:00:00.000000Z", Period.HOUR),
        ("2013-02-05T12:00:00.000000Z", Period.DAY),
        ("2013-05-30T00:00:00.000000Z", Period.DAY),
        ("2013-05-31T00:00:00.000000Z", Period.MONTH),
        (LAST, Period.MONTH),
    ],
)
def test_the_finest_period_is_the_one_of_which_there_are_not_too_many(last: str, expected: Period) -> None:
    assert finest(TIME, last, most=120) is expected


@given(st.datetimes(max_value=datetime(9000, 1, 1)), st.timedeltas(min_value=timedelta(0), max_value=timedelta(3_000)))
def test_there_are_no_more_periods_than_requested_and_finer_ones_would_be_more(
    first: datetime, length: timedelta
) -> None:
    begin, end = (f"{time.isoformat(timespec='microseconds')}Z" for time in (first, first + length))
    chosen = finest(begin, end, most=120)
    fitting = [period for period in Period if period.number(end) - period.number(begin) < 120]
    assert chosen is fitting[0]


def test_the_whole_calendar_is_counted_in_every_period() -> None:
    for period in Period:
        assert period.named(period.number(FIRST)) == FIRST[: period.characters]
        assert period.named(period.number(LAST)) == LAST[: period.characters]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ({5: 1}, Crowd(5, 5)),
        ({5: 1, 500: 1}, Crowd(5, 500)),
        # One stray, before, after, and on both sides.
        ({0: 1, 500: 50, 501: 50}, Crowd(500, 501, before=1)),
        ({500: 50, 501: 50, 900: 1}, Crowd(500, 501, after=1)),
        ({0: 1, 500: 50, 501: 50, 900: 2}, Crowd(500, 501, 1, 2)),
        # Few events, and too few.
        ({0: 1, 500: 4, 501: 3}, Crowd(500, 501, before=1)),
        ({0: 1, 500: 3, 501: 3}, Crowd(0, 501)),
        # Many strays are no strays.
        ({0: 4, 500: 50, 501: 50}, Crowd(0, 501)),
        ({0: 100, 500: 5_000, 501: 5_000}, Crowd(500, 501, before=100)),
        # The end of a crowd belongs to it, however thin; so does what makes it less than four times as long.
        ({0: 1, **dict.fromkeys(range(500, 540), 100), 541: 1, 545: 1}, Crowd(500, 545, before=1)),
        ({0: 1, **dict.fromkeys(range(30, 70), 100)}, Crowd(0, 69)),
    ],
)
def test_a_few_events_far_away_are_not_in_the_crowd(events: dict[int, int], expected: Crowd) -> None:
    assert crowd_of(events) == expected


@given(st.dictionaries(st.integers(0, 10**6), st.integers(1, 10**6), min_size=1, max_size=50))
def test_a_crowd_has_nearly_all_events_in_a_fourth_of_the_time_or_all(events: dict[int, int]) -> None:
    first, last, before, after = crowd_of(events)
    assert sum(count for at, count in events.items() if first <= at <= last) == sum(events.values()) - before - after
    assert before + after <= max(sum(events.values()) // 100, 3)
    if before or after:
        assert (last - first + 1) * 4 <= max(events) - min(events) + 1
    else:
        assert (first, last) == (min(events), max(events))


def test_a_period_begins_with_its_first_minute() -> None:
    assert [period.beginning(period.number(TIME)) for period in Period] == [
        "2013-01-31T12:34",
        "2013-01-31T12:00",
        "2013-01-31T00:00",
        "2013-01-01T00:00",
    ]

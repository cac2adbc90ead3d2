"""Bars and columns, character by character."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.cli.rendering.plot import HEIGHT, Plot, bar, plot
from esjournal.domain.periods import Period


def drawn(plotted: Plot) -> list[str]:
    return [line.axis + line.columns for line in plotted.lines]


@pytest.mark.parametrize(
    ("value", "expected"), [(0, ""), (1, "▏"), (500, "█████"), (550, "█████▌"), (999, "██████████"), (1_000, "█" * 10)]
)
def test_a_bar_is_as_long_as_its_value_to_an_eighth_of_a_character(value: int, expected: str) -> None:
    assert bar(value, 1_000, 10, unicode=True) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, ""), (1, "#"), (500, "#####"), (1_000, "#" * 10)])
def test_a_bar_is_drawn_without_unicode(value: int, expected: str) -> None:
    assert bar(value, 1_000, 10, unicode=False) == expected


def test_columns_stand_over_their_time_and_a_period_without_events_has_an_empty_one() -> None:
    plotted = plot({"2013-01": 8, "2013-02": 4, "2013-04": 1}, Period.MONTH, 40, unicode=True)
    assert drawn(plotted) == [
        " 8 ┤███████",
        "   │███████",
        "   │███████",
        "   │███████",
        " 4 ┤███████ ███████",
        "   │███████ ███████",
        "   │███████ ███████",
        "   │███████ ███████         ███████",
        " 0 └────────────────────────────────",
        "    2013-01 2013-02 2013-03 2013-04"[:11] + "         2013-03",
    ]


def test_columns_are_drawn_without_unicode() -> None:
    lines = drawn(plot({"2013-01-01": 8, "2013-01-02": 1}, Period.DAY, 40, unicode=False))
    assert "".join(lines).isascii()
    assert lines[0].startswith("8 +###")
    assert lines[HEIGHT - 1] == "  |####### #######"


@pytest.mark.parametrize(
    ("value", "top"), [(1, "1"), (7, "8"), (11, "12"), (29_428, "30,000"), (100_000, "100,000"), (10**9 + 1, None)]
)
def test_the_axis_ends_with_a_round_number_that_is_not_below_any(value: int, top: str | None) -> None:
    [first, *_] = plot({"2013-01-01": value}, Period.DAY, 80, unicode=True).lines
    assert first.axis.split()[0] == (top or "1,200,000,000")


def test_periods_share_a_column_if_there_is_no_room_for_each() -> None:
    hours = {Period.HOUR.named(Period.HOUR.number("2013-01-01T00") + at): 1 for at in range(200)}
    plotted = plot(hours, Period.HOUR, 80, unicode=True)
    assert plotted.periods_in_column == 3
    assert plotted.lines[0].axis.split()[0] == "3"
    assert plotted.lines[-1].axis.split()[:2] == ["2013-01-01", "00:00"]


def test_periods_that_are_ages_apart_are_drawn_at_once() -> None:
    plotted = plot({"0001-01-01T00:00": 3, "9999-12-31T23:59": 1}, Period.MINUTE, 80, unicode=True)
    assert plotted.periods_in_column > 10**7
    assert [len(line.columns.split()) for line in plotted.lines[HEIGHT - 3 : HEIGHT]] == [2, 2, 2]


def test_a_few_events_far_away_are_counted_and_not_drawn() -> None:
    months = {f"2013-{month:02}": 100 for month in range(1, 13)}
    plotted = plot({"1970-01": 1, **months, "2099-01": 1, "2099-02": 1}, Period.MONTH, 80, unicode=True)
    assert plotted == plot(months, Period.MONTH, 80, unicode=True)._replace(not_drawn=plotted.not_drawn)
    assert plotted.not_drawn == "1 event before 2013-01, 2 after 2013-12"
    assert plot({**months, "2099-01": 1}, Period.MONTH, 80, unicode=True).not_drawn == "1 event after 2013-12"
    days = {f"2013-01-{day:02}T10": 100 for day in range(1, 13)}
    plotted = plot({"1970-01-01T00": 1, **days}, Period.HOUR, 80, unicode=True)
    assert plotted.not_drawn == "1 event before 2013-01-01 10:00"


def test_all_events_are_drawn_if_each_period_has_a_column() -> None:
    plotted = plot({"2013-01": 1, "2013-02": 100, "2018-01": 1}, Period.MONTH, 80, unicode=True)
    assert (plotted.periods_in_column, plotted.not_drawn) == (1, "")


@pytest.mark.parametrize("by", Period)
@pytest.mark.parametrize("largest", [9, 95, 999, 10**12 - 2, 10**12, 81 * 10**11])
def test_the_numbers_of_the_axis_fit_where_rounding_up_makes_them_longer(by: Period, largest: int) -> None:
    ages = {"0001-01-01T00:00"[: by.characters]: 1, "9999-12-31T23:59"[: by.characters]: largest}
    for width in (60, 61, 80):
        lines = drawn(plot(ages, by, width, unicode=True))
        assert max(map(len, lines)) <= width
        # The numbers are aligned.
        assert len({line.index(axis) for line in lines[:-1] for axis in "┤│└" if axis in line}) == 1


def is_far_away(name: str, not_drawn: str, by: Period) -> bool:
    """Say whether a period is before or after those that are drawn, as the words beside the plot say it."""
    shown = name.replace("T", " ") + (":00" if by is Period.HOUR else "")
    before, after = re.search("before ([^,]+)", not_drawn), re.search("after (.+)", not_drawn)
    return (before is not None and shown < before[1]) or (after is not None and shown > after[1])


@given(
    st.sampled_from(Period),
    st.dictionaries(st.datetimes(), st.integers(1, 10**12), min_size=1, max_size=30),
    st.integers(40, 200),
    st.booleans(),
)
def test_a_plot_fits_its_width_and_shows_every_event(
    by: Period, events: dict[datetime, int], width: int, unicode: bool
) -> None:
    periods = {time.isoformat(timespec="minutes")[: by.characters]: number for time, number in events.items()}
    plotted = plot(dict(sorted(periods.items())), by, width, unicode=unicode)
    assert max(map(len, drawn(plotted))) <= width
    assert len(plotted.lines) == HEIGHT + 2
    drawn_periods = [name for name in periods if not is_far_away(name, plotted.not_drawn, by)]
    base = by.number(min(drawn_periods))
    with_events = {(by.number(name) - base) // plotted.periods_in_column for name in drawn_periods}
    assert len(plotted.lines[HEIGHT - 1].columns.replace(" ", "")) >= len(with_events)

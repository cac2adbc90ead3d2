"""Bars and columns of block characters, or of # if a terminal has none.

Written by hand, because plotext prints escape codes even without colours, draws nothing finer than a whole character,
has one plot for the whole process, and dropped bar charts in version 6, which takes 230 ms to load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from esjournal.domain.periods import Crowd, Period, crowd_of
from esjournal.domain.text import counted, number

HEIGHT = 8
# So that the columns of a few periods do not look like a wall.
WIDEST_COLUMN = 8

_LYING = " ▏▎▍▌▋▊▉█"
_STANDING = " ▁▂▃▄▅▆▇█"
_ASCII = " #"
# At a number, between numbers, in the corner, and below the columns.
_UNICODE_AXES = ("┤", "│", "└", "─")
_ASCII_AXES = ("+", "|", "+", "-")
# The numbers that an axis may end with, in tenths of a power of ten.
_ROUND = (10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100)
_LABEL_GAP = 2


def bar(value: int, largest: int, width: int, *, unicode: bool) -> str:
    """Return a bar, which is visible for any value but 0.

    Args:
        value: the value to draw, at least 0.
        largest: the value of a bar of full width, at least 1.
        width: the full width, in characters.
        unicode: whether block characters may be used.
    """
    return "".join(_cells(value, largest, width, _LYING if unicode else _ASCII)).rstrip()


class PlotLine(NamedTuple):
    """A line of a plot: the axis, and what is drawn to its right; below the columns there is only an axis."""

    axis: str
    columns: str = ""


class Plot(NamedTuple):
    """Events over time: the lines from the top, how many periods a column has, and what is not drawn.

    `not_drawn` says how many events are long before or after all others, and is empty if there are none.
    """

    lines: list[PlotLine]
    periods_in_column: int
    not_drawn: str = ""


def plot(periods: Mapping[str, int], by: Period, width: int, *, unicode: bool) -> Plot:
    """Return columns of events over time; periods without events have columns too.

    If that makes the columns of the others finer, a few events that are far away are not drawn.

    Args:
        periods: the number of events by the name of the period; at least one.
        by: the length of the periods.
        width: the available width, in characters.
        unicode: whether block characters may be used.
    """
    numbered = {by.number(name): events for name, events in periods.items()}
    label_width, needed = 0, len(number(sum(periods.values())))
    # The axis may end with a longer number than any value, and a longer label leaves fewer columns, with larger values.
    while label_width < needed:
        label_width = needed
        room = max(1, width - label_width - 2)
        crowd, values, in_column = _gathered(numbered, room)
        top = _rounded_up(max(values))
        needed = len(number(top))
    step = max(1, min(room // len(values), WIDEST_COLUMN))
    bars = [_cells(value, top, HEIGHT, _STANDING if unicode else _ASCII) for value in values]
    tick, line, corner, dash = _UNICODE_AXES if unicode else _ASCII_AXES
    labels = {0: number(top), HEIGHT // 2: number(top // 2) if top % 2 == 0 else ""}
    lines = [
        PlotLine(
            f"{labels.get(row, ''):>{label_width}} {tick if labels.get(row) else line}",
            "".join(_column(cells[HEIGHT - 1 - row], step) for cells in bars).rstrip(),
        )
        for row in range(HEIGHT)
    ]
    length = len(values) * step
    names = [_readable(by.named(crowd.first + at * in_column), by) for at in range(len(values))]
    margin = " " * (label_width + 2)
    lines.append(PlotLine(f"{0:>{label_width}} {corner}{dash * length}"))
    lines.append(PlotLine(margin + _time_axis(names, step, room)))
    return Plot(lines, in_column, _not_drawn(crowd, by))


def _gathered(numbered: Mapping[int, int], most: int) -> tuple[Crowd, list[int], int]:
    """Return which periods are drawn, the values of the columns, and the number of periods in a column.

    Periods may be centuries apart, so it loops only over those with events.
    """
    crowd = Crowd(min(numbered), max(numbered))
    if crowd.last - crowd.first >= most:
        crowd = crowd_of(numbered)
    in_column = -(-(crowd.last - crowd.first + 1) // most)
    values = [0] * ((crowd.last - crowd.first) // in_column + 1)
    for period, events in numbered.items():
        if crowd.first <= period <= crowd.last:
            values[(period - crowd.first) // in_column] += events
    return crowd, values, in_column


def _not_drawn(crowd: Crowd, by: Period) -> str:
    parts = []
    if crowd.before:
        parts.append(f"{counted(crowd.before, 'event')} before {_readable(by.named(crowd.first), by)}")
    if crowd.after:
        events = number(crowd.after) if parts else counted(crowd.after, "event")
        parts.append(f"{events} after {_readable(by.named(crowd.last), by)}")
    return ", ".join(parts)


def _cells(value: int, largest: int, length: int, levels: str) -> list[str]:
    steps = len(levels) - 1
    filled = max(min(value, 1), round(value / largest * length * steps))
    return [levels[min(max(filled - cell * steps, 0), steps)] for cell in range(length)]


def _column(cell: str, step: int) -> str:
    # Wide columns are separated by a gap.
    return cell if step < 3 else cell * (step - 1) + " "


def _rounded_up(value: int) -> int:
    scale = int("1".ljust(len(str(value)), "0"))
    return next(rounded for tenths in _ROUND if (rounded := tenths * scale // 10) >= value)


def _readable(name: str, by: Period) -> str:
    return name.replace("T", " ") + (":00" if by is Period.HOUR else "")


def _time_axis(names: Sequence[str], step: int, room: int) -> str:
    """Return the names of as many columns as there is room for, each at the beginning of its column."""
    width = len(names[0])
    every = -(-(width + _LABEL_GAP) // step)
    axis = ""
    for at in range(0, len(names), every):
        begin = at * step
        if begin + width <= room:
            axis = axis.ljust(begin) + names[at]
    return axis

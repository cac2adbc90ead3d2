"""Periods of time in UTC: minutes, hours, days and months, each named by the prefix that its times share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

# Completes the name of a period to its first minute.
_BEGINNING = "0001-01-01T00:00"
_MINUTE = timedelta(minutes=1)


class Period(StrEnum):
    """The length of a period, shortest first; names are 2013-01-31T12:00, 2013-01-31T12, 2013-01-31 and 2013-01."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @property
    def characters(self) -> int:
        """The length of a period's name: this many characters of a time in canonical form."""
        return _CHARACTERS[self]

    def number(self, time: str) -> int:
        """Return the number of the period that a time is in; consecutive periods have consecutive numbers.

        Args:
            time: in canonical form, or the name of a period.

        Raises:
            InvalidData: the text is not a time.
        """
        name = time[: self.characters]
        try:
            if len(name) < self.characters:
                raise ValueError(time)
            begin = datetime.fromisoformat(name + _BEGINNING[len(name) :])
        except ValueError:
            raise InvalidData(
                f"an event is recorded at {shortened(time)}, which is not a time: run `esjournal verify` to find it"
            ) from None
        if self is Period.MONTH:
            return begin.year * 12 + begin.month - 1
        return (begin - datetime.min) // (_MINUTE * _MINUTES[self])

    def named(self, number: int) -> str:
        """Return the name of the period with this number."""
        if self is Period.MONTH:
            year, month = divmod(number, 12)
            return f"{year:04}-{month + 1:02}"
        return (datetime.min + number * _MINUTE * _MINUTES[self]).isoformat()[: self.characters]

    def beginning(self, number: int) -> str:
        """Return the first minute of the period with this number."""
        name = self.named(number)
        return name + _BEGINNING[len(name) :]


_CHARACTERS = {Period.MINUTE: 16, Period.HOUR: 13, Period.DAY: 10, Period.MONTH: 7}
_MINUTES = {Period.MINUTE: 1, Period.HOUR: 60, Period.DAY: 24 * 60}


def finest(first: str, last: str, *, most: int) -> Period:
    """Return the shortest period that divides a span of time into at most `most` parts; months if none does.

    Args:
        first: the start of the span, in canonical form.
        last: its end.
        most: the largest number of periods.
    """
    return next((period for period in Period if period.number(last) - period.number(first) < most), Period.MONTH)


class Crowd(NamedTuple):
    """The first and the last of the periods with nearly all events, and how many events are before and after them."""

    first: int
    last: int
    before: int = 0
    after: int = 0


# At most these events are left out: one in a hundred, or, of fewer events, one in eight, and up to three.
_ONE_IN, _FEW, _ONE_IN_FEWER = 100, 3, 8
# They are left out only if the others need at most a fourth of the time.
_SHARE = 4


def crowd_of(events: Mapping[int, int]) -> Crowd:
    """Return where events are without a few that are far away from all others, if there are such.

    Args:
        events: the number of events by the number of the period; at least one.
    """
    numbers = sorted(events)
    total = sum(events.values())
    first, last = _shortest(numbers, events, total - max(total // _ONE_IN, min(_FEW, total // _ONE_IN_FEWER)))
    # What is left out is far away, and not just the first and the last of many.
    while first > 0 or last < len(numbers) - 1:
        near = max(1, (numbers[last] - numbers[first] + 1) // _SHARE)
        if first > 0 and numbers[first] - numbers[first - 1] <= near:
            first -= 1
        elif last < len(numbers) - 1 and numbers[last + 1] - numbers[last] <= near:
            last += 1
        else:
            break
    if (numbers[last] - numbers[first] + 1) * _SHARE > numbers[-1] - numbers[0] + 1:
        return Crowd(numbers[0], numbers[-1])
    before, after = (sum(events[number] for number in part) for part in (numbers[:first], numbers[last + 1 :]))
    return Crowd(numbers[first], numbers[last], before, after)


def _shortest(numbers: list[int], events: Mapping[int, int], least: int) -> tuple[int, int]:
    """Return the places of the first and last period of the shortest time in which there are enough events."""
    best = (0, len(numbers) - 1)
    begin = inside = 0
    for end, number in enumerate(numbers):
        inside += events[number]
        while inside - events[numbers[begin]] >= least:
            inside -= events[numbers[begin]]
            begin += 1
        if inside >= least and number - numbers[begin] < numbers[best[1]] - numbers[best[0]]:
            best = (begin, end)
    return best

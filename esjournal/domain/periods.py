"""Periods of time in UTC: minutes, hours, days and months, each named by the prefix that its times share."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

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

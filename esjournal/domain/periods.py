"""Periods of time in UTC: minutes, hours, days and months, each named by how the text of its moments begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

# What a name is filled up with to be a moment.
_BEGINNING = "0001-01-01T00:00"
_MINUTE = timedelta(minutes=1)


class Period(StrEnum):
    """How long a period is, from the finest on; 2013-01-31T12:00, 2013-01-31T12, 2013-01-31 and 2013-01 are names."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @property
    def characters(self) -> int:
        """How many characters of a moment in canonical form are the name of its period."""
        return _CHARACTERS[self]

    def number(self, time: str) -> int:
        """Return which period a moment is in, so that periods that follow one another have numbers that do.

        Args:
            moment: in canonical form, or the name of a period.

        Raises:
            InvalidData: the text is no moment.
        """
        name = time[: self.characters]
        try:
            if len(name) < self.characters:
                raise ValueError(time)
            begin = datetime.fromisoformat(name + _BEGINNING[len(name) :])
        except ValueError:
            raise InvalidData(
                f"an event is recorded at {shortened(time)}, which is no moment: run `esjournal verify` to find it"
            ) from None
        if self is Period.MONTH:
            return begin.year * 12 + begin.month - 1
        return (begin - datetime.min) // (_MINUTE * _MINUTES[self])

    def named(self, number: int) -> str:
        """Return the name of the period that has a number."""
        if self is Period.MONTH:
            year, month = divmod(number, 12)
            return f"{year:04}-{month + 1:02}"
        return (datetime.min + number * _MINUTE * _MINUTES[self]).isoformat()[: self.characters]


_CHARACTERS = {Period.MINUTE: 16, Period.HOUR: 13, Period.DAY: 10, Period.MONTH: 7}
_MINUTES = {Period.MINUTE: 1, Period.HOUR: 60, Period.DAY: 24 * 60}


def finest(first: str, last: str, *, most: int) -> Period:
    """Return the finest period of which a span of time takes no more than so many, else months.

    Args:
        first: the span's first moment, in canonical form.
        last: its last one.
        most: how many periods.
    """
    return next((period for period in Period if period.number(last) - period.number(first) < most), Period.MONTH)

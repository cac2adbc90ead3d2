"""ISO 8601 times: a date, and after it a time of day and an offset from UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<hour>[01]\d|2[0-3])(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"(?: ?(?P<offset>[Zz]|(?P<sign>[+-])(?P<hours>[01]\d|2[0-3])(?::?(?P<minutes>[0-5]\d))?))?)?",
    re.ASCII,
)
_MICROSECOND_DIGITS = 6


class IsoTime(NamedTuple):
    """A time as it is written.

    `local` is the local time, in microseconds. `offset` is its offset from UTC, None if the text has none. `is_cut`
    says whether digits beyond microseconds were dropped that are not all 0.
    """

    local: datetime
    offset: timezone | None
    is_cut: bool


def iso_time(text: str) -> IsoTime | None:
    """Return the time that a text says, or None if the text is not an ISO 8601 time.

    A date has hyphens and a time of day colons (the extended format); seconds, minutes, the time of day and the offset
    may be left out; a comma is a decimal point. `+0530`, `+05` and `Z` are offsets too. See RFC 3339, appendix A.

    Args:
        text: any text.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    fraction = found["fraction"] or ""
    try:
        local = datetime.fromisoformat(found["day"]).replace(
            hour=int(found["hour"] or 0),
            minute=int(found["minute"] or 0),
            second=int(found["second"] or 0),
            microsecond=int(fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")),
        )
    except ValueError:
        return None
    return IsoTime(local, _offset(found), fraction[_MICROSECOND_DIGITS:].strip("0") != "")


def _offset(found: re.Match[str]) -> timezone | None:
    if found["offset"] is None:
        return None
    distance = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    return timezone(-distance if found["sign"] == "-" else distance)

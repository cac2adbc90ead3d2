"""Times as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import typer

_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_AGO = re.compile(rf"(\d{{1,9}}) ?({'|'.join(_UNITS)}) ago", re.ASCII)
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d([Tt ]{_CLOCK}([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
_OF_TODAY = re.compile(_CLOCK, re.ASCII)


def moment_of(text: str, *, now: datetime | None = None) -> str:
    """Return a moment in the canonical form of `recorded_at`.

    Args:
        text: ISO 8601, a date alone or with a time; a time of today; `now`, `today`, `yesterday`, or `10 min ago`.
            Without an offset it is of the local time zone, and a date alone is its midnight.
        now: what the clock says, aware; by default the machine's.

    Raises:
        typer.BadParameter: the text is no time.
    """
    from esjournal.domain.model import fields

    try:
        return fields.recorded_at_text(_moment(text.strip(), (now or datetime.now(UTC)).astimezone()))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{fields.shortened(text)} is no time: write one such as 2026-01-31, '2026-01-31 12:00', "
            f"2026-01-31T12:00:00Z, 12:00, today, yesterday or '10 min ago'"
        ) from None


def _moment(text: str, now: datetime) -> datetime:
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        day = now.date() - timedelta(days=text == "yesterday")
        # Made anew from the date, because the offset may have been another one at midnight.
        return datetime.combine(day, time()).astimezone()
    if found := _AGO.fullmatch(text):
        return now.astimezone(UTC) - int(found[1]) * _UNITS[found[2]]
    if _OF_TODAY.fullmatch(text):
        return datetime.combine(now.date(), time.fromisoformat(text)).astimezone()
    if _ISO.fullmatch(text):
        return datetime.fromisoformat(text.upper()).astimezone()
    raise ValueError(text)

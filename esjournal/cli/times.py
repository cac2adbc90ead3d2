"""Times as people and programs write them on a command line."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import typer

from esjournal.cli.localtime import local_of_utc, utc_of_local
from esjournal.domain.text import shortened

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
# As in systemd, M is a month and m a minute.
_MONTHS_IN = {**dict.fromkeys(("M", "month", "months"), 1), **dict.fromkeys(("y", "year", "years"), 12)}
# git takes dots, because spaces need quotes in a shell: 2.weeks.ago.
_SPAN = rf"(\d{{1,9}})[ .]?({'|'.join(sorted((*_UNITS, *_MONTHS_IN), key=len, reverse=True))})"
_AGO = re.compile(rf"(-)?{_SPAN}(?:[ .]?{_SPAN})*(?(1)|(?:[ .]ago)?)", re.ASCII)
_LAST = re.compile("last (week|month|year)")
_EACH_SPAN = re.compile(_SPAN, re.ASCII)

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_CLOCKS = {"midnight": "00:00", "noon": "12:00"}
_CLOCK = rf"{'|'.join(_CLOCKS)}|\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_DAY_AND_CLOCK = re.compile(rf"({'|'.join(_DAYS)})(?: ({_CLOCK}))?", re.ASCII)
_CLOCK_AND_DAY = re.compile(rf"({_CLOCK})(?: ({'|'.join(_DAYS)}))?", re.ASCII)

# Fewer than 9 digits could be a date; git also takes them without the @.
_SINCE_1970 = re.compile(r"(?:@(\d{1,12})|(\d{9,11}))(?:[.,](\d+))?(?: [+-]\d{4})?", re.ASCII)

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAY = re.compile(rf"({'|'.join(_WEEKDAYS)}),? +", re.ASCII)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<time>\d\d:\d\d(?::\d\d)?)(?: (?P<half>AM|PM))?"
_ZONE = r"(?P<zone>[A-Z]{2,5}|[+-]\d\d(?:\d\d)?)"
_IN_WORDS = [
    re.compile(form, re.ASCII)
    for form in (
        # date -R, and e-mail: 31 Jan 2026 13:00:00 +0100; or a date alone
        rf"(?P<day>\d{{1,2}}) {_MONTH} (?P<year>\d{{4}})(?: {_TIME}(?: {_ZONE})?)?",
        # date: Jan 31 13:00:00 CET 2026, or 01:00:00 PM
        rf"{_MONTH} +(?P<day>\d{{1,2}}) {_TIME} {_ZONE} (?P<year>\d{{4}})",
        # date, with the day first: 31 Jan 13:00:00 CET 2026
        rf"(?P<day>\d{{1,2}}) {_MONTH} {_TIME} {_ZONE} (?P<year>\d{{4}})",
        # git: Jan 31 13:00:00 2026 +0100
        rf"{_MONTH} +(?P<day>\d{{1,2}}) {_TIME} (?P<year>\d{{4}})(?: {_ZONE})?",
        rf"{_MONTH} +(?P<day>\d{{1,2}}),? (?P<year>\d{{4}})(?P<time>)(?P<half>)(?P<zone>)",
    )
]
# journalctl: 2026-01-31 13:00:00 CET
_ISO_AND_ZONE = re.compile(r"(\S+ \S+) ([A-Z]{2,5})", re.ASCII)
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)", re.ASCII)
_UTC_NAMES = ("UTC", "GMT", "UT")


class _Written(NamedTuple):
    """A time as ISO 8601, and the abbreviation of its zone if it has that instead of an offset."""

    iso: str
    zone: str | None = None


def time_of(text: str, *, latest: bool = False, now: datetime | None = None) -> str:
    """Return a time in the canonical form of `recorded_at`.

    Args:
        text: ISO 8601, a date alone or with a time; a time of today; `now`, `yesterday`, `yesterday 12:00`; `2h` or
            `1 month ago`; `@` and seconds since 1970; or what `date`, `git` and `journalctl` print. Without an offset
            it is in the local time zone, and a date alone means its midnight.
        latest: if the local clock shows the time twice, return the second one instead of the first. Digits beyond
            microseconds are then rounded down, otherwise up, so that no event ends up on the wrong side.
        now: the current time, with a time zone; by default the machine's.

    Raises:
        typer.BadParameter: the text is not a time.
    """
    return _canonical(_checked_utc(text, now, latest=latest))


def _checked_utc(text: str, now: datetime | None, *, latest: bool = False) -> datetime:
    try:
        return _utc(text.strip(), latest, (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{shortened(text)} is not a time: write one such as 2026-01-31, '2026-01-31 12:00', "
            f"2026-01-31T12:00:00Z, 12:00, today, 'yesterday 12:00', 2h, '1 month ago' or @1769860800"
        ) from None


def day_of(text: str, *, now: datetime | None = None) -> tuple[str, str | None]:
    """Return the beginning of a day in the local time zone, and that of the next one, in the form of `recorded_at`.

    Args:
        text: a date, or `yesterday`; anything that `time_of` takes and that is a midnight.
        now: the current time, with a time zone; by default the machine's.

    Returns:
        Both times; None in place of the second if no time is after the day.

    Raises:
        typer.BadParameter: the text is not a day.
    """
    begin = _checked_utc(text, now)
    # Where the clock is put forward at midnight, the day begins later.
    midnight = local_of_utc(begin).replace(hour=0, minute=0, second=0, microsecond=0)
    if begin != utc_of_local(midnight, latest=False):
        raise typer.BadParameter(
            f"--on {shortened(text)} is not a day: write one such as 2026-01-31, today or yesterday"
        )
    try:
        end = utc_of_local(midnight + timedelta(days=1), latest=False)
    except OverflowError:
        return _canonical(begin), None
    return _canonical(begin), _canonical(end)


def _canonical(utc: datetime) -> str:
    from esjournal.domain.model import rules

    return rules.recorded_at_text(utc.replace(tzinfo=UTC))


def _utc(text: str, latest: bool, now: datetime) -> datetime:
    if text == "now":
        return now
    if found := _SINCE_1970.fullmatch(text):
        return _of_digits(_EPOCH + timedelta(seconds=int(found[1] or found[2])), found[3] or "", latest)
    text = _LAST.sub(r"1 \1 ago", text)
    if _AGO.fullmatch(text):
        return _before(now, text, latest)
    if found := _DAY_AND_CLOCK.fullmatch(text):
        return _of_iso(_on_day(now, found[1], found[2] or "00:00"), latest)
    if found := _CLOCK_AND_DAY.fullmatch(text):
        return _of_iso(_on_day(now, found[2] or "today", found[1]), latest)
    return _of_iso(_written(text), latest)


def _of_digits(seconds: datetime, fraction: str, latest: bool) -> datetime:
    cut = fraction[6:].strip("0") != "" and not latest
    return seconds + int(fraction[:6].ljust(6, "0")) * _MICROSECOND + cut * _MICROSECOND


def _before(now: datetime, text: str, latest: bool) -> datetime:
    """Return the time that is some units before now: months by the calendar, all other units by the clock."""
    spans = [(int(count), unit) for count, unit in _EACH_SPAN.findall(text)]
    months = sum(count * _MONTHS_IN[unit] for count, unit in spans if unit in _MONTHS_IN)
    if months:
        local = local_of_utc(now)
        year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
        # Not every month has a 31st; it becomes the 30th.
        day = min(local.day, monthrange(year, month + 1)[1])
        now = utc_of_local(local.replace(year=year, month=month + 1, day=day), latest=latest)
    return now - sum((count * _UNITS[unit] for count, unit in spans if unit in _UNITS), timedelta())


def _on_day(now: datetime, day: str, clock: str) -> _Written:
    date = local_of_utc(now).date() + timedelta(days=_DAYS[day])
    return _Written(f"{date}T{_CLOCKS.get(clock, clock)}")


def _written(text: str) -> _Written:
    weekday = _WEEKDAY.match(text)
    if weekday:
        text = text[weekday.end() :]
    if found := next((found for form in _IN_WORDS if (found := form.fullmatch(text))), None):
        month = _MONTHS.index(found["month"]) + 1
        written = (
            f"{found['year']}-{month:02}-{int(found['day']):02}T{_of_24_hours(found['time'] or '00:00', found['half'])}"
        )
        zone = found["zone"]
        result = _Written(written + zone) if zone and zone[0] in "+-" else _Written(written, zone or None)
    elif found := _ISO_AND_ZONE.fullmatch(text):
        result = _Written(found[1], found[2])
    else:
        result = _Written(_SLASHES.sub(r"\1-\2-\3", text))
    if weekday and _WEEKDAYS[datetime.fromisoformat(result.iso[:10]).weekday()] != weekday[1]:
        raise ValueError(text)
    return result


def _of_24_hours(clock: str, half: str | None) -> str:
    if not half:
        return clock
    hour = int(clock[:2])
    if not 1 <= hour <= 12:
        raise ValueError(clock)
    return f"{hour % 12 + 12 * (half == 'PM'):02}{clock[2:]}"


def _of_iso(written: _Written, latest: bool) -> datetime:
    from esjournal.domain.isotimes import iso_time

    iso, zone = iso_time(written.iso), written.zone
    if iso is None or (zone is not None and iso.offset is not None):
        raise ValueError(written)
    offset = UTC if zone in _UTC_NAMES else iso.offset
    if offset is None:
        utc = utc_of_local(iso.local, latest=latest, zone=zone)
    else:
        utc = iso.local.replace(tzinfo=offset).astimezone(UTC).replace(tzinfo=None)
    return utc + (iso.is_cut and not latest) * _MICROSECOND

"""Local times as UTC: the clock skips some when summer time begins, and shows others twice when it ends."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)
# More than any offset from UTC; within twice this time, an offset changes at most once.
_FAR = timedelta(hours=26)
_EARLIEST, _LATEST = datetime.min + _FAR, datetime.max - _FAR
_SECOND = timedelta(seconds=1)


def utc_of_local(local: datetime, *, latest: bool, zone: str | None = None) -> datetime:
    """Return the UTC time at which the local clock shows a time; both without tzinfo.

    A time that the clock skips is the time of the change. `datetime.astimezone` would shift it by up to a day.

    Args:
        local: what the clock shows.
        latest: if the time is shown twice, return the second one instead of the first.
        zone: the abbreviation of the zone at that time, if it is known: CET or CEST.

    Raises:
        ValueError: the zone is not called that at the time.
        OverflowError: the time is out of the range of the system's clock.
    """
    before, after = _offset(max(local, _EARLIEST) - _FAR), _offset(min(local, _LATEST) + _FAR)
    candidates = sorted({local - before, local - after})
    shown = [utc for utc in candidates if utc + _offset(utc) == local]
    if zone is not None:
        shown = [utc for utc in shown if _zone(utc) == zone]
        if not shown:
            raise ValueError(zone)
    if shown:
        return shown[-1 if latest else 0]
    return _change(*candidates)


def local_of_utc(utc: datetime) -> datetime:
    """Return what the local clock shows at a UTC time; both without tzinfo."""
    return utc + _offset(utc)


def local_and_zone_of_utc(utc: datetime) -> tuple[datetime, str]:
    """Return what the local clock shows at a UTC time, both without tzinfo, and what its zone is called: CET or CEST.

    Raises:
        OverflowError: one of them is before the year 1 or after 9999.
    """
    local = _local(utc)
    return utc + timedelta(seconds=local.tm_gmtoff), local.tm_zone


def _change(low: datetime, high: datetime) -> datetime:
    """Return the second between two UTC times at which the offset changes to that of the later one."""
    low, high = (utc.replace(microsecond=0) for utc in (low, high))
    final = _offset(high)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(middle) == final:
            high = middle
        else:
            low = middle
    return high


def _offset(utc: datetime) -> timedelta:
    return timedelta(seconds=_local(utc).tm_gmtoff)


def _zone(utc: datetime) -> str:
    return _local(utc).tm_zone


def _local(utc: datetime) -> time.struct_time:
    try:
        return time.localtime((utc - _EPOCH) // _SECOND)
    except OSError as error:
        raise OverflowError(str(error)) from None

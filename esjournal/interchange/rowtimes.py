"""Times as rows have them: in a form of their own, or without an offset, in a time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from esjournal.domain.isotimes import iso_time
from esjournal.domain.model import rules
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_REST = re.compile(r"(:[0-5]\d)(?:(:[0-5]\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_CANONICAL_HOUR = len("2026-01-31T12")


class RowTimes:
    """Reads the times of rows.

    Args:
        time_format: their form, as `datetime.strptime` takes it; by default ISO 8601.
        time_zone: the zone of times without an offset, such as `Europe/Berlin`; by default they are refused.

    Raises:
        InvalidData: there is no such time zone; the message continues after the name of the option.
    """

    def __init__(self, time_format: str | None = None, time_zone: str | None = None) -> None:
        self._format = time_format
        self._zone = None if time_zone is None else _zone(time_zone)
        # Rows are in the order of their times, more or less, so they share their hours; and an hour has 3,600 seconds.
        self._utc_hour = lru_cache(65_536)(self._utc_hour_of)
        self._after_hour = lru_cache(65_536)(_after_hour)

    def canonical(self, texts: Sequence[str]) -> list[str]:
        """Return times in the canonical form of `recorded_at`.

        Raises:
            InvalidData: one of them is not a time, or does not say which one it is.
        """
        return list(map(self._of_format if self._format is not None else self._of_iso, texts))

    def _of_iso(self, text: str) -> str:
        rest, offset = self._after_hour(text[_CANONICAL_HOUR:])
        if rest and (utc := self._utc_hour(text[:_CANONICAL_HOUR], offset)):
            return utc + rest
        return self._utc(text)

    def _utc_hour_of(self, hour: str, offset: str | None) -> str | None:
        """Return an hour in UTC, None if its times have to be looked at one by one, or it is not an hour."""
        try:
            first, last = (self._utc(f"{hour}:{minute}{offset or ''}") for minute in ("00:00", "59:59"))
        except InvalidData:
            return None
        # Some offsets have minutes, and until about 1900 seconds; or the clock changes within the hour.
        utc = first[:_CANONICAL_HOUR]
        return utc if (first, last) == (f"{utc}:00:00.000000Z", f"{utc}:59:59.000000Z") else None

    def _utc(self, text: str) -> str:
        written = iso_time(text)
        if written is None or written.offset is not None:
            return rules.recorded_at(text)
        if written.is_cut:
            raise InvalidData(f"recorded_at {shortened(text)} has more than 6 decimals: write at most microseconds")
        return self._in_zone(written.local, text)

    def _of_format(self, text: str) -> str:
        try:
            time = datetime.strptime(text, self._format or "")
        except ValueError:
            raise InvalidData(f"recorded_at {shortened(text)} is not a time of the form {self._format}") from None
        if time.tzinfo is not None:
            return rules.recorded_at_text(time)
        return self._in_zone(time, text)

    def _in_zone(self, local: datetime, text: str) -> str:
        if self._zone is None:
            raise InvalidData(
                f"recorded_at {shortened(text)} has no offset: write one, such as Z or +01:00, or name the time zone "
                f"with --time-zone"
            )
        first, second = (local.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        before, after = first.utcoffset() or timedelta(), second.utcoffset() or timedelta()
        if before < after:
            raise InvalidData(
                f"recorded_at {shortened(text)} does not exist in {self._zone}: the clock was put forward; "
                f"write the time that was meant"
            )
        if before > after:
            both = " or ".join(f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for time in (first, second))
            raise InvalidData(f"recorded_at {shortened(text)} happens twice in {self._zone}: write {both}")
        try:
            return rules.recorded_at_text(first)
        except OverflowError:
            raise InvalidData(f"recorded_at {shortened(text)} is before the year 1 or after 9999 in UTC") from None


def _after_hour(text: str) -> tuple[str | None, str | None]:
    """Return the part of a time after its hour in canonical form, and the offset; None for each that is not there."""
    if not (found := _REST.fullmatch(text)):
        return None, None
    minute, second, fraction, offset = found.groups()
    return f"{minute}{second or ':00'}.{(fraction or '').ljust(6, '0')}Z", offset


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        # KeyError is ZoneInfoNotFoundError; a folder of zones, such as Europe, cannot be read as one.
        raise InvalidData(
            f"{shortened(name)} is not a time zone that this machine knows: write one such as Europe/Berlin"
        ) from None

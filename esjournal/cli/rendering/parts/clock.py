"""Times on a terminal: what the local clock showed, as times on the command line are read.

The offset is found for each time: that takes 2 microseconds of the 40 that a line may take.
"""

from __future__ import annotations

from datetime import UTC, datetime

from esjournal.cli.localtime import local_and_zone_of_utc
from esjournal.cli.terminal import on_one_line

UNKNOWN_TIME = "-"
# Of a time in canonical form.
TIME_WIDTH = len("2026-01-31T12:00:00.000000Z")

_UTC = "UTC"
_TO_SECONDS = len("2026-01-31 12:00:00")
_NO_FRACTION = ".000000"


class Clock:
    """Tells the times of events, which are stored in UTC, in the local time zone.

    Args:
        utc: whether to tell them in UTC instead.
    """

    def __init__(self, *, utc: bool) -> None:
        self._utc = utc
        self._zone_of_heading: str | None = None

    def time(self, recorded_at: str | None, *, wide: bool = True) -> str:
        """Return a time with its zone: `2026-01-31 13:00:00 CET`, or `2026-01-31 12:00:00Z`.

        Args:
            recorded_at: the time in canonical form, if it is known.
            wide: whether there is room for more than seconds.
        """
        text, zone = self._text_and_zone(recorded_at, wide)
        return _with_zone(text, zone)

    def time_below(self, recorded_at: str | None, *, wide: bool = True) -> str:
        """Return a time below a heading, which names the zone of the first of them; one of another zone names its own.

        Args:
            recorded_at: the time in canonical form, if it is known.
            wide: whether there is room for more than seconds.
        """
        text, zone = self._text_and_zone(recorded_at, wide)
        if self._zone_of_heading is None and zone:
            self._zone_of_heading = zone
        return text if zone == self._zone_of_heading else _with_zone(text, zone)

    def heading(self, name: str) -> str:
        """Return a heading with the zone of the first time below it, or that of now if no time is known."""
        if self._zone_of_heading is None:
            now = datetime.now(UTC).replace(tzinfo=None)
            self._zone_of_heading = _UTC if self._utc else local_and_zone_of_utc(now)[1]
        return f"{name} ({self._zone_of_heading})"

    def _text_and_zone(self, recorded_at: str | None, wide: bool) -> tuple[str, str]:
        if recorded_at is None:
            return UNKNOWN_TIME, ""
        try:
            # What a damaged journal has instead of a time is shown as it is.
            utc = datetime.fromisoformat(recorded_at[:-1]) if len(recorded_at) == TIME_WIDTH else None
        except ValueError:
            utc = None
        if utc is None or utc.tzinfo is not None:
            return on_one_line(recorded_at), ""
        try:
            local, zone = (utc, _UTC) if self._utc else local_and_zone_of_utc(utc)
        except OverflowError:
            # The first and the last hours of all times may not have a local time.
            local, zone = utc, _UTC
        text = local.isoformat(" ", "microseconds")
        return text.removesuffix(_NO_FRACTION) if wide else text[:_TO_SECONDS], zone


def _with_zone(text: str, zone: str) -> str:
    if not zone:
        return text
    return f"{text}Z" if zone == _UTC else f"{text} {zone}"

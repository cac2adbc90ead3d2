"""Times of rows: in any form, with an offset or in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.exceptions import InvalidData
from esjournal.interchange.rowtimes import RowTimes

ZONES = ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu", "UTC"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31 13:00:05", "2026-01-31T12:00:05.000000Z"),
        ("2026-07-31T13:00", "2026-07-31T11:00:00.000000Z"),
        ("2026-07-31", "2026-07-30T22:00:00.000000Z"),
        ("2026-01-31T13:00:05.25+05:30", "2026-01-31T07:30:05.250000Z"),
        ("2026-01-31T13:00:05Z", "2026-01-31T13:00:05.000000Z"),
        # Until 1893 the offset was 53 minutes and 28 seconds.
        ("1890-01-01 00:00:00", "1889-12-31T23:06:32.000000Z"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00.000000Z"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00.000000Z"),
    ],
)
def test_a_time_without_an_offset_is_in_the_zone(text: str, expected: str) -> None:
    assert RowTimes(time_zone="Europe/Berlin").canonical([text]) == [expected]


def test_a_form_is_that_of_strptime() -> None:
    times = RowTimes("%d.%m.%Y %H:%M", "Europe/Berlin")
    assert times.canonical(["31.01.2026 13:00"]) == ["2026-01-31T12:00:00.000000Z"]
    assert RowTimes("%Y%m%d%z").canonical(["20260131+0100"]) == ["2026-01-30T23:00:00.000000Z"]


@pytest.mark.parametrize(
    ("times", "text", "message"),
    [
        (RowTimes(), "2026-01-31 13:00", "has no offset: write one, such as Z or .*--time-zone"),
        (RowTimes("%d.%m.%Y"), "31.01.2026", "has no offset"),
        (RowTimes(), "yesterday", "'yesterday' is not a time: write one such as"),
        (RowTimes("%d.%m.%Y"), "2026-01-31", "'2026-01-31' is not a time of the form %d.%m.%Y"),
        (RowTimes(time_zone="Europe/Berlin"), "2026-02-30 12:00", "is not a time"),
        (RowTimes(time_zone="Europe/Berlin"), "2026-01-31 25:00", "is not a time"),
        (RowTimes(time_zone="Europe/Berlin"), "2026-01-31 12:00:00.1234567", "more than 6 decimals"),
        (RowTimes(time_zone="Europe/Berlin"), "2026-03-29 02:30:00", "does not exist in Europe/Berlin: the clock"),
        (
            RowTimes("%d.%m.%Y %H:%M", "Europe/Berlin"),
            "25.10.2026 02:30",
            "happens twice in Europe/Berlin: write 2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z",
        ),
        (RowTimes(time_zone="Asia/Tokyo"), "0001-01-01 00:00", "before the year 1"),
    ],
)
def test_a_time_that_does_not_say_which_one_it_is_is_refused(times: RowTimes, text: str, message: str) -> None:
    # Twice, because what was read is remembered.
    for _ in range(2):
        with pytest.raises(InvalidData, match=message):
            times.canonical([text])


@pytest.mark.parametrize("name", ["Europe", "Mars/Olympus", "", "../Berlin"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidData, match="is not a time zone that this machine knows"):
        RowTimes(time_zone=name)


@given(st.datetimes(datetime(1880, 1, 1), datetime(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_zone_is_that_of_the_standard_library(local: datetime, name: str) -> None:
    times = RowTimes(time_zone=name)
    # Nearby times are taken from what is remembered of their hour.
    for near in (local, local.replace(minute=0, second=0), local.replace(minute=59)):
        both = {near.replace(tzinfo=ZoneInfo(name), fold=fold).astimezone(UTC) for fold in (0, 1)}
        if len(both) == 1:
            assert times.canonical([str(near)]) == [rules.recorded_at_text(both.pop())]
        else:
            with pytest.raises(InvalidData, match=r"does not exist in|happens twice in"):
                times.canonical([str(near)])


@pytest.mark.parametrize(
    ("zone", "skipped", "twice"),
    [
        ("Europe/Berlin", "2026-03-29 02:00:00", "2026-10-25 02:59:59"),
        ("Australia/Lord_Howe", "2026-10-04 02:29:59", "2026-04-05 01:30"),
    ],
)
def test_the_rest_of_an_hour_in_which_the_clock_changes_is_read(zone: str, skipped: str, twice: str) -> None:
    times = RowTimes(time_zone=zone)
    for text in (skipped, twice):
        with pytest.raises(InvalidData, match=f"in {zone}: "):
            times.canonical([text])
    near = datetime.fromisoformat(skipped) + timedelta(hours=1)
    assert times.canonical([str(near)]) == [rules.recorded_at_text(near.replace(tzinfo=ZoneInfo(zone)))]


@given(st.datetimes(), st.sampled_from(["", "Z", "+01:00", "-23:59"]), st.sampled_from(["T", " "]))
def test_times_are_read_as_those_of_events(time: object, offset: str, separator: str) -> None:
    text = str(time).replace(" ", separator) + (offset or "Z")
    try:
        expected = rules.recorded_at(text)
    except InvalidData:
        with pytest.raises(InvalidData):
            RowTimes().canonical([text])
    else:
        assert RowTimes().canonical([text]) == [expected]

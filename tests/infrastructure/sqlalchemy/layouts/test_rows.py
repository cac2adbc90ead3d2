"""The recording time of an event is read from its state, exactly, or is unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.infrastructure.sqlalchemy.layouts.rows import time_of

times = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))


@given(times)
def test_the_time_of_eventsourcing_9_is_exact(time: datetime) -> None:
    tagged = {"_type_": "datetime_iso", "_data_": time.replace(tzinfo=UTC).isoformat()}
    expected = time.isoformat(timespec="microseconds") + "Z"
    # As the first field, where the library writes it, and elsewhere.
    assert time_of(json.dumps({"timestamp": tagged, "a": 1}, separators=(",", ":"))) == expected
    assert time_of(json.dumps({"a": 1, "timestamp": tagged})) == expected


@given(st.integers(0, 4_102_444_800_000_000))
def test_seconds_are_exact_to_the_microsecond(microseconds: int) -> None:
    seconds, part = divmod(microseconds, 1_000_000)
    expected = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{part:06}Z"
    assert time_of(f'{{"a":1,"timestamp":{seconds}.{part:06}}}') == expected


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("1519862399", "2018-02-28T23:59:59.000000Z"),
        ("-0.5", "1969-12-31T23:59:59.500000Z"),
        ("1519862399." + "9" * 1_000_000, "2018-02-28T23:59:59.999999Z"),
        ("15198623990000000000e-10", "2018-02-28T23:59:59.000000Z"),
        ("1e-9999999999999999999", "1970-01-01T00:00:00.000000Z"),
        ('"2018-02-28T23:59:59+01:00"', "2018-02-28T22:59:59.000000Z"),
        ('{"_type_":"datetime_iso","_data_":"2018-02-28T23:59:59+01:00"}', "2018-02-28T22:59:59.000000Z"),
    ],
)
def test_a_time_in_other_words_is_in_canonical_form(value: str, time: str) -> None:
    assert time_of(f'{{"timestamp":{value}}}') == time


@pytest.mark.parametrize(
    "state",
    [
        "",
        "{}",
        "[]",
        '{"timestamp":null}',
        '{"timestamp":true}',
        '{"timestamp":[1]}',
        '{"timestamp":{"_type_":"datetime_iso"}}',
        '{"timestamp":"yesterday"}',
        '{"timestamp":"2018-02-28T23:59:59"}',
        '{"timestamp":1e99}',
        '{"timestamp":1e9999999999}',
        '{"timestamp":1e999990}',
        '{"timestamp":-1e999999999}',
        '{"timestamp":1e9999999999999999999}',
        '{"timestamp":' + "9" * 1_000_000 + "}",
        '{"timestamp":NaN}',
        '{"timestamp":Infinity}',
        '{"timestamp":253402300800}',
        '{"timestamp":1',
        '{"note":"\\"timestamp\\": 1"}',
        '{"inner":{"timestamp":1}}',
        '"timestamp"',
        '{"timestamp":{"_type_":"datetime_iso","_data_":"2018-02-30T23:59:59.000000+00:00"},"a":1}',
        '{"timestamp":' * 100_000,
    ],
)
def test_what_says_no_time_is_not_known(state: str) -> None:
    assert time_of(state) is None


@given(st.text())
def test_no_text_is_too_much(text: str) -> None:
    time_of(f'{{"timestamp":{text}}}')

"""The rules for an event's fields as text: one canonical form, and clear refusals."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.exceptions import InvalidData

ID = "9b300b13-4410-51bf-85ca-234c8cea73da"
OTHER_ID = "1f0e8a52-77aa-5d0c-a0f8-3f1f2f6b2c11"


def test_an_id_comes_back_in_lower_case() -> None:
    assert rules.originator_id(ID.upper()) == ID
    assert rules.originator_id("00000000-0000-0000-0000-000000000000") == "00000000-0000-0000-0000-000000000000"


@given(st.uuids())
def test_every_uuid_is_an_id(value: object) -> None:
    assert rules.originator_id(str(value)) == str(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        ID.replace("-", ""),
        ID.replace("-", "_"),
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        f"0x{ID[2:]}",
        f" {ID}",
        f"{ID}\n",
        ID.replace("9", "\uff19"),
        ID.replace("9", "\u0669"),
        ID[:-1],
        f"{ID}0",
        ID.replace("b", "g"),
        ID.replace("-", "", 1) + "-",
    ],
)
def test_any_other_spelling_of_an_id_is_refused_and_named(text: str) -> None:
    with pytest.raises(InvalidData, match="is not a UUID: write 32 hexadecimal digits") as caught:
        rules.originator_id(text)
    assert repr(text) in str(caught.value)


@given(st.integers(0, 2**63 - 1))
def test_every_version_within_63_bits_is_one(value: int) -> None:
    assert rules.originator_version(str(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "1_000", "\u0663", "+1", "1.0", "-1", str(2**63), "01", " 1", "1\n", "1e3", "0x1", "\uff11", "9" * 5_000],
)
def test_any_other_spelling_of_a_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match=r"is not a version: write plain digits, 0 to 9223372036854775807"):
        rules.originator_version(text)


@pytest.mark.parametrize("text", ["a", "a.b#C", "accounts.events#Account.Opened", "os#system", "größe#Ä", "x" * 255])
def test_an_event_type_is_any_printable_text(text: str) -> None:
    assert rules.event_type(text) == text


@pytest.mark.parametrize(
    "control",
    [
        "\0",
        "\n",
        "\r",
        "\t",
        "\x1b",
        "\x7f",
        "\x85",
        "\x9b",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u2066",
        "\u200f",
        "\ufeff",
    ],
)
def test_a_control_character_in_an_event_type_is_refused_with_its_code_and_column(control: str) -> None:
    with pytest.raises(InvalidData, match=rf"control character U\+{ord(control):04X} at column 4: remove it") as caught:
        rules.event_type(f"a.b{control}c")
    assert control not in str(caught.value)


@pytest.mark.parametrize("text", ["", "x" * 256, "x" * 10_000, "a\ud800"])
def test_an_event_type_that_is_empty_too_long_or_no_unicode_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="event_type") as caught:
        rules.event_type(text)
    assert len(str(caught.value)) < 200
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 12:00:00.5Z", "2026-01-31T12:00:00.500000Z"),
        ("2026-01-31T12:00:00.123456+02:00", "2026-01-31T10:00:00.123456Z"),
        ("2026-01-31T23:30:00-01:30", "2026-02-01T01:00:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2026-01-31T12:00Z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 13:00:00+00", "2026-01-31T13:00:00.000000Z"),
        ("2026-01-31T12:00:00+0530", "2026-01-31T06:30:00.000000Z"),
        ("2026-01-31 12:00:00,5 -0130", "2026-01-31T13:30:00.500000Z"),
        # Nothing is lost.
        ("2026-01-31T12:00:00.123456000Z", "2026-01-31T12:00:00.123456Z"),
    ],
)
def test_a_time_comes_back_in_utc_with_microseconds(text: str, canonical: str) -> None:
    assert rules.recorded_at(text) == canonical
    assert rules.recorded_at(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[(text, "is not a time: write one such as") for text in ("", "yesterday", "\u0662026-01-31T12:00:00Z")],
        *[(text, "is not a time") for text in ("2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z")],
        *[(text, "is not a time") for text in ("2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+25:00", "2026-01-31Z")],
        *[(text, "is not a time") for text in ("2026-01-31T12:00:00Z\n", "20260131T120000Z", "2026-W05-6T12:00:00Z")],
        ("2026-01-31", "has no offset, and would mean another time on another machine"),
        ("2026-01-31T12:00:00", "has no offset"),
        ("2026-01-31T12:00:00.1234567Z", "has more than 6 decimals, and would lose some"),
        ("2026-01-31T12:00:00,123456789+00:00", "has more than 6 decimals"),
        ("0001-01-01T00:00:00+01:00", "before the year 1"),
        ("9999-12-31T23:59:59-01:00", "after 9999"),
    ],
)
def test_text_that_is_not_a_time_or_is_ambiguous_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidData, match=reason):
        rules.recorded_at(text)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-1439, 1439))
def test_canonical_times_sort_as_time_does(time: datetime, minutes: int) -> None:
    text = rules.recorded_at_text(time.replace(tzinfo=timezone(timedelta(minutes=minutes))))
    assert datetime.fromisoformat(text) == time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    later = rules.recorded_at_text(datetime.fromisoformat(text).astimezone(UTC) + timedelta(microseconds=1))
    assert text < later


def test_a_state_that_is_not_json_is_kept_as_text() -> None:
    assert rules.state_text("gAAAA=") == "gAAAA="


@pytest.mark.parametrize(
    ("text", "message"), [("ab\0", "raw U\\+0000 at column 3.*\\\\u0000"), ("a\udfff", "surrogate pair at column 2")]
)
def test_text_that_a_database_cannot_hold_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        rules.state_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"foo":"bar"}',
        ' { "b" : 1.10, "a" : [ ] } ',
        '{"a":1,"a":2}',
        '{"a":' + "9" * 10_000 + "}",
        '{"a":"\u2028\\u2028\\u0000\\ud800"}',
        '{"a":-0,"b":1E5,"c":1e-400}',
        '{"a":' * 499 + "{}" + "}" * 499,
        '{"a":"' + "[" * 10_000 + '"}',
        '{"a":["' + '\\"' * 600 + "[" * 600 + '"]}',
        "{" + ",".join(f'"a{index}":[]' for index in range(2_000)) + "}",
    ],
)
def test_a_json_object_comes_back_exactly_as_it_came(text: str) -> None:
    assert rules.json_object(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON: .* at column 1 of ''"),
        ("foo", "is not JSON.*a state looks like"),
        ("{'foo':1}", "is not JSON"),
        ('{"a":1,}', "is not JSON"),
        ('{"a":1} x', "is not JSON: Extra data at column 9"),
        ('{"a":"\n"}', "is not JSON"),
        ("[1]", "is JSON, but not an object"),
        ('"text"', "is JSON, but not an object"),
        ("null", "is JSON, but not an object"),
        ("17", "is JSON, but not an object"),
        ('{"a":NaN}', "NaN, which is not JSON"),
        ('{"a":[-Infinity]}', "-Infinity, which is not JSON"),
        ('{"a":1e400}', "'1e400', which is beyond a double"),
        ('{"a":-1' + "0" * 400 + ".0}", "beyond a double"),
        ('{"a":"\0"}', "raw U\\+0000"),
        ('{"a":"\ud800"}', "surrogate"),
        ('{"a":' * 501 + "1" + "}" * 501, "nested deeper than 500 levels"),
        ("[" * 100_000, "nested deeper than 500 levels"),
        ('{"a":' * 100_000, "nested deeper than 500 levels"),
    ],
)
def test_text_that_is_not_a_json_object_for_every_reader_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as caught:
        rules.json_object(text)
    assert len(str(caught.value)) < 300


def test_the_depth_that_is_allowed_can_be_read_by_pythons_json() -> None:
    text = '{"a":' * 499 + "{}" + "}" * 499
    assert json.loads(rules.json_object(text))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values), st.booleans())
def test_every_object_that_json_writes_is_taken_as_it_is(value: dict[str, object], escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert rules.json_object(text) == text


CANONICAL_TIMES = ["2026-01-31T12:00:00.000000Z", "0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"]


@pytest.mark.parametrize(
    "odd",
    [
        "2026-02-29T12:00:00.000000Z",
        "2026-13-01T12:00:00.000000Z",
        "2026-01-31T24:00:00.000000Z",
        "2026-01-31T12:00:60.000000Z",
        "0000-01-31T12:00:00.000000Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000000z",
        "2026-01-31 12:00:00.000000Z",
        "2026-01-31T12:00:00.000000+00:00",
        "2026-01-31T12:00:00.00000\u0660Z",
        "2026-01-31T12:00:00.000000Z\n2026-01-31T12:00:00.000000Z",
        "\ud800",
        "",
    ],
)
def test_one_odd_time_among_many_is_seen(odd: str) -> None:
    assert rules.are_canonical_times(CANONICAL_TIMES)
    assert rules.are_canonical_times([])
    for at in range(4):
        assert not rules.are_canonical_times([*CANONICAL_TIMES[:at], odd, *CANONICAL_TIMES[at:]])


@pytest.mark.parametrize("odd", [ID.upper(), ID[:-1], f"{ID}\n{ID}", ID.replace("-", "0"), "\ud800", "", f"{ID} "])
def test_one_odd_id_among_many_is_seen(odd: str) -> None:
    others = [ID, OTHER_ID]
    assert rules.are_canonical_ids(others)
    assert rules.are_canonical_ids([])
    for at in range(3):
        assert not rules.are_canonical_ids([*others[:at], odd, *others[at:]])


@pytest.mark.parametrize("length", range(4, 37))
def test_the_beginning_or_the_end_of_an_id_is_taken_from_4_characters_on(length: int) -> None:
    whole = "9b300b13-4410-51bf-85ca-234c8cea73da"
    for part in (whole[:length], whole[-length:]):
        assert rules.originator_id_part(part) == part
        assert rules.originator_id_part(part.upper()) == part
    start = whole[:length]
    assert rules.begins_id(start)
    assert rules.ends_id(whole[-length:])
    first, last = rules.ids_that_start_with(start)
    assert first <= whole <= last
    assert first[:length] == last[:length] == start
    assert len(first) == len(last) == 36


def test_only_a_part_without_hyphens_that_both_have_may_be_a_beginning_and_an_end() -> None:
    whole = "9b300b13-4410-51bf-85ca-234c8cea73da"
    for length in range(1, 37):
        assert rules.ends_id(whole[:length]) is (length <= 8 or length == 36)
        assert rules.begins_id(whole[-length:]) is (length <= 8 or length == 36)


NO_PARTS = ["", "9b30-", "9b300b1-", "9b300b13_", "9b30 ", " 9b30", "0x9b", "{9b3", "urn:", "zzzz", "\uff19b30"]
NO_PARTS += ["9b300b13-4410-51bf-85ca-234c8cea73da0", "9b300b13-4410-51bf-85ca-234c8cea73d\n"]


@pytest.mark.parametrize("text", [*NO_PARTS, "9b3", "3da", "-51bf", "9b300b13441051bf", "bf-85ca-234c8cea73d", "5ca-2"])
def test_any_other_text_is_not_the_beginning_or_the_end_of_an_id(text: str) -> None:
    with pytest.raises(
        InvalidData, match=r"nor the beginning or end of one: .* at least its first or last 4 characters$"
    ):
        rules.originator_id_part(text)


@pytest.mark.parametrize("length", range(1, 37))
def test_a_prefix_of_ids_is_taken_from_one_character_on(length: int) -> None:
    assert rules.originator_id_start(ID[:length].upper()) == ID[:length]


@pytest.mark.parametrize("text", [*NO_PARTS, "9b300b134", "51bf-85ca-234c8cea73da"])
def test_any_other_text_is_not_a_prefix_of_ids(text: str) -> None:
    with pytest.raises(InvalidData, match=r"nor the beginning of one: write all of it.* its first character$"):
        rules.originator_id_start(text)

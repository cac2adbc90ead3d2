"""JSON as text: checking it takes time and memory that grow linearly with its length."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.domain.state import jsontext
from esjournal.domain.state.batchcheck import doubtful
from esjournal.exceptions import InvalidData
from esjournal.interchange import ndjson
from tests.helpers.events import json_states

MEBIBYTE = 1024 * 1024
SIZE = 4 * MEBIBYTE


def filled(start: str, pattern: str, end: str) -> str:
    return start + pattern * (SIZE // len(pattern)) + end


SHAPES = {
    "digits": filled('{"a":', "9", "}"),
    "digits of a fraction": filled('{"a":0.', "9", "}"),
    "hexadecimal": filled('{"a":"', "0123456789abcdef0e999", '"}'),
    "brackets and escapes": '{"a":"' + "[" * 501 + '"' + filled(',"b":"', '\\"', '"}'),
    "many arrays and long text": '{"a":[' + "[]," * 600 + filled('"', "x", '"]}'),
    "empty arrays": filled('{"a":[', "[],", "0]}"),
    "strings of one bracket": filled('{"a":[', '"[",', "0]}"),
    "short numbers": filled('{"a":[', "1,", "1e300]}"),
    "large numbers": filled('{"a":[', "1e300,", "0]}"),
    "numbers close to the largest": filled('{"a":[', "1e308,", "0]}"),
    "text": filled('{"a":"', "\u00fc\u20ac", '"}'),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_text_is_checked_in_linear_time(shape: str) -> None:
    began = time.process_time()
    assert rules.json_object(SHAPES[shape]) is SHAPES[shape]
    doubtful([SHAPES[shape]])
    # A quarter of a second on an idle machine; anything quadratic takes several seconds.
    assert time.process_time() - began < 2


@pytest.mark.parametrize("shape", SHAPES)
def test_any_text_is_checked_in_memory_of_a_few_times_its_size(shape: str) -> None:
    size = len(SHAPES[shape].encode())
    tracemalloc.start()
    rules.json_object(SHAPES[shape])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * size + MEBIBYTE


@pytest.mark.parametrize("shape", ["empty arrays", "brackets and escapes", "hexadecimal"])
def test_a_line_is_read_in_memory_of_a_few_times_its_size(shape: str) -> None:
    state = SHAPES[shape]
    line = (
        f'{{"originator_id":"9b300b13-4410-51bf-85ca-234c8cea73da","originator_version":0,"event_type":"a",'
        f'"state":{state}}}'
    ).encode()
    tracemalloc.start()
    assert ndjson._slowly(line).state == state
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * len(line)


def naive_depth(text: str) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


@given(json_states(), st.integers(0, 8))
def test_the_depth_is_that_of_the_brackets_outside_of_strings(state: str, limit: int) -> None:
    assert jsontext.is_nested_deeper(state.encode(), limit) == (naive_depth(state) > limit)


strings = st.text('[]{}"\\,ae', max_size=6).map(lambda text: json.dumps(text))
nested = st.recursive(strings, lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"[{','.join(parts)}]"))


@given(nested, st.integers(0, 5))
def test_brackets_and_escapes_in_strings_do_not_count(text: str, limit: int) -> None:
    assert jsontext.is_nested_deeper(text.encode(), limit) == (naive_depth(text) > limit)


def test_depth_is_found_across_the_pieces_that_are_looked_at() -> None:
    wide = "[" + '["a[",' * 100_000 + "0" + "]" * 100_000 + "]"
    assert jsontext.is_nested_deeper(wide.encode(), 100_000)
    assert not jsontext.is_nested_deeper(wide.encode(), 100_001)


digits = st.text("0123456789", min_size=1, max_size=3).map(lambda text: text * 110)
number_texts = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.builds("{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(0, 99), st.integers(-400, 400)),
    st.builds("1{}.{}E+{}".format, digits, digits, st.integers(0, 99)),
    st.builds("1{}e-{}".format, digits, st.integers(0, 400)),
    st.builds("0.{}e{}".format, digits, st.integers(0, 1000)),
)


@given(st.lists(st.one_of(number_texts, strings, st.sampled_from(["true", "false", "null"])), max_size=8))
def test_a_number_is_beyond_a_double_if_python_reads_it_as_infinite(parts: list[str]) -> None:
    text = f"[{', '.join(parts)}]"
    values = json.loads(text, parse_int=lambda _: 0)
    expected = any(value in (float("inf"), float("-inf")) for value in values)
    assert (jsontext.number_beyond_a_double(text.encode()) is not None) == expected


def test_a_number_across_two_pieces_is_one_number() -> None:
    for padding in range(jsontext._CHUNK_BYTES - 12, jsontext._CHUNK_BYTES + 2):
        text = "[" + " " * padding + "1234e5678]"
        assert jsontext.number_beyond_a_double(text.encode()) == "1234e5678"


def test_the_first_number_beyond_a_double_is_named() -> None:
    numbers = [f"{first}.5e{exponent}" for exponent in range(400, 310, -1) for first in range(1, 10)]
    text = f"[true,false,1e300,{','.join(numbers)}]"
    assert jsontext.number_beyond_a_double(text.encode()) == "1.5e400"
    assert jsontext.number_beyond_a_double(text.replace("1.5e400", "-1.5e400").encode()) == "-1.5e400"


@given(st.text('{}[]",:\\ \n\r\teE+-.019ntrufalsud8c\x00', max_size=40))
def test_the_verdict_is_that_of_pythons_json(text: str) -> None:
    try:
        json.loads(text)
        expected = True
    except ValueError:
        expected = False
    try:
        jsontext.check(text.encode())
        found = True
    except (jsontext.Malformed, InvalidData):
        found = False
    assert found == expected

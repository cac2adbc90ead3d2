"""States as values: how they are parsed, how they are written again, and what paths lead to."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given

from esjournal.domain.state import values
from esjournal.domain.state.leaves import leaves_of, path_of
from esjournal.domain.state.paths import path, path_text, value_at
from esjournal.domain.state.values import MISSING, Number, parsed, scalar, text_of
from tests.helpers.events import json_states
from tests.helpers.events import states as any_states


@given(json_states())
def test_parsed_values_are_those_that_python_reads(state: str) -> None:
    assert json.loads(text_of(parsed(state))) == json.loads(state)


@given(any_states())
def test_a_value_that_is_not_an_object_is_none_and_never_an_exception(state: str) -> None:
    value = parsed(state)
    assert (value is None) == (not isinstance(_loaded(state), dict))


def _loaded(state: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(state, parse_constant=refuse)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "state",
    ["", "x", "[1]", '"a"', "1", "null", '{"a":NaN}', '{"a":Infinity}', '{"a":1', '{"a":' * 501 + "1" + "}" * 501],
)
def test_other_texts_say_nothing(state: str) -> None:
    assert parsed(state) is None


@pytest.mark.parametrize("number", ["1.10", "-0", "1E5", "1e-400", "9" * 5_000, "0.1000000000000000000001"])
def test_a_number_stays_as_it_is_written(number: str) -> None:
    state = f'{{"a":{number},"b":[{number}]}}'
    assert text_of(parsed(state)) == state


def test_a_number_is_not_the_string_of_its_digits() -> None:
    value = parsed('{"a":1,"b":"1","c":1,"d":1.0}')
    assert value is not None
    assert value["a"] != value["b"]
    assert value["b"] != value["a"]
    assert value["a"] == value["c"]
    assert value["a"] != value["d"]
    assert len({value["a"], value["c"]}) == 1


@pytest.mark.parametrize(
    "state",
    [
        "{}",
        '{"a":{},"b":[],"c":[{},[]],"d":""}',
        '{"a":{"b":{"c":[1,{"d":[true,false,null]}]}},"e":"f"}',
        '{"\u00e9":"\u2028","\\"":"\\\\"}',
        '{"a":' * 499 + "[]" + "}" * 499,
        '{"a":' + "[" * 498 + "]" * 498 + "}",
    ],
)
def test_a_compact_state_is_written_as_it_was(state: str) -> None:
    assert text_of(parsed(state)) == state


def test_half_of_a_surrogate_pair_is_written_as_an_escape() -> None:
    assert text_of(parsed('{"a\\ud800":"\\ude00x"}')) == '{"a\\ud800":"\\ude00x"}'


def test_a_value_is_found_at_its_path_through_objects_only() -> None:
    value = parsed('{"a":{"b":[1],"n":null},"0":"x"}')
    assert value_at(value, ("a", "b")) == [Number("1")]
    assert value_at(value, ("a", "n")) is None
    assert value_at(value, ("0",)) == "x"
    for names in (("b",), ("a", "b", "0"), ("a", "n", "x"), ("0", "0")):
        assert value_at(value, names) is MISSING


@pytest.mark.parametrize(
    ("text", "value"), [('"a"', "a"), ("1.10", Number("1.10")), ("true", True), ("null", None), ("[]", MISSING)]
)
def test_a_scalar_is_json_that_is_neither_object_nor_array(text: str, value: object) -> None:
    found = scalar(text)
    assert found is value or found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["", "a", "'a'", "NaN", "{}", "[1]", "1 2", "tru", "[" * 100_000])
def test_any_other_text_is_not_a_scalar(text: str) -> None:
    assert scalar(text) is MISSING


def leaves(value: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    return [(path_of(steps), leaf) for steps, leaf in leaves_of(value)]


def test_leaves_are_values_that_are_not_objects_and_empty_objects() -> None:
    value = parsed('{"a":{"b":1,"c":{}},"d":[{"e":1}],"f":null}')
    assert list(leaves(value)) == [
        (("a", "b"), Number("1")),
        (("a", "c"), {}),
        (("d",), [{"e": Number("1")}]),
        (("f",), None),
    ]
    assert list(leaves({})) == [((), {})]
    assert values.text_of(dict(leaves(value))[("d",)]) == '[{"e":1}]'


@given(json_states())
def test_a_state_is_made_of_its_leaves_again(state: str) -> None:
    value = parsed(state)
    made: dict[str, Any] = {}
    for names, leaf in leaves(value):
        assert value_at(value, names) is leaf
        inner: Any = made
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
        if names:
            inner[names[-1]] = leaf
    assert made == value


def test_as_deep_as_a_state_may_be_a_leaf_has_a_path() -> None:
    value = parsed('{"a":' * 500 + "1.10" + "}" * 500)
    [(names, leaf)] = leaves(value)
    assert (len(names), leaf) == (500, Number("1.10"))
    assert value_at(value, path(path_text(names))) is leaf


@pytest.mark.parametrize("text", [r"\\", r"\u00e9", r"\n", r"\ud83d\ude00"])
def test_escapes_are_resolved_in_memory_for_the_text(text: str) -> None:
    state = text * 200_000
    tracemalloc.start()
    try:
        found = values.unescaped(state)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == json.loads(f'"{text}"') * 200_000
    assert peak < 2 * len(state)


@pytest.mark.parametrize("number", ["7", "-12", "0.25"])
def test_short_numbers_that_repeat_are_stored_once(number: str) -> None:
    state = f'{{"a":[{",".join([number] * 200_000)}]}}'
    tracemalloc.start()
    try:
        value = parsed(state)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value == {"a": [Number(number)] * 200_000}
    # An array has 8 bytes for each item, and doubles while it grows.
    assert peak < 10 * len(state)


def test_spaces_follow_commas_and_colons_but_not_those_of_strings() -> None:
    value = parsed('{"a,b":["c:d",1,{"e":[2,[],{}]}],"f":null}')
    assert text_of(value, spaced=True) == '{"a,b": ["c:d", 1, {"e": [2, [], {}]}], "f": null}'


@pytest.mark.parametrize("before", range(996, 1_002))
def test_no_run_of_escapes_ends_between_the_halves_of_a_character(before: int) -> None:
    assert values.unescaped(r"\n" * before + r"\ud83d\ude00" * 3) == "\n" * before + "\U0001f600" * 3

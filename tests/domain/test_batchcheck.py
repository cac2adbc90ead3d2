"""Checking many states at once: a state is doubtful unless it is a JSON object on one line by the rules for one."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.domain.state.batchcheck import doubtful
from esjournal.exceptions import InvalidData
from tests.helpers.events import json_states, states

PLAIN = '{"price":1.10}'


def nested(depth: int) -> str:
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def is_allowed(state: str) -> bool:
    try:
        rules.json_object(state)
    except InvalidData:
        return False
    return not {"\n", "\r"} & set(state) and state.startswith("{") and state.endswith("}")


odd = st.sampled_from(
    [
        "",
        "{",
        "}",
        "{},{",
        "{}{}",
        "{} {}",
        "{}\n{}",
        "{}\n",
        "\n{}",
        " {}",
        '{"a":[{}',
        "{}]}",
        '{"a":"}',
        '{":1}',
        '{"a":01}',
        '{"a":1.}',
        '{"a":+1}',
        '{"a":.5}',
        '{"a":"\x1f"}',
        '{"a":"\\x"}',
        '{"a":"\\u12"}',
        '{"a":NaN}',
        '{"a":1e309}',
        '{"a":1E+309}',
        '{"a":-1e0309}',
        '{"a":' + "9" * 310 + ".0}",
        '{"a":' + "9" * 300 + "e10}",
        '{"a":1,}',
        "{'a':1}",
        '{"a":1}//',
        nested(rules.MAX_STATE_DEPTH),
        nested(rules.MAX_STATE_DEPTH + 1),
        '{"a":"\ud800"}',
        '{"a":"\0"}',
        '{"a":tru}',
        '{"a" 1}',
        "{1:1}",
        "[{}]",
        "null",
    ]
)


@example([PLAIN, '{"a":1e309}', '{"a":' + "9" * 310 + ".0}"])
@given(st.lists(st.one_of(json_states(), states(), odd), max_size=6))
@example(["{},{", "}"])
@example(["{", "}"])
@example(['{"a":', '{"b":2}}{}'])
@example(['{"a":[{}', "{}]}"])
@example(["{}{}", ""])
@example(["{} {}", "{}"])
@example(["{}\n{}", "{}"])
@example(['{"a":{}\n{}', "}"])
def test_text_that_is_not_doubtful_is_an_object_on_one_line(given: list[str]) -> None:
    wanting = doubtful(given)
    assert all(is_allowed(state) for at, state in enumerate(given) if at not in wanting)


@given(st.text('{}[]",:\\ \n\reE+-.019tx\x00\ud800', max_size=30), st.integers(0, 3))
def test_no_text_between_plain_states_passes_unless_it_is_an_object(text: str, before: int) -> None:
    given = [PLAIN] * before + [text, PLAIN]
    if before not in doubtful(given):
        assert is_allowed(text)


@given(st.data())
def test_a_state_with_any_character_changed_passes_only_if_it_is_an_object_still(data: st.DataObject) -> None:
    state = data.draw(json_states())
    at = data.draw(st.integers(0, len(state) - 1))
    changed = (
        state[:at] + data.draw(st.sampled_from(['"', "{", "}", "[", ",", "\\", "\n", "0", "e", "x", ""])) + state[at:]
    )
    if 1 not in doubtful([PLAIN, changed]):
        assert is_allowed(changed)


@pytest.mark.parametrize(
    "state",
    [
        "[]",
        " {}",
        '{"a":1e400}',
        '{"a":1E+400}',
        '{"a":' + "9" * 310 + ".0}",
        '{"a":NaN}',
        nested(rules.MAX_STATE_DEPTH + 1),
        '{"a":"\ud800"}',
        "{}\r",
        "{}{}",
        '{"a":01}',
    ],
    ids=lambda state: ascii(state[:16]),
)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_value_that_is_not_an_object_is_doubtful_anywhere(state: str, at: int) -> None:
    given = [PLAIN] * 3
    given[at] = state
    assert at in doubtful(given)


@pytest.mark.parametrize(
    "state",
    [
        '{"id":"9E3405"}',
        '{"id":"1f0e8a52-77aa-5d0c-a0f8-3f1f2f6b2e999"}',
        '{"a":' + "9" * 310 + "}",
        '{"a":\r1}',
        '{"text":"' + "[" * 501 + "x" * 1_000 + '"}',
    ],
    ids=lambda state: ascii(state[:16]),
)
def test_an_object_that_looks_as_if_it_were_wrong_is_doubtful_and_taken_by_the_rules_for_one(state: str) -> None:
    assert 1 in doubtful([PLAIN, state, PLAIN])
    assert rules.json_object(state) == state


@pytest.mark.parametrize(
    "number", ["1e999", "1E999", "1e+999", "1E+0999", "-1.5e400", "9" * 400 + ".0", "1" * 250 + ".5e99", "0.1e12345"]
)
def test_a_number_that_may_be_beyond_a_double_is_doubtful_and_its_neighbours_are_not(number: str) -> None:
    assert doubtful([PLAIN, f'{{"zig":"zag","zoom":{number}}}', PLAIN]) == {1}


@pytest.mark.parametrize(
    "state",
    [
        PLAIN,
        "{}",
        '{"a":1e-999}',
        '{"id":"9b300b13-4410-51bf-85ca-234c8cea73da","time2":517}',
        '{"a":{"b":[1,2.5e10,-0,"\\u00e9",null,true]}}',
        '{"a":"\u2028"}',
    ],
)
def test_usual_states_are_not_doubtful(state: str) -> None:
    assert doubtful([state] * 100) == frozenset()


@pytest.mark.parametrize("depth", [rules.MAX_STATE_DEPTH, rules.MAX_STATE_DEPTH + 1])
def test_only_the_state_that_is_nested_too_deep_is_doubtful(depth: int) -> None:
    assert doubtful([PLAIN, nested(depth), PLAIN]) == ({1} if depth > rules.MAX_STATE_DEPTH else frozenset())


def test_no_states_are_no_doubt() -> None:
    assert doubtful([]) == frozenset()


def test_many_doubtful_states_take_no_square_of_the_time() -> None:
    given = [json.dumps({"id": f"9E{n:05}"}) for n in range(4_000)]
    began = time.perf_counter()
    assert len(doubtful(given)) == 4_000
    assert time.perf_counter() - began < 2

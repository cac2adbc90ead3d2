"""States that are checked together: none that is not an object on one line goes through unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.interchange.ndjson import is_json_object_on_one_line
from esjournal.interchange.objects import doubtful
from tests.events import states

GOOD = '{"price":1.10,"seat":"A"}'


@given(st.lists(states(), max_size=6))
def test_what_is_not_doubtful_would_pass_alone(given_states: list[str]) -> None:
    closely = doubtful(given_states)
    assert all(is_json_object_on_one_line(state) for at, state in enumerate(given_states) if at not in closely)


@pytest.mark.parametrize(
    "number", ["1e999", "1E999", "1e+999", "1E+0999", "-1.5e400", "9" * 400 + ".0", "1" * 250 + ".5e99", "0.1e12345"]
)
def test_a_number_that_may_be_beyond_a_double_is_doubtful_and_its_neighbours_are_not(number: str) -> None:
    assert doubtful([GOOD, f'{{"zig":"zag","zoom":{number}}}', GOOD]) == {1}


@pytest.mark.parametrize("state", [GOOD, '{"id":"9b300b13-4410-51bf-85ca-234c8cea73da","time2":517}', '{"a":1e-999}'])
def test_usual_states_are_not_doubtful(state: str) -> None:
    assert not doubtful([state] * 3)

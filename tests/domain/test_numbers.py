"""Numbers of any size, compared exactly, in time that grows with their text."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.state.numbers import canonical, exact, order, scaled_integer

numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
# Few digits, so that many numbers are equal.
near = st.from_regex(r"-?[01](\.[01]{1,3})?(e[+-]?[0-2])?", fullmatch=True)


@given(one=st.one_of(numbers, near), other=st.one_of(numbers, near))
def test_numbers_are_in_the_order_of_fractions(one: str, other: str) -> None:
    difference = Fraction(one) - Fraction(other)
    found = order(exact(one), exact(other))
    assert (found > 0, found < 0) == (difference > 0, difference < 0)
    assert (exact(one) == exact(other)) == (difference == 0) == (canonical(exact(one)) == canonical(exact(other)))


@given(numbers)
def test_the_canonical_text_means_the_same(text: str) -> None:
    assert Fraction(canonical(exact(text))) == Fraction(text)


@given(text=numbers, places=st.integers(-3, 6))
def test_the_whole_part_is_that_of_the_fraction(text: str, places: int) -> None:
    whole = int(Fraction(text) * Fraction(10) ** places)
    found = scaled_integer(exact(text), places, most_digits=18)
    assert found == (whole if abs(whole) < 10**18 else None)


ASCENDING = [
    "-1e99999999999999999999",
    "-1e9999999999999999999",
    "-1e400",
    "-1",
    "-1e-9999999999999999999",
    "-1e-99999999999999999999",
    "0e99999999999999999999",
    "1e-1" + "0" * 5_000,
    "1e-99999999999999999999",
    "1.1e-99999999999999999999",
    "1e-9999999999999999999",
    "5e-324",
    "1",
    "1." + "0" * 100_000 + "1",
    "9" * 100_000,
    "1e100000",
    "1e999999999",
    "1e9999999999999999999",
    "1e1" + "0" * 5_000,
]


def test_exponents_of_any_length_have_an_order() -> None:
    found = [exact(number) for number in ASCENDING]
    for index, number in enumerate(found):
        assert all(order(number, other) > 0 for other in found[:index])
        assert all(order(number, other) < 0 for other in found[index + 1 :])
    assert exact("10e-99999999999999999999") == exact("0.1e-99999999999999999997")
    assert exact("1e-9999999999999999999") == exact("100e-10000000000000000001")


@pytest.mark.parametrize(
    "text", ["9" * 4_000_000, f"0.{'0' * 4_000_000}1", f"1e{'9' * 4_000_000}", f"1e-{'9' * 4_000_000}", "1e999999999"]
)
def test_the_time_grows_with_the_text(text: str) -> None:
    begin = time.process_time()
    number = exact(text)
    assert order(number, exact("17")) != 0
    assert scaled_integer(number, 6, most_digits=18) in (None, 0)
    # Computing an integer with that many digits would take minutes.
    assert time.process_time() - begin < 2

"""What completes a word: all values that begin with it, or what they begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.beginnings import completions, first_among

ORDERS = [f"order-{number}" for number in range(2_000)]
TEXTS = st.text("aäz注\U0001f600", max_size=4)


def common_beginning(texts: list[str]) -> str:
    return "".join(
        characters[0] for characters in takewhile(lambda these: len(set(these)) == 1, zip(*texts, strict=False))
    )


def among(values: Iterable[str]) -> Callable[[str], str | None]:
    return first_among(sorted(values))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("order-19", ["order-19", *(f"order-19{digit}" for digit in range(10)), "order-190"]),
        ("order-198", ["order-198", *(f"order-198{digit}" for digit in range(10))]),
        ("order-1985", ["order-1985"]),
        ("", ["order-0", *(f"order-{digit}" for digit in range(1, 10))]),
        ("order-", [f"order-{digit}" for digit in range(10)]),
        ("order-2000", []),
        ("x", []),
    ],
)
def test_what_is_too_much_is_represented_by_its_next_characters(word: str, found: list[str]) -> None:
    assert completions(word, among(ORDERS), 20) == sorted(set(found))


def test_if_even_the_next_characters_are_too_many_nothing_is_offered() -> None:
    many = [chr(0x4E00 + number) * 2 for number in range(200)]
    assert completions("", among(many), 100) == []
    assert len(completions("", among(many), 200)) == 200


@given(st.sets(TEXTS, max_size=40), TEXTS, st.integers(1, 50))
def test_completions_leave_nothing_out(values: set[str], word: str, most: int) -> None:
    matching = sorted(value for value in values if value.startswith(word))
    found = completions(word, among(values), most)
    assert len(found) <= most
    assert found == sorted(set(found))
    if len(matching) <= most:
        assert found == matching
    elif found:
        assert all(any(value.startswith(one) for one in found) for value in matching)
        assert all(any(value.startswith(one) for value in matching) for one in found)
        # What a shell writes at once is part of every value.
        assert common_beginning(found) == common_beginning(matching)
        assert len(found) > 1

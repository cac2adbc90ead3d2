"""Paths into states: names with dots, and indexes of arrays in brackets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.domain.state.paths import Path, path, path_text, value_at
from esjournal.domain.state.values import MISSING, parsed, text_of
from esjournal.exceptions import InvalidData


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ('a."b.c".d', ("a", "b.c", "d")),
        ('""', ("",)),
        ('"a\\"b"', ('a"b',)),
        ("a-b.c_d.0.$.\u00e9", ("a-b", "c_d", "0", "$", "\u00e9")),
        ("items[0].sku", ("items", 0, "sku")),
        ('"a.b"[10][999999999]."c[0]"', ("a.b", 10, 999_999_999, "c[0]")),
    ],
)
def test_a_path_is_names_with_dots(text: str, names: Path) -> None:
    assert path(text) == names
    assert path(path_text(names)) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        'a"b',
        '"a',
        "a=b",
        "{a}",
        "[0]",
        "a.[0]",
        "a[0]b",
        "a[",
        "a]",
        "a[0",
        "a[[0]]",
        '"\\q"',
        "a\n",
    ],
)
def test_text_that_is_not_a_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="is not a path"):
        path(text)


# Hypothesis never puts surrogates into texts of its own accord.
any_name = st.one_of(
    st.text(max_size=5), st.text(st.characters(), max_size=3), st.sampled_from(["\ud800", "a.b", '"a"'])
)


parts = st.lists(st.one_of(any_name, st.integers(0, 999_999_999)), max_size=3)


@given(st.builds(lambda name, rest: (name, *rest), any_name, parts))
def test_any_names_make_a_path_that_is_read_again(names: Path) -> None:
    assert path(path_text(names)) == names
    assert not rules.has_surrogate(path_text(names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items[-1]", r"\[-1\]: indexes count from 0"),
        ("items[1000000000]", "no array is that long"),
        ("items[" + "9" * 10_000 + "]", "no array is that long"),
        ("items[]", "an index is plain digits"),
        ("items[00]", "an index is plain digits"),
        ("items[x]", "an index is plain digits"),
        ("items[*].sku", "an index is plain digits"),
        ("items[\u0661]", "an index is plain digits"),
        ("items[\udcff]", r"'items\[\\udcff\]' is not a path"),
    ],
)
def test_an_index_is_plain_digits(text: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as caught:
        path(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("items[0].sku", '"a"'),
        ("items[1]", "[2,[3]]"),
        ("items[1][1][0]", "3"),
        ("items[2]", MISSING),
        ("items[0][0]", MISSING),
        ("items.0", MISSING),
        ("name[0]", MISSING),
        ("digits[0]", MISSING),
        ("digits.0", "1"),
        ('"items[0]"', "4"),
        ("none[0]", MISSING),
    ],
)
def test_an_index_is_of_an_array_and_a_name_of_an_object(text: str, value: Any) -> None:
    state = parsed('{"items":[{"sku":"a"},[2,[3]]],"name":"abc","digits":{"0":1},"items[0]":4,"none":null}')
    found = value_at(state, path(text))
    assert (found if found is MISSING else text_of(found)) == value

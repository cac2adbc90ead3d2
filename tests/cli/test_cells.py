"""Text in columns of a terminal."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from esjournal.cli.rendering.parts.cells import cut, padded, undisputed, width_of
from esjournal.cli.terminal import on_one_line
from tests.helpers.emulator import rows_of

PICTURES = ["👍🏽", "👨\u200d👩\u200d👧\u200d👦", "❤\ufe0f", "🇩🇪", "1\ufe0f\u20e3", "🏳\ufe0f\u200d🌈", "👩🏽\u200d🚀"]
CHARACTERS = st.sampled_from(
    [*PICTURES, "漢", "ש", "ع", "e\u0301", "a", "ක්\u200dෂ", "می\u200cخو", "क्षि", " ", "각", "\x1b", "\u202e"]
)
TEXTS = st.lists(CHARACTERS, max_size=12).map("".join).map(on_one_line)


@given(TEXTS, st.integers(0, 20))
def test_a_padded_text_has_its_width_on_every_terminal(text: str, width: int) -> None:
    shown = padded(text, width)
    assert width_of(shown) == width
    for by_picture in (False, True):
        [row] = rows_of(f"{shown}|", by_picture=by_picture)
        assert row.index("|") == width, row


@given(TEXTS, st.integers(0, 20))
def test_a_cut_text_is_not_wider_than_its_room_on_any_terminal(text: str, width: int) -> None:
    shown = cut(text, width)
    for by_picture in (False, True):
        [row] = rows_of(f"{shown}|", by_picture=by_picture)
        assert row.index("|") <= width, row


@pytest.mark.parametrize(
    ("text", "shown", "width"),
    [
        ("👍🏽", "👍", 4),
        ("👨\u200d👩\u200d👧\u200d👦", "👨👩👧👦", 8),
        ("❤\ufe0f", "❤", 2),
        ("🇩🇪", "🇩🇪", 2),
        ("ක්\u200dෂ", "ක්\u200dෂ", 2),
        ("a\u200db", "a\u200db", 2),
        ("漢字", "漢字", 4),
        ("e\u0301", "e\u0301", 1),
        ("plain", "plain", 5),
    ],
)
def test_a_picture_of_several_emoji_is_shown_as_those_in_columns(text: str, shown: str, width: int) -> None:
    assert undisputed(text) == shown
    assert width_of(text) == width
    assert padded(text, 10).rstrip() == shown


def test_a_character_has_the_width_that_terminals_give_it() -> None:
    for character in map(
        chr, [*range(0x20, 0x7F), *range(0xA1, 0x3000), *range(0x4E00, 0x4F00), *range(0x1F300, 0x1F6D0)]
    ):
        # Versions of Unicode differ in what some symbols and format characters take.
        is_sure = category(character)[0] in "LMN" or (ord(character) > 0xFFFF and category(character) != "Cn")
        if undisputed(character) and is_sure:
            assert width_of(character) == wcwidth(character), hex(ord(character))

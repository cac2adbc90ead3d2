"""Lines on a terminal that are folded with a hanging indent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from esjournal.cli.rendering.parts.foldedlines import folded_lines
from esjournal.cli.rendering.parts.paint import Paint
from tests.helpers.terminal import plain

PLAIN, COLOURS = Paint(Console(color_system=None)), Paint(Console(color_system="standard", force_terminal=True))


def lines(text: str, width: int | None, indent: int = 2) -> list[str]:
    return list(folded_lines([(text, "")], indent, width, PLAIN))


def test_a_line_that_fits_is_one_line_whatever_spaces_it_has() -> None:
    assert lines("a  b c", 8) == ["  a  b c"]
    assert lines("a b " * 100, None) == ["  " + "a b " * 100]


def test_a_line_ends_at_a_space_and_goes_on_below_its_text() -> None:
    assert lines("+ note: one two three four", 18) == ["  + note: one two", "      three four"]


def test_a_word_that_is_longer_than_a_line_begins_where_it_stands() -> None:
    assert lines("+ note: " + "x" * 20, 16) == ["  + note: xxxxxx", "      xxxxxxxxxx", "      xxxx"]


def test_a_mark_stays_with_its_letter() -> None:
    assert lines("+ xxxxxe\u0301xxxx", 10) == ["  + xxxxxe\u0301", "      xxxx"]


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_every_character_has_a_line_on_the_narrowest_terminal(width: int) -> None:
    shown = "".join("".join(lines("abc\u6f22d", width)).split())
    assert shown == "abc\u6f22d"


def test_each_part_has_its_colour_in_each_line() -> None:
    parts = [("+ ", "green"), ("note: ", "dim"), ("x" * 12, "green")]
    first, second = folded_lines(parts, 0, 14, COLOURS)
    assert first == "\x1b[32m+ \x1b[0m\x1b[2mnote: \x1b[0m\x1b[32mxxxxxx\x1b[0m"
    assert second == "    \x1b[32mxxxxxx\x1b[0m"


@given(
    st.lists(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \u6f22\u0301"))),
    st.integers(12, 60),
    st.integers(0, 4),
)
def test_lines_fit_and_lose_nothing_but_the_spaces_between_them(texts: list[str], width: int, indent: int) -> None:
    parts = [(text, "green" if at % 2 else "") for at, text in enumerate(texts)]
    folded = [plain(line) for line in folded_lines(parts, indent, width, COLOURS)]
    assert all(cell_len(line) <= width for line in folded)
    shown = re.sub(" ", "", "".join(folded))
    assert shown == "".join(texts).replace(" ", "")

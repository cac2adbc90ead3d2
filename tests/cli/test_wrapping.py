"""Text that a terminal shows folded at words."""

from __future__ import annotations

import pytest

from esjournal.cli.rendering.parts.cells import width_of
from esjournal.cli.rendering.parts.wrapping import folded


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("one  two 'a  b'", ["one  two", "'a  b'"]),
        ("run `esjournal init` now", ["run", "`esjournal init`", "now"]),
        ("(`init`), or not", ["(`init`),", "or not"]),
        ("a lonely ` here", ["a lonely `", "here"]),
        ("abcdefghijklmnopqrstuvw x", ["abcdefghij", "klmnopqrst", "uvw x"]),
        ("ab 漢字漢字漢字漢 c", ["ab", "漢字漢字漢", "字漢 c"]),
    ],
)
def test_text_is_folded_at_words_and_only_long_ones_are_cut(text: str, lines: list[str]) -> None:
    assert folded(text, 10) == lines
    assert all(width_of(line) <= 10 for line in lines if "`" not in line)


def test_the_first_line_may_have_another_width() -> None:
    assert folded("one two three four", 10, first=5) == ["one", "two three", "four"]
    assert folded("abcdefghijkl", 10, first=5) == ["abcde", "fghijkl"]
    assert folded("x abcdefghijkl", 10, first=5) == ["x", "abcdefghij", "kl"]


def test_what_may_be_copied_is_left_whole() -> None:
    assert folded("see sqlite:////srv/journal.db now", 10, whole=True) == ["see", "sqlite:////srv/journal.db", "now"]

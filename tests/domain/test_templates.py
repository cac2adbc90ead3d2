"""Templates: their parts."""

from __future__ import annotations

import pytest

from esjournal.domain.templates import Placeholder, pieces
from esjournal.exceptions import InvalidData


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("order", ["order"]),
        ("{a}", [Placeholder("a")]),
        ("order-{a}/{b}!", ["order-", Placeholder("a"), "/", Placeholder("b"), "!"]),
        ("{{{a}}}", ["{", Placeholder("a"), "}"]),
        ("{}", [Placeholder("")]),
        ('{state."a}b{".c}', [Placeholder('state."a}b{".c')]),
        (r'{"a\"}"}', [Placeholder(r'"a\"}"')]),
    ],
)
def test_a_template_has_texts_and_placeholders(text: str, parts: list[str | Placeholder]) -> None:
    assert pieces(text) == parts


@pytest.mark.parametrize(("text", "brace"), [("a{", "{"), ("}a", "}"), ("{a{b}", "{"), ("{a}}", "}"), ('{"a}', "{")])
def test_an_unmatched_brace_is_refused(text: str, brace: str) -> None:
    with pytest.raises(InvalidData, match=f"has an unmatched {brace}: write {brace}{brace} for the character"):
        pieces(text)


def test_a_placeholder_is_shown_as_it_is_written() -> None:
    assert [str(part) for part in pieces("{a}-{b c}")] == ["{a}", "-", "{b c}"]

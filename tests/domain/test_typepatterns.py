"""Patterns of event types, and types that could be mistaken for patterns."""

from __future__ import annotations

import pytest

from esjournal.domain.model.typepatterns import Patterns, renaming
from esjournal.exceptions import InvalidData

GENERIC = "Shop.Envelope`1[[Shop.Created, Shop]]"


@pytest.mark.parametrize(
    ("patterns", "fitting", "others"),
    [
        (
            ["orders#Placed"],
            ["orders#Placed"],
            ["orders#placed", "orders#Placed2", "aorders#Placed", "orders#Placed\n"],
        ),
        (["orders#*"], ["orders#", "orders#Paid", "orders#*"], ["shop#orders#Paid"]),
        (["a?", "[xy]"], ["ab", "a?", "x", "y", "[xy]"], ["a", "xy"]),
        ([GENERIC], [GENERIC], ["Shop.Envelope`1", "Shop.Envelope`1[Shop.Created, Shop]"]),
        (["*Order", "List[Int]", "Order[]"], ["*Order", "List[Int]", "ListI", "Order[]"], ["List[int]", "Orders"]),
    ],
)
def test_a_type_fits_a_pattern_or_equals_it(patterns: list[str], fitting: list[str], others: list[str]) -> None:
    wanted = Patterns(patterns)
    assert [found for found in [*fitting, *others] if wanted.match(found)] == fitting


def test_patterns_that_fitted_nothing_are_known() -> None:
    wanted = Patterns(["a*", "b", "c", "*b"])
    for found in ("x", "ab", "x"):
        wanted.match(found)
    assert wanted.unmatched == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("a#B=c#D", ("a#B", "c#D")),
        ("a=b=c", ("a", "b=c")),
        ("Shop.A, Shop, Version[=]1=a#B", ("Shop.A, Shop, Version=1", "a#B")),
        ("a[*]b[?]c[[]d=e[=]f", ("a*b?c[d", "e=f")),
        (f"{GENERIC}=shop#Created", (GENERIC, "shop#Created")),
        (f"shop#Created={GENERIC}", ("shop#Created", GENERIC)),
        ("A`1[[B, V[=]1]]=A`2[[B, V[=]1],[C, V[=]2]]", ("A`1[[B, V=1]]", "A`2[[B, V=1],[C, V=2]]")),
    ],
)
def test_a_renaming_has_two_whole_types(text: str, types: tuple[str, str]) -> None:
    assert renaming(text) == types


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "has no =: write OLD=NEW"),
        ("a*=b", "'a\\*' is a pattern"),
        ("a?=b", "'a\\?' is a pattern"),
        ("a[bc]=b", "is a pattern"),
        ("a=b*", "'b\\*' is a pattern"),
        ("a`1[[B]]*=b", "is a pattern"),
        ("=b", "event_type is empty"),
        ("b=", "event_type is empty"),
        ("a\x1b=b", "control character"),
    ],
)
def test_a_rename_that_is_not_two_whole_types_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        renaming(text)

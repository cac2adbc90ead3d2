"""Compares two states by value, member by member."""

from __future__ import annotations

import msgspec

from esjournal.domain.model import rules
from esjournal.domain.state import values
from esjournal.domain.state.members import raw_members


def mean_the_same(one: str, other: str) -> bool:
    """Say whether two texts are JSON of the same value; see `values.comparable`.

    Members with the same text are equal, and only the others are parsed. Two flights that differ only in the order of
    their keys take 5 microseconds, and 40 if all values are parsed.

    Args:
        one: the text of a state.
        other: the text of another state.
    """
    members, others = _members(one), _members(other)
    if members is None or others is None:
        return _mean_the_same(one, other)
    return members.keys() == others.keys() and all(
        value == others[name] or _mean_the_same(bytes(value).decode(), bytes(others[name]).decode())
        for name, value in members.items()
    )


def differing_members(one: str, other: str) -> tuple[str, str]:
    """Return two states without the members that have the same text in both, unchanged unless both are objects.

    The two still differ in the same way, and most of a state need not be parsed value by value.

    Args:
        one: the text of a state.
        other: the text of another state.
    """
    members, others = _members(one), _members(other)
    if members is None or others is None:
        return one, other
    return _text_without(members, others), _text_without(others, members)


def _text_without(members: dict[str, msgspec.Raw], others: dict[str, msgspec.Raw]) -> str:
    different = [
        f"{msgspec.json.encode(name).decode()}:{bytes(value).decode()}"
        for name, value in members.items()
        if others.get(name) != value
    ]
    return f"{{{','.join(different)}}}"


def _members(text: str) -> dict[str, msgspec.Raw] | None:
    # Each level takes at least two characters, so a shorter text cannot be nested too deep.
    if len(text) > 2 * rules.MAX_STATE_DEPTH:
        return None
    try:
        return raw_members(text)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        # Python's json decides, also about what is not an object.
        return None


def _mean_the_same(one: str, other: str) -> bool:
    value = values.comparable(one)
    return value is not values.MISSING and bool(value == values.comparable(other))

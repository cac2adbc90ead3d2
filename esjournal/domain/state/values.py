"""States as values: a parsed JSON object, with every number as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from esjournal.domain.model import rules
from esjournal.domain.state.numbers import canonical, exact
from esjournal.exceptions import InvalidData

MISSING = object()


class Number(str):
    """A number as it is written: 1.10 stays 1.10, and integers may have any size.

    It equals a number with the same text, and never the string of its digits.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        # Otherwise str.__ne__ would be used.
        return not self == other

    __hash__ = str.__hash__


# Runs of escapes, which are limited because the result of each takes 70 bytes of memory until the run ends. A run does
# not end between the two halves of a character.
_ESCAPES = re.compile(
    r"""(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,1000}"""
)


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Short numbers repeat, and an object for each of two million digits takes 130 MB.
_LENGTH_OF_SHORT = 4
_short_number = lru_cache(maxsize=16_384)(Number)


def _number(text: str) -> Number:
    return _short_number(text) if len(text) <= _LENGTH_OF_SHORT else Number(text)


_decoder = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refused_constant)


def parsed(state: str) -> dict[str, Any] | None:
    """Return a parsed state, or None if it is not a JSON object, for example because it is encrypted.

    Objects are dictionaries in the order of the text, the last of duplicate keys counts, and numbers are `Number`.
    """
    try:
        rules.check_depth(state)
        value = _decoder.decode(state)
    except (ValueError, RecursionError, InvalidData):
        return None
    return value if isinstance(value, dict) else None


def is_json(text: str) -> bool:
    """Say whether a text is JSON of any kind, not nested deeper than Python's stack."""
    try:
        _decoder.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def unescaped(text: str) -> str:
    r"""Return the text of a state with characters in place of its escapes, such as `\u00fc` and `\"`.

    Args:
        text: JSON; the result need not be JSON any more.
    """
    return _ESCAPES.sub(lambda run: str(json.loads(f'"{run[0]}"')), text)


def comparable(text: str) -> Any:
    """Return a value that is equal for JSON texts that mean the same, or MISSING if the text is not JSON.

    Key order and spaces are ignored, and the last of duplicate keys counts. Numbers are compared exactly, whatever
    their length: 1.10 equals 1.1, and 1E2 equals 100.
    """
    try:
        rules.check_depth(text)
        return _comparable_decoder.decode(text)
    except (ValueError, RecursionError, InvalidData):
        return MISSING


def values_differ(one: Any, other: Any) -> bool:
    """Say whether two parsed values mean different things."""
    return bool(one != other) and bool(comparable(text_of(one)) != comparable(text_of(other)))


def _normalised(number: str) -> Number:
    return _number(canonical(exact(number)))


_comparable_decoder = json.JSONDecoder(parse_float=_normalised, parse_int=_normalised, parse_constant=_refused_constant)


def scalar(text: str) -> Any:
    """Return a JSON string, number, truth value or null, or MISSING if the text is none of these."""
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        return MISSING
    return MISSING if isinstance(value, dict | list) else value


def text_of(value: Any, *, spaced: bool = False) -> str:
    """Return a parsed value as JSON on one line, with numbers as they were written.

    Args:
        value: a parsed value.
        spaced: write a space after each comma and colon, where a line may be broken.
    """
    if not isinstance(value, dict | list | tuple):
        # A number is of a class of its own, which equals no text.
        return str(_scalar_text(value))
    return "".join(_pieces(value, *((", ", ": ") if spaced else (",", ":"))))


_CONTAINERS = {dict, list, tuple}


def _pieces(value: Any, comma: str, colon: str) -> Iterator[str]:
    # A stack of our own: recursion as deep as a state may be would exhaust Python's.
    rest: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter((("", value),)), "")]
    while rest:
        members, end = rest[-1]
        for before, member in members:
            yield before
            if isinstance(member, dict):
                yield "{"
                rest.append((_members_of(member, comma, colon), "}"))
                break
            if not isinstance(member, list | tuple):
                yield _scalar_text(member)
            elif _CONTAINERS.isdisjoint(map(type, member)):
                # Most arrays; millions of items are written four times as fast.
                yield f"[{comma.join(map(_scalar_text, member))}]"
            else:
                yield "["
                rest.append((_items_of(member, comma), "]"))
                break
        else:
            yield end
            rest.pop()


def _scalar_text(value: Any) -> str:
    if isinstance(value, Number):
        return value
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _members_of(value: dict[str, Any], comma: str, colon: str) -> Iterator[tuple[str, Any]]:
    before = ""
    for name, member in value.items():
        yield f"{before}{_quoted(name)}{colon}", member
        before = comma


def _items_of(value: Sequence[Any], comma: str) -> Iterator[tuple[str, Any]]:
    before = ""
    for item in value:
        yield before, item
        before = comma


# Made once: json.dumps makes an encoder for each call, and takes six times as long.
_escape = json.JSONEncoder(ensure_ascii=False).encode
_escape_all = json.JSONEncoder().encode


def _quoted(text: str) -> str:
    # Half of a surrogate pair can only be written as an escape.
    return _escape_all(text) if rules.has_surrogate(text) else _escape(text)

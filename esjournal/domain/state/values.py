"""States as values: what a JSON object says, with every number as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from esjournal.domain.model import rules
from esjournal.domain.state.numbers import canonical, exact
from esjournal.exceptions import InvalidData

MISSING = object()


class Number(str):
    """A number, as it is written: 1.10 stays 1.10, and an integer of any size is whole.

    It equals a number that is written alike, and never the string of its digits.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        # Without it, str says what differs.
        return not self == other

    __hash__ = str.__hash__


_ESCAPES = re.compile(r"""(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+""")


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refused_constant)


def parsed(state: str) -> dict[str, Any] | None:
    """Return what a state says, or None where it is no JSON object, such as one that is encrypted.

    Objects are dictionaries in the order of the text, of duplicate keys the last one counts, numbers are `Number`.
    """
    try:
        rules.check_depth(state)
        value = _decoder.decode(state)
    except (ValueError, RecursionError, InvalidData):
        return None
    return value if isinstance(value, dict) else None


def unescaped(text: str) -> str:
    r"""Return the text of a state as it reads: with the characters that its escapes stand for, `\u00fc` and `\"`.

    Args:
        text: the text of JSON; it need not be JSON any more when it is returned.
    """
    # A run at once, because two escapes may be the halves of one character.
    return _ESCAPES.sub(lambda run: str(json.loads(f'"{run[0]}"')), text)


def comparable(text: str) -> Any:
    """Return a value that equals those of other JSON texts that mean the same, or MISSING where the text is no JSON.

    Key order and spaces do not count, 1.10 equals 1.1 and 1E2 equals 100, exactly however long they are; of duplicate
    keys the last one counts.
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
    return Number(canonical(exact(number)))


_comparable_decoder = json.JSONDecoder(parse_float=_normalised, parse_int=_normalised, parse_constant=_refused_constant)


def scalar(text: str) -> Any:
    """Return a JSON string, number, truth value or null, or MISSING where the text is none."""
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        return MISSING
    return MISSING if isinstance(value, dict | list) else value


def text_of(value: Any) -> str:
    """Return a parsed value as JSON on one line, with its numbers as they were written."""
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    # A list instead of recursion: as deep as a state may be, Python would run out of stack.
    rest: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter((("", value),)), "")]
    while rest:
        members, end = rest[-1]
        for before, member in members:
            yield before
            if isinstance(member, Number):
                yield member
            elif isinstance(member, str):
                yield _quoted(member)
            elif isinstance(member, dict):
                yield "{"
                rest.append((_members_of(member), "}"))
                break
            elif isinstance(member, list | tuple):
                yield "["
                rest.append((_items_of(member), "]"))
                break
            else:
                yield json.dumps(member)
        else:
            yield end
            rest.pop()


def _members_of(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    comma = ""
    for name, member in value.items():
        yield f"{comma}{_quoted(name)}:", member
        comma = ","


def _items_of(value: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    comma = ""
    for item in value:
        yield comma, item
        comma = ","


# Made once: json.dumps makes an encoder each time, and takes six times as long.
_escape = json.JSONEncoder(ensure_ascii=False).encode
_escape_all = json.JSONEncoder().encode


def _quoted(text: str) -> str:
    # Half of a surrogate pair can only be written as an escape.
    return _escape_all(text) if rules.has_surrogate(text) else _escape(text)

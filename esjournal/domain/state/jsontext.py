"""The text of JSON: whether it is valid, how deep it is nested, and whether a number is beyond a double.

Nothing here builds the values of a text, which can take 30 times its memory. All checks are a few passes over the whole
text, because one step of Python for each bracket or quote is too slow.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NoReturn

from esjournal.exceptions import InvalidData

_SPACE = b" \t\r\n"
_CONSTANT = re.compile(rb"NaN|-?Infinity")
_PLACE = re.compile(r"\(byte (\d+)\)")
_EXPLAINED_BYTES = 64 * 1024
# A text up to this size is checked by building its values: they take little memory.
_SMALL_BYTES = 4 * 1024

_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
# As signed bytes, an opening bracket is 1 and a closing one is -1.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_BRACKETS_AT_A_TIME = 256

# Digits become 0 and E becomes e, so that one search finds every exponent that could lead beyond a double.
_NUMBERS = bytes.maketrans(b"0123456789E", b"0000000000e")
_HUGE_EXPONENT = b"0e000"
# Numbers have none of these, except the plus of an exponent, which changes nothing. Dropping them halves the text, and
# the time. The letters of hexadecimal digits stay, or ids with an e would look like exponents.
_DROPPED = b"+ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
# With a two-digit exponent, a number needs more digits than this to be beyond a double.
_MANY_DIGITS = b"0" * 200
# Outside of strings, what is not part of a number becomes a space.
_NO_NUMBER = bytes(byte if byte in b"0123456789+-.eE" else ord(" ") for byte in range(256))

_CHUNK_BYTES = 64 * 1024


class Malformed(Exception):
    """A text that is not JSON: the reason, and the byte where it fails, counted from 0."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class _Constant(Exception):
    """NaN or an infinity, which Python's json would accept."""


def check(data: bytes, name: str = "state") -> None:
    r"""Refuse a text that is not one JSON value; its depth must have been checked before.

    Half of a surrogate pair is valid if it is written as an escape, such as `\ud800`.

    Args:
        data: a text in UTF-8.
        name: what the text is, for the message about NaN.

    Raises:
        Malformed: the text is not JSON.
        InvalidData: the text has NaN or an infinity.
    """
    try:
        _check(data)
    except _Constant as constant:
        raise InvalidData(f"{name} has {constant}, which is not JSON: write null, or a string") from None


def _check(data: bytes) -> None:
    if len(data) <= _SMALL_BYTES:
        _check_small(data)
        return
    # Importing it takes longer than checking one appended state.
    import msgspec

    try:
        msgspec.json.decode(without_surrogates(data), type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise _explained(data, str(error)) from None


def _check_small(data: bytes) -> None:
    try:
        _SMALL.decode(data.decode())
    except json.JSONDecodeError as error:
        raise _explained(data, f"{error.msg} (byte {len(error.doc[: error.pos].encode())})") from None
    except UnicodeDecodeError as error:
        raise _explained(data, f"{error.reason} (byte {error.start})") from None


def _refuse(constant: str) -> NoReturn:
    raise _Constant(constant)


# Numbers stay text: Python reads no integer of more than 4,300 digits.
_SMALL = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def _explained(data: bytes, reason: str) -> Malformed:
    found = _PLACE.search(reason)
    at = int(found[1]) if found else len(data)
    # The error points at the letter after the minus.
    if constant := _CONSTANT.match(data, at - 1 if data[at - 1 : at] == b"-" else at):
        _refuse(constant[0].decode())
    if len(data) <= _EXPLAINED_BYTES:
        # Python's json explains an error best, but builds all values before it.
        try:
            json.loads(data)
        except json.JSONDecodeError as error:
            return Malformed(error.msg.removesuffix(" at"), len(error.doc[: error.pos].encode()))
        except UnicodeDecodeError as error:
            return Malformed(f"{error.reason}", error.start)
    return Malformed(reason.removeprefix("JSON is malformed: "), at)


def without_surrogates(data: bytes) -> bytes:
    r"""Return a text of the same length and structure, in which no escape is half of a surrogate pair.

    msgspec refuses those. `\ud800` becomes `\u0800`, even if its backslash is itself escaped.
    """
    return data.replace(rb"\ud", rb"\u0").replace(rb"\uD", rb"\u0") if rb"\u" in data else data


def is_object(data: bytes) -> bool:
    """Say whether a valid text is an object."""
    return data.lstrip(_SPACE).startswith(b"{")


def is_nested_deeper(data: bytes, limit: int) -> bool:
    """Say whether brackets outside of strings are nested deeper than a limit.

    Args:
        data: a text in UTF-8, valid or not.
        limit: the number of levels allowed.
    """
    if data.count(b"{") + data.count(b"[") <= limit:
        return False
    depth = 0
    for piece in _outside_strings(data, _NOT_STRUCTURE):
        steps = piece.translate(_STEPS)
        for start in range(0, len(steps), _BRACKETS_AT_A_TIME):
            some = steps[start : start + _BRACKETS_AT_A_TIME]
            opened = some.count(1)
            if depth + opened > limit and max(accumulate(memoryview(some).cast("b"), initial=depth)) > limit:
                return True
            depth += 2 * opened - len(some)
    return False


def number_beyond_a_double(data: bytes) -> str | None:
    """Return the first number that is beyond a double and not an integer, if a valid text has one.

    Integers of any size are allowed: every JSON reader with an integer type can read them.
    """
    if not has_large_number(data):
        return None
    # A number that may continue in the next piece.
    begun = bytearray()
    for piece in _outside_strings(data, b""):
        end = len(piece.rstrip(b"0123456789+-.eE"))
        if end:
            begun += piece[:end]
            if found := _beyond_a_double(begun):
                return found
        begun += piece[end:]
    return _beyond_a_double(begun)


def has_large_number(data: bytes | bytearray) -> bool:
    """Say whether a text has anything that could be a number beyond a double; a string may look like one."""
    numbers = shapes_of_numbers(data)
    return _MANY_DIGITS in numbers or _HUGE_EXPONENT in numbers


def shapes_of_numbers(data: bytes | bytearray) -> bytes | bytearray:
    """Return a shorter text in which `large_numbers_in` finds what could be a number beyond a double."""
    return data.translate(_NUMBERS, _DROPPED)


def large_numbers_in(shapes: bytes | bytearray) -> Iterator[int]:
    """Yield the offsets of what could be numbers beyond a double, at most two a line.

    Args:
        shapes: what `shapes_of_numbers` returned for many lines.
    """
    for pattern in (_MANY_DIGITS, _HUGE_EXPONENT):
        at = shapes.find(pattern)
        while at >= 0:
            yield at
            end = shapes.find(b"\n", at)
            at = shapes.find(pattern, end) if end >= 0 else -1


def _beyond_a_double(text: bytearray) -> str | None:
    """Return the first number beyond a double of a text outside of strings, and empty the text."""
    if not has_large_number(text):
        text.clear()
        return None
    # Each number is converted once, because that takes longer than all else. What is left of true and false is an e.
    spaced = text.translate(_NO_NUMBER)
    # A number may be as long as a state: of that, there should be no more copies at a time than needed.
    text.clear()
    whole = bytes(spaced)
    spaced.clear()
    numbers = dict.fromkeys(whole.split())
    numbers.pop(b"e", None)
    if any(map(math.isinf, map(float, numbers))):
        for number in numbers:
            if math.isinf(float(number)) and not number.removeprefix(b"-").isdigit():
                return number.decode()
    return None


def _outside_strings(data: bytes, unwanted: bytes) -> Iterator[bytes]:
    """Yield the text outside of strings, in pieces, without the unwanted bytes."""
    # An escaped quote does not end a string. Pairs of backslashes go first; one that is left before a quote escapes it.
    text = data.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in data else data
    if unwanted:
        # Two adjacent quotes change nothing: the text after them is inside a string exactly if the text before was.
        text = text.translate(None, unwanted).replace(b'""', b"")
    within = 0
    for start in range(0, len(text), _CHUNK_BYTES):
        parts = text[start : start + _CHUNK_BYTES].split(b'"')
        yield (b"" if unwanted else b" ").join(parts[within::2])
        within ^= (len(parts) - 1) % 2

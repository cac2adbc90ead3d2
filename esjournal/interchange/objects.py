"""Many states at once: which of them are surely JSON objects, found out for a whole batch in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from esjournal.domain.model import fields

# Digits become 0 and E becomes e, so that one search finds every exponent that could lead beyond a double.
_NUMBERS = bytes.maketrans(b"0123456789E", b"0000000000e")
_HUGE_EXPONENTS = (b"0e000", b"0e+000")
# With an exponent of two digits, a number needs more digits than this to be beyond a double.
_MANY_DIGITS = b"0" * 200

_any_value_decoder = msgspec.json.Decoder(msgspec.Raw)


def doubtful(states: Sequence[str], *, parsed: bool = False) -> AbstractSet[int]:
    """Return the indexes of the states that need a closer look; all others are JSON objects on one line.

    The rules are those of `fields.json_object`, asked of all states as one text, which takes a third of the time: a
    parser takes it, each state is an object on its line, none is long enough to be nested too deep, and none has what
    could be a number beyond a double. A state that is doubtful need not be wrong.

    Args:
        states: texts of any kind.
        parsed: whether each of them is known to be a JSON value.
    """
    if not states:
        return frozenset()
    all_of_them = frozenset(range(len(states)))
    try:
        joined = "\n".join(states).encode()
    except UnicodeEncodeError:
        return all_of_them
    if b"\r" in joined or not is_object_on_each_line(joined, len(states)):
        return all_of_them
    if not parsed:
        try:
            if len(_any_value_decoder.decode_lines(joined)) != len(states):
                return all_of_them
        except (msgspec.MsgspecError, RecursionError):
            return all_of_them
    return _perhaps_too_deep(states) | _perhaps_beyond_a_double(joined)


def is_object_on_each_line(text: bytes, count: int) -> bool:
    r"""Say whether text is JSON objects one a line, where it is known that it is so many JSON values one after another.

    Nowhere inside a JSON value does a line end with `}` and the next begin with `{`, so where that is seen, two values
    meet; and when all line ends are such places, no value has one inside.
    """
    return text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == count - 1 == text.count(b"\n")


def _perhaps_too_deep(states: Sequence[str]) -> AbstractSet[int]:
    # Each level takes two characters.
    if max(map(len, states)) <= 2 * fields.MAX_STATE_DEPTH:
        return frozenset()
    return {at for at, state in enumerate(states) if state.count("{") + state.count("[") > fields.MAX_STATE_DEPTH}


def _perhaps_beyond_a_double(joined: bytes) -> AbstractSet[int]:
    numbers = joined.translate(_NUMBERS)
    suspicious = (_MANY_DIGITS, *_HUGE_EXPONENTS)
    return {numbers.count(b"\n", 0, at) for pattern in suspicious for at in _places(pattern, numbers)}


def _places(pattern: bytes, text: bytes) -> Iterator[int]:
    at = text.find(pattern)
    while at >= 0:
        yield at
        at = text.find(pattern, at + 1)

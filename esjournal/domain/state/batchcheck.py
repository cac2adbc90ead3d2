"""Many states at once: which of them are surely JSON objects, found out for a whole batch in one go."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from esjournal.domain.model import rules
from esjournal.domain.state import jsontext

_any_value_decoder = msgspec.json.Decoder(msgspec.Raw)


def doubtful(states: Sequence[str]) -> AbstractSet[int]:
    """Return the indexes of the states that need a closer look; all others are JSON objects on one line.

    The rules are those of `rules.json_object`, asked of all states as one text, which takes a third of the time: a
    parser takes it, each state is an object on its line, none is long enough to be nested too deep, and none has what
    could be a number beyond a double. A state that is doubtful need not be wrong.

    Args:
        states: texts of any kind.
    """
    if not states:
        return frozenset()
    all_of_them = frozenset(range(len(states)))
    try:
        joined = "\n".join(states).encode()
        values = _any_value_decoder.decode_lines(joined)
    except (UnicodeEncodeError, msgspec.MsgspecError, RecursionError):
        return all_of_them
    lines = joined.count(b"\n") + 1
    if b"\r" in joined or not len(values) == lines == len(states) or not is_object_on_each_line(joined, lines):
        return all_of_them
    return perhaps_beyond_limits(states, joined)


def is_object_on_each_line(text: bytes, lines: int) -> bool:
    r"""Say whether text is JSON objects one a line, where it is known to have as many lines as JSON values.

    Nowhere inside a JSON value does a line end with `}` and the next begin with `{`, so where that is seen, two values
    meet; and when all line ends are such places, no value has one inside.
    """
    return text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == lines - 1


def perhaps_beyond_limits(states: Sequence[str], joined: bytes) -> AbstractSet[int]:
    """Return the indexes of the states that could be nested too deep, or have a number beyond a double.

    Args:
        states: JSON values, none with a line end in it.
        joined: the same, a line each.
    """
    return _perhaps_too_deep(states) | _perhaps_beyond_a_double(joined)


def _perhaps_too_deep(states: Sequence[str]) -> AbstractSet[int]:
    # Each level takes two characters.
    if max(map(len, states)) <= 2 * rules.MAX_STATE_DEPTH:
        return frozenset()
    return {at for at, state in enumerate(states) if state.count("{") + state.count("[") > rules.MAX_STATE_DEPTH}


def _perhaps_beyond_a_double(joined: bytes) -> AbstractSet[int]:
    shapes = jsontext.shapes_of_numbers(joined)
    indexes = set()
    index = counted = 0
    for at in jsontext.places_of_large_numbers(shapes):
        if at < counted:
            index = counted = 0
        index += shapes.count(b"\n", counted, at)
        counted = at
        indexes.add(index)
    return indexes

"""Checks a whole batch of states at once: which of them are certainly JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter

import msgspec

from esjournal.domain.model import rules
from esjournal.domain.state import jsontext

_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_any_value_decoder = msgspec.json.Decoder(msgspec.Raw)


def doubtful(states: Sequence[str]) -> AbstractSet[int]:
    """Return the indexes of the states that need a closer look; all others are JSON objects on one line.

    The rules are those of `rules.json_object`, applied to all states as one text, which takes a third of the time: a
    parser accepts it, each state is an object on its own line, none is long enough to be nested too deep, and none has
    anything that could be a number beyond a double. A doubtful state need not be wrong.

    Args:
        states: any texts.
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
    if b"\r" in joined or not len(values) == lines == len(states):
        return all_of_them
    # Each is on one line: what `is_object_on_each_line` says, in half its time.
    if not all(states) or {*map(_FIRST, states)} != {"{"} or {*map(_LAST, states)} != {"}"}:
        return all_of_them
    return perhaps_beyond_limits(states, joined)


def is_object_on_each_line(text: bytes, lines: int) -> bool:
    r"""Say whether each line of a text is a JSON object; the text must have as many JSON values as lines.

    Inside a JSON value, a line that ends with `}` is never followed by one that begins with `{`. So `}\n{` only occurs
    between two values, and if every line break is one of these, no value contains a line break.
    """
    return text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == lines - 1


def perhaps_beyond_limits(states: Sequence[str], joined: bytes) -> AbstractSet[int]:
    """Return the indexes of the states that could be nested too deep, or have a number beyond a double.

    Args:
        states: JSON values without line breaks.
        joined: the same values, one a line.
    """
    return _perhaps_too_deep(states) | _perhaps_beyond_a_double(joined)


def _perhaps_too_deep(states: Sequence[str]) -> AbstractSet[int]:
    # Each level takes at least two characters.
    if max(map(len, states)) <= 2 * rules.MAX_STATE_DEPTH:
        return frozenset()
    return {at for at, state in enumerate(states) if state.count("{") + state.count("[") > rules.MAX_STATE_DEPTH}


def _perhaps_beyond_a_double(joined: bytes) -> AbstractSet[int]:
    shapes = jsontext.shapes_of_numbers(joined)
    indexes = set()
    index = counted = 0
    for at in jsontext.large_numbers_in(shapes):
        if at < counted:
            index = counted = 0
        index += shapes.count(b"\n", counted, at)
        counted = at
        indexes.add(index)
    return indexes

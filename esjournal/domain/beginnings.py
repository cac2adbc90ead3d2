"""What may complete a word: the values that begin with it or, if they are many, what those begin with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import count

# A text with this character at its end is after everything that begins with the text.
_LAST_CHARACTER = "\U0010ffff"


def completions(word: str, first: Callable[[str], str | None], most: int) -> list[str]:
    """Return what may complete a word, in order.

    A shell writes at once what all completions have in common. So none may be left out: values that are too many are
    represented by their next characters, as folders represent files.

    Args:
        word: what was written so far.
        first: returns the first value that is not less than a text, in the order of code points; None if there is none.
        most: how many completions there may be; if even the next characters are more, there are none.
    """
    found = _beginning_with(word, first, most + 1)
    if len(found) <= most:
        return found
    for length in count(len(word) + 1):
        found = _beginning_with(word, first, most + 1, length)
        if len(found) > 1:
            break
    return found if len(found) <= most else []


def first_among(values: list[str]) -> Callable[[str], str | None]:
    """Return the function that `completions` needs, for values that are in order."""

    def first(text: str) -> str | None:
        at = bisect_left(values, text)
        return values[at] if at < len(values) else None

    return first


def _beginning_with(word: str, first: Callable[[str], str | None], most: int, length: int | None = None) -> list[str]:
    """Return the first values that begin with a word, each cut to a length, and none twice."""
    found: list[str] = []
    value = first(word)
    while value is not None and value.startswith(word) and len(found) < most:
        beginning = value[:length]
        # A value may itself be what others begin with.
        if found[-1:] != [beginning]:
            found.append(beginning)
        value = first(f"{value}\0" if beginning == value else f"{beginning}{_LAST_CHARACTER}")
    return found

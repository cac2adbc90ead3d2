"""Text cut and padded to columns of a terminal, where some characters take two columns and some none.

Nearly all text is ASCII, one column for each character, and is not measured by Rich.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ELLIPSIS = "…"

_MODIFIERS = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
# What makes one picture of several characters: skin tones, and what chooses between forms, joins emoji and draws flags.
_JOINED = re.compile(f"[{_MODIFIERS}]|\u200d(?=[{_EMOJI}])")
_JOINER = "\u200d"


def width_of(text: str) -> int:
    """Return how many columns a text on one line takes: the most, if terminals differ.

    Newer ones give a picture that several characters make two columns, older ones what each character takes alone.
    """
    if text.isascii():
        return len(text)
    from rich.cells import get_character_cell_size

    # Not Rich's cell_len, in which a character after a joiner takes no column, also in text that is not a picture.
    columns = sum(map(get_character_cell_size, undisputed(text)))
    return columns + sum(1 if found < "\U0001f000" else 2 for found in _JOINED.findall(text) if found != _JOINER)


def undisputed(text: str) -> str:
    """Return a text without what makes one picture of several emoji, so that all terminals give it the same columns."""
    return text if text.isascii() else _JOINED.sub("", text)


def cut(text: str, width: int) -> str:
    """Return a text cut to at most a width, with an ellipsis if something is missing."""
    return text if width_of(text) <= width else shortened(text, width)


def shortened(text: str, width: int) -> str:
    """Return the beginning of a text with an ellipsis, in at most a width that is not more than its own."""
    if width < 1:
        return ""
    if text.isascii():
        return f"{text[: width - 1]}{ELLIPSIS}"
    return f"{_beginning(undisputed(text), width - 1)}{ELLIPSIS}"


def padded(text: str, width: int) -> str:
    """Return a text cut or padded to a width; what terminals give different widths is left out of it."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width)
    short = cut(undisputed(text), width)
    return short + " " * (width - width_of(short))


def folded(text: str, width: int) -> Iterator[str]:
    """Yield a text in pieces of a width, or of one character if that is wider."""
    if text.isascii():
        yield from (text[at : at + width] for at in range(0, len(text), width))
        return
    from rich.cells import get_character_cell_size

    piece, left = "", width
    for character in undisputed(text):
        columns = get_character_cell_size(character)
        if piece and columns > left:
            yield piece
            piece, left = "", width
        piece, left = piece + character, left - columns
    yield piece


def _beginning(text: str, width: int) -> str:
    from rich.cells import get_character_cell_size

    for at, character in enumerate(text):
        width -= get_character_cell_size(character)
        if width < 0:
            return text[:at]
    return text

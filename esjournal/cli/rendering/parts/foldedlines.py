"""Lines that are folded where the terminal ends, with a hanging indent, in colours that go on in the next line.

Rich's Text.wrap takes 100 microseconds for a line that fits, and 2 are enough.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from esjournal.cli.rendering.parts.cells import width_of
from esjournal.cli.rendering.parts.dimensions import LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.paint import Paint

INDENT = 2

# A text on one line, without control characters, and its style.
Part = tuple[str, str]


def folded_lines(parts: Sequence[Part], indent: int, width: int | None, paint: Paint) -> Iterator[str]:
    """Yield the line that some parts make together, or the lines that it is folded into.

    Args:
        parts: the parts of the line, in their order.
        indent: how many spaces it begins with; lines after the first one begin with four more.
        width: the width of the terminal, or None if the line stays whole.
        paint: gives text its colours.
    """
    whole = "".join([text for text, _ in parts])
    if width is None or indent + width_of(whole) <= width:
        yield " " * indent + "".join([paint(text, style) for text, style in parts])
        return
    # At least one character is in each line, however narrow the terminal is.
    hanging = min(indent + 2 * INDENT, width - 1)
    before = " " * indent
    for start, end in _spans(whole, max(1, width - indent), max(1, width - hanging)):
        yield before + "".join(_painted(parts, start, end, paint))
        before = " " * hanging


def write_lines(lines: Iterable[str], *, as_they_come: bool = False) -> None:
    """Write lines to the terminal, in pieces: a call for each line takes 10 microseconds.

    Args:
        lines: the lines.
        as_they_come: write each at once, because the next may take long to come.
    """
    remaining = iter(lines)
    while piece := list(islice(remaining, 1 if as_they_come else LINES_IN_A_PIECE)):
        sys.stdout.write("".join([f"{line}\n" for line in piece]))


def _painted(parts: Sequence[Part], start: int, end: int, paint: Paint) -> Iterator[str]:
    """Yield what is between two positions of parts that follow one another."""
    for text, style in parts:
        yield paint(text[max(0, start) : max(0, end)], style)
        start, end = start - len(text), end - len(text)


def _spans(text: str, first: int, others: int) -> Iterator[tuple[int, int]]:
    """Yield where each line of a text begins and ends: at a space if the word after it fits in the next line.

    Args:
        text: the text.
        first: the width of the first line.
        others: the width of the lines after it.
    """
    start, room = 0, first
    while start < len(text):
        end = _end(text, start, room)
        space = text.rfind(" ", start, end + 1) if end < len(text) else -1
        if space > start and (len(text) - space - 1 <= others or " " in text[space + 1 : space + others + 2]):
            yield start, space
            start = space + 1
        else:
            yield start, end
            start = end
        room = others


def _end(text: str, start: int, room: int) -> int:
    """Return the end of the longest line from a position on, which has at least one character."""
    end = min(len(text), start + room)
    while end > start + 1 and (over := width_of(text[start:end]) - room) > 0:
        # No character has more than two columns.
        end = max(start + 1, end - -(-over // 2))
    # A mark stays with the character that it is on.
    while end < len(text) and not width_of(text[end]):
        end += 1
    return end

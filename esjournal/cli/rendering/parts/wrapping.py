"""Text that a terminal shows folded at words."""

from __future__ import annotations

from collections.abc import Iterable

from esjournal.cli.messages import WORD
from esjournal.cli.rendering.parts import cells
from esjournal.cli.rendering.parts.cells import width_of


def folded(text: str, width: int, *, first: int | None = None, whole: bool = False) -> list[str]:
    """Return the lines of a text that is folded at words.

    Args:
        text: text on one line.
        width: how wide a line is.
        first: how wide the first line is, if it is not as wide as the others.
        whole: leave a word that is wider whole, so that it can be copied; a command always is.
    """
    lines: list[str] = []
    line, room, end = "", width if first is None else first, 0
    for found in WORD.finditer(text):
        space, end = text[end : found.start()], found.end()
        for word in _pieces(found[0], min(width, room), whole):
            longer = f"{line}{space}{word}" if line else word
            if line and width_of(longer) > room:
                lines.append(line)
                line, room = word, width
            else:
                line = longer
            space = ""
    return [*lines, line]


def _pieces(word: str, width: int, whole: bool) -> Iterable[str]:
    return [word] if whole or "`" in word or width_of(word) <= width else cells.folded(word, max(1, width))

"""A terminal that shows what a program wrote: its cells, one row a line.

Terminals differ in one point, so there are two. Where several characters make one picture, such as a hand and the tone
of its skin, older ones give each character its columns, and newer ones give two to the picture.
"""

from __future__ import annotations

import re

import pyte

# Nothing is wrapped, so that a line which is too wide is seen.
_WIDEST_LINE = 2_000

_FLAG_LETTERS = {0x1F1E6 + at: chr(ord("A") + at) for at in range(26)}
_PICTURE = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|.(?:[\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d[\u2190-\u2bff\U0001f000-\U0001faff])*",
    re.DOTALL,
)
_WIDE = re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


class _ByCharacter(pyte.Screen):
    """A terminal that gives each character its columns."""

    def draw(self, data: str) -> None:
        # pyte drops what follows a character without columns. Two letters of a flag take two columns.
        for character in data.translate(_FLAG_LETTERS):
            super().draw(character)


class _ByPicture(pyte.Screen):
    """A terminal that gives two columns to several characters that make one picture, which is a hash sign here."""

    def draw(self, data: str) -> None:
        for found in _PICTURE.findall(data):
            super().draw("##" if len(found) > 1 and _WIDE.search(found) else found)


def rows_of(output: str, *, by_picture: bool = False) -> list[list[str]]:
    """Return the rows of cells that a terminal shows, without the blank ones at their ends.

    The second cell of a wide character is empty.

    Args:
        output: what a program wrote.
        by_picture: whether it is a newer terminal.
    """
    height = output.count("\n") + 1
    screen = (_ByPicture if by_picture else _ByCharacter)(_WIDEST_LINE, height)
    pyte.Stream(screen).feed(output.replace("\r\n", "\n").replace("\n", "\r\n"))
    rows = []
    for y in range(height):
        row = screen.buffer[y]
        width = max((x + 1 for x, cell in row.items() if cell.data != " "), default=0)
        rows.append([row[x].data for x in range(width)])
    return rows


def lines_of(output: str) -> list[str]:
    """Return the lines of text that a terminal shows."""
    return ["".join(row) for row in rows_of(output)]

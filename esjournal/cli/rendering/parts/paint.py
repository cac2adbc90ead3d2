"""Text in colour, without an object of Rich's for each piece of it.

Rich says once which codes a style has on a terminal. Laying out a line of `log` as Rich's text takes 200 microseconds,
and 15 in this way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from esjournal.cli.terminal import screen, styles_on

if TYPE_CHECKING:
    from rich.console import Console


# Gives text, on one line and without control characters, a style as Rich writes it.
Painter = Callable[[str, str], str]


def unpainted(text: str, _style: str) -> str:
    """Return a text as it is."""
    return text


def paint_of_pipe() -> Painter:
    """Return what gives text in a file or a pipe its colours: `unpainted`, without loading Rich, if it has none."""
    return Paint(screen()) if styles_on(sys.stdout).any else unpainted


class Paint:
    """Gives text the codes of a style on a console: none if it has no colours.

    Args:
        console: what prints the text.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._codes: dict[str, tuple[str, str]] = {}

    def __call__(self, text: str, style: str) -> str:
        """Return a text with the codes of a style around it.

        Args:
            text: text on one line, without control characters.
            style: a style as Rich writes it, empty for none.
        """
        if not text:
            return ""
        before, after = self._codes.get(style) or self._asked(style)
        return f"{before}{text}{after}"

    def _asked(self, style: str) -> tuple[str, str]:
        from rich.text import Text

        with self._console.capture() as captured:
            self._console.print(Text("x", style), end="")
        before, _, after = captured.get().partition("x")
        self._codes[style] = before, after
        return before, after

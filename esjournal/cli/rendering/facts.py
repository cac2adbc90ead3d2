"""What is known about one thing, in lines of name and value, and warnings about it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from esjournal.cli.rendering.explanations import next_step_of
from esjournal.cli.rendering.parts.dimensions import INDENT
from esjournal.cli.rendering.parts.keyvalues import KEY_STYLE
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.parts.wrapping import folded
from esjournal.cli.terminal import on_one_line, screen, write
from esjournal.domain.findings import StoreWarning

_GAP = 2
_WARNING = "warning"
_WARNING_STYLE = "yellow"
# Below this width, the second line of a value begins at the left.
_WIDE_ENOUGH_FOR_COLUMNS = 60


def print_facts(rows: Sequence[tuple[str, object]], warnings: Sequence[StoreWarning] = ()) -> None:
    """Print lines of name and value.

    Args:
        rows: names and values; one that is None has no line.
        warnings: what could lose events; on a terminal, they are below the facts.
    """
    known = [(name, on_one_line(str(value))) for name, value in rows if value is not None]
    width = max(len(name) for name, _ in rows) + _GAP
    if sys.stdout.isatty():
        _draw(known, warnings, width)
        return
    known += [(_WARNING, on_one_line(warning.text)) for warning in warnings]
    for name, value in known:
        write(f"{name:<{width}}{value}\n")


def _draw(known: Iterable[tuple[str, str]], warnings: Iterable[StoreWarning], width: int) -> None:
    console = screen()
    paint, columns = Paint(console), console.width
    indent = width if columns >= _WIDE_ENOUGH_FOR_COLUMNS else len(INDENT)
    lines: list[str] = []
    for name, value in known:
        first, *others = folded(value, columns - indent, first=columns - width, whole=True)
        lines.append(f"{paint(name.ljust(width), KEY_STYLE)}{first}")
        lines += (f"{' ' * indent}{line}" for line in others)
    for warning in warnings:
        text = f"{_WARNING}: {on_one_line(warning.text)}{next_step_of(warning.kind, columns)}"
        first, *others = folded(text, columns - len(INDENT), first=columns)
        lines += ["", paint(first, _WARNING_STYLE), *(f"{INDENT}{paint(line, _WARNING_STYLE)}" for line in others)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))

"""Changes of a state as lines: what is added, changed and removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from esjournal.cli.terminal import on_one_line
from esjournal.domain.model.states import path_text, text_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from esjournal.domain.model.changes import Changes

INDENT = 2
STYLES = {"+": "green", "~": "yellow", "-": "red"}

_SEPARATOR = re.compile(r'"(?:[^"\\]|\\.)*+"|[,:]')


def change_lines(changes: Changes) -> Iterator[tuple[str, str]]:
    """Yield each change as its sign and the line, which begins with it."""
    for sign, values in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for names, value in values.items():
            shown = " -> ".join(map(spaced, map(text_of, value))) if sign == "~" else spaced(text_of(value))
            yield sign, on_one_line(f"{sign} {path_text(names)}: {shown}")


def change_values(changes: Changes | None) -> dict[str, Any]:
    """Return changes as JSON has them, each null where states have no fields that could be compared."""
    if changes is None:
        return dict.fromkeys(("added", "changed", "removed"))
    return {
        "added": {path_text(names): value for names, value in changes.added.items()},
        "changed": {path_text(names): list(values) for names, values in changes.changed.items()},
        "removed": {path_text(names): value for names, value in changes.removed.items()},
    }


def spaced(text: str) -> str:
    """Return JSON with the spaces at which a line may be broken."""
    return _SEPARATOR.sub(lambda found: f"{found[0]} " if found[0] in ",:" else found[0], text)


def hanging(line: Text, indent: int, console: Console) -> Text:
    """Return a line with so many spaces before it, and more before what goes on below."""
    from rich.text import Text

    first, *others = line.wrap(console, console.width - indent - 2 * INDENT, overflow="fold")
    return Text("\n").join(
        [Text.assemble(" " * indent, first), *(Text.assemble(" " * (indent + 2 * INDENT), other) for other in others)]
    )

"""Changes of a state as lines: what was added, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from esjournal.cli.terminal import on_one_line
from esjournal.domain.state.values import text_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from esjournal.domain.state.changes import Changes

INDENT = 2
STYLES = {"+": "green", "~": "yellow", "-": "red"}


def change_lines(changes: Changes, of: str = "") -> Iterator[tuple[str, str]]:
    """Yield the sign of each change, and its line, which begins with the sign.

    Args:
        changes: the changes.
        of: what they are changes of, if not of a state, with a space after it.
    """
    for sign, values in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for path, value in values.texts():
            shown = " -> ".join(text_of(one, spaced=True) for one in (value if sign == "~" else [value]))
            yield sign, on_one_line(f"{sign} {of}{path}: {shown}")


def change_members(changes: Changes | None) -> Iterator[str]:
    """Yield the JSON members for changes, in pieces; each is null if states have no fields to compare."""
    if changes is None:
        yield '"added":null,"changed":null,"removed":null'
        return
    opening = ""
    for name, values in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        yield f'{opening}"{name}":{{'
        comma = ""
        for path, value in values.texts():
            yield f"{comma}{text_of(path)}:{text_of(value)}"
            comma = ","
        opening = "},"
    yield "}"


def hanging(line: Text, indent: int, console: Console) -> Text:
    """Return a line indented by a number of spaces, and folded with a hanging indent."""
    from rich.text import Text

    first, *others = line.wrap(console, console.width - indent - 2 * INDENT, overflow="fold")
    return Text("\n").join(
        [Text.assemble(" " * indent, first), *(Text.assemble(" " * (indent + 2 * INDENT), other) for other in others)]
    )

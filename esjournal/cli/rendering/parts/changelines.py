"""Changes of a state as lines: what was added, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from esjournal.cli.rendering.parts.foldedlines import Part
from esjournal.cli.rendering.parts.keyvalues import KEY_STYLE
from esjournal.cli.terminal import on_one_line
from esjournal.domain.state.values import text_of

if TYPE_CHECKING:
    from esjournal.domain.state.changes import Changes

STYLES = {"+": "green", "~": "yellow", "-": "red"}


class Change(NamedTuple):
    """A change of a value: its sign, the text of its path, and the value, or the two with an arrow between them."""

    sign: str
    path: str
    value: str

    @property
    def line(self) -> str:
        """The line of the change."""
        return f"{self.sign} {self.path}: {self.value}"

    @property
    def style(self) -> str:
        """The style of the line."""
        return STYLES[self.sign]

    @property
    def parts(self) -> list[Part]:
        """The parts of the line on a terminal."""
        return [(f"{self.sign} ", self.style), (f"{self.path}: ", KEY_STYLE), (self.value, self.style)]


def each_change(changes: Changes) -> Iterator[Change]:
    """Yield the changes, first what was added, then what was changed, and then what was removed."""
    for sign, values in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for path, value in values.texts():
            shown = text_of(value, spaced=True) if sign != "~" else _from_to(*value)
            yield Change(sign, on_one_line(path), on_one_line(shown))


def _from_to(old: Any, new: Any) -> str:
    return f"{text_of(old, spaced=True)} -> {text_of(new, spaced=True)}"


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

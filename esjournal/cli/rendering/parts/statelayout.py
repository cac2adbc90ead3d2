"""A state laid out by its keys, in columns where its values are short.

No text is folded inside: one that is too long ends with how many characters follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from esjournal.cli.rendering.parts.cells import ELLIPSIS, cut, undisputed, width_of
from esjournal.cli.rendering.parts.dimensions import GAP
from esjournal.cli.rendering.parts.keyvalues import KEY_STYLE, word_of
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.terminal import on_one_line
from esjournal.domain.state.members import members_if_object, raw_items
from esjournal.domain.state.paths import longer
from esjournal.domain.text import number

# Values up to this width are laid out in columns.
_SHORT = 24
_STEPS = 4
# A character that takes no column has one beside it that does; emoji of a family are a little longer.
_CHARACTERS_OF_A_COLUMN = 2
# Arrays and objects inside are laid out on lines of their own up to this depth.
_DEEPEST = 20


class Field(NamedTuple):
    """A value of a state: `path` is empty for a state that is not an object, and `style` is that of the text."""

    path: str
    text: str
    style: str = ""

    @property
    def width(self) -> int:
        """How many columns the field takes with its path."""
        return width_of(self.path) + bool(self.path) + width_of(self.text)


def fields_of(state: str, width: int, path: str = "") -> Sequence[Field]:
    """Return the values of a state; an array or object inside is one value if it fits on a line.

    Args:
        state: the text of a state, visible.
        width: the width of a line.
        path: what to put before the path of each value.
    """
    return list(_fields(state, width, path, 0))


def lines_of(fields: Sequence[Field], width: int, paint: Paint, *, is_whole: bool = False) -> Iterator[str]:
    """Yield the lines of values, several on one line if they are short.

    Args:
        fields: the values, in their order.
        width: the width of a line.
        paint: gives keys their colour.
        is_whole: leave long values as they are, because a pager chops the lines.
    """
    short = max((field.width for field in fields if field.width <= _SHORT), default=0)
    # Columns of events with about the same values stand under one another.
    short = -(-short // _STEPS) * _STEPS
    in_a_line = max(1, (width + len(GAP)) // (short + len(GAP))) if short else 1
    row: list[Field] = []
    for field in fields:
        if field.width <= _SHORT:
            row.append(field)
            if len(row) < in_a_line:
                continue
            yield _row(row, short, paint)
            row = []
        else:
            if row:
                yield _row(row, short, paint)
                row = []
            if field.width > width:
                # A long path is not all that is shown.
                field = field._replace(path=cut(field.path, width // 2))
            room = width - width_of(field.path) - bool(field.path)
            shown = field if is_whole else field._replace(text=fitted(field.text, room))
            yield painted_field(shown, paint)
    if row:
        yield _row(row, short, paint)


def _fields(text: str, width: int, path: str, depth: int) -> Iterator[Field]:
    members = members_if_object(text)
    if not members:
        yield Field(path, on_one_line(text))
        return
    for name, raw in members.items():
        yield from _values(on_one_line(longer(path, name)), bytes(raw).decode(), width, depth)


def _values(path: str, text: str, width: int, depth: int) -> Iterator[Field]:
    if text[0] not in "{[":
        yield Field(path, word_of(text))
        return
    # Line ends stand only between values.
    field = Field(path, on_one_line(text.replace("\n", " ")))
    if field.width <= width or depth >= _DEEPEST:
        yield field
    elif text[0] == "{":
        yield from _fields(text, width, path, depth + 1)
    else:
        for at, item in enumerate(raw_items(text)):
            yield from _values(longer(path, at), bytes(item).decode(), width, depth + 1)


def fits(text: str, width: int) -> bool:
    """Say whether a text on one line is not wider than a width; however long it is, only its beginning is measured."""
    return len(text) <= _CHARACTERS_OF_A_COLUMN * width and width_of(text) <= width


def fitted(text: str, width: int) -> str:
    """Return a text that ends with how many characters follow if it is wider than a width.

    Args:
        text: text on one line.
        width: how many columns there are.
    """
    if fits(text, width):
        return text
    # Until the number of characters is known, there is room for the longest number.
    room = max(1, width - len(f"{ELLIPSIS} +{number(len(text))} characters"))
    shown = text[:room]
    while width_of(shown) > room:
        shown = shown[:-1]
    return cut(f"{shown}{ELLIPSIS} +{number(len(text) - len(shown))} characters", width)


def _row(fields: Sequence[Field], width: int, paint: Paint) -> str:
    *cells, last = fields
    cells = [field._replace(path=undisputed(field.path), text=undisputed(field.text)) for field in cells]
    padded = [f"{painted_field(field, paint)}{' ' * (width - field.width)}{GAP}" for field in cells]
    return "".join([*padded, painted_field(last, paint)])


def painted_field(field: Field, paint: Paint) -> str:
    """Return a value with its path in colour."""
    text = paint(field.text, field.style)
    return f"{paint(f'{field.path}=', KEY_STYLE)}{text}" if field.path else text

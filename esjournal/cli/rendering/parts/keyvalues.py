"""A state in what room a line has: its members as key=value, because braces and quotes say little."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from esjournal.cli.rendering.parts.cells import shortened, width_of
from esjournal.cli.rendering.parts.paint import Paint

KEY_STYLE = "dim"

# Runs of ordinary characters at once, which takes half the time of one by one.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY = re.compile(rf"\s*({_STRING})\s*:\s*")
# As in a path of --where.
_PLAIN_KEY = re.compile(r'"[^\s."\\=!<>{}\[\]]+"')
_VALUE = re.compile(rf'{_STRING}|[^\s{{}}\[\],"]++|[{{\[]')
_STEP = re.compile(rf"(?:[^\"{{}}\[\]]|{_STRING})*+([{{}}\[\]])")
_AFTER = re.compile(r"\s*([,}])")
# A member without an array or an object, as most are, and what follows: found in one step, not in three.
_SIMPLE = re.compile(rf'\s*({_STRING})\s*:\s*({_STRING}|[^\s{{}}\[\],"]++)\s*([,}}])')
# Such text is one word, and is not mistaken for a number, true, false or null.
_WORD = re.compile(r'"(?!(?:true|false|null)")([^\W\d_][^\s"\\=,{}\[\]]*)"')
# A member is at most halved in length without its quotes, its colon and its comma.
_TEXT_FOR_ROOM = 2


class Member(NamedTuple):
    """A member as it is shown: `key` with its equals sign, both empty for text that is not a member."""

    key: str
    value: str


def members_of(state: str, room: int) -> Iterator[Member]:
    """Yield as many members of a state as a line has room for; a state that is not an object is one text.

    Args:
        state: the text of a state on one line.
        room: how many columns there are.
    """
    # However long the state is, only its beginning is looked at.
    text = state[: _TEXT_FOR_ROOM * room + 2]
    at = text.find("{") + 1
    if not at or text[: at - 1].strip():
        yield Member("", text)
        return
    while True:
        while simple := _SIMPLE.match(text, at):
            name, word, after_it = simple.groups()
            yield Member(_shown_key(name), word_of(word))
            if after_it == "}":
                return
            at = simple.end()
        if (found := _KEY.match(text, at)) is None:
            break
        key = _shown_key(found[1])
        at = found.end()
        if (value := _VALUE.match(text, at)) is None:
            # The rest of a text that is too long for the line.
            yield Member(key, text[at:])
            return
        end = _end_of(text, value.end()) if value[0] in ("{", "[") else value.end()
        yield Member(key, word_of(text[at:end]))
        if (after := _AFTER.match(text, end)) is None or after[1] == "}":
            return
        at = after.end()
    if rest := text[at:].strip().removesuffix("}").removeprefix('"'):
        yield Member("", rest)


def line_of(state: str, room: int, paint: Paint) -> str:
    """Return a state in colour, cut to the room that a line has.

    Args:
        state: the text of a state on one line.
        room: how many columns there are.
        paint: gives text its colours.
    """
    pieces: list[str] = []
    members = members_of(state, room)
    member = next(members, None)
    while member is not None:
        key, value = member
        member = next(members, None)
        gap = " " if pieces else ""
        width = len(gap) + width_of(key) + width_of(value)
        if width + (member is not None) > room:
            # The end of the line says that there is more.
            pieces.append(_cut(gap, key, value, room, paint))
            break
        room -= width
        pieces.append(f"{gap}{paint(key, KEY_STYLE)}{value}" if key else f"{gap}{value}")
    return "".join(pieces)


def _cut(gap: str, key: str, value: str, room: int, paint: Paint) -> str:
    if room <= len(gap):
        return shortened(value, room)
    room -= len(gap)
    if room <= width_of(key):
        return f"{gap}{paint(shortened(key, room), KEY_STYLE)}"
    return f"{gap}{paint(key, KEY_STYLE) if key else ''}{shortened(value, room - width_of(key))}"


@lru_cache(maxsize=1_024)
def _shown_key(name: str) -> str:
    return f"{name[1:-1] if _PLAIN_KEY.fullmatch(name) else name}="


def _end_of(text: str, at: int) -> int:
    """Return where the array or object ends whose bracket is before a position; the end of the text if it goes on."""
    depth = 1
    while depth and (found := _STEP.match(text, at)):
        depth += 1 if found[1] in "{[" else -1
        at = found.end()
    return len(text) if depth else at


def word_of(text: str) -> str:
    """Return a JSON text without its quotes if it is one word, and cannot be mistaken for anything but a text."""
    # A number needs no closer look.
    found = _WORD.fullmatch(text) if text.startswith('"') else None
    return found[1] if found else text

"""Paths into states, as in `--where`, `--template` and `--field`: `customer.address.city`, `items[0].sku`."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from esjournal.domain.model import rules
from esjournal.domain.state.values import MISSING, text_of
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

# The names of members, outermost first; a number is an index of an array.
Path = tuple[str | int, ...]

_NAME = r'(?:"(?:[^"\\]|\\.)*"|[^\s."\\=!<>{}\[\]]+)'
_INDEX = r"\[[^\[\]]*\]"
PATTERN = rf"{_NAME}(?:{_INDEX})*(?:\.{_NAME}(?:{_INDEX})*)*"
_PATH = re.compile(PATTERN)
_PARTS = re.compile(rf"{_NAME}|{_INDEX}")
_PLAIN_NAME = re.compile(r'[^\s."\\=!<>{}\[\]]+')
# Databases use 32-bit indexes, and no array that fits in a state is longer.
_LARGEST_INDEX = 999_999_999
_PLAIN_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def path(text: str) -> Path:
    """Return the path that a text says: names with dots between them, and indexes in brackets after arrays.

    A name that has a dot, a bracket or another such character is written as a JSON string, in quotes.

    Raises:
        InvalidData: the text is not a path.
    """
    if not _PATH.fullmatch(text):
        raise InvalidData(
            f"{shortened(text)} is not a path: write names with dots, and indexes in brackets, "
            f"such as customer.city or items[0].sku"
        )
    return tuple(_part(part, text) for part in _PARTS.findall(text))


def _part(part: str, text: str) -> str | int:
    if part.startswith("["):
        return _index(part[1:-1], text)
    if not part.startswith('"'):
        return part
    try:
        name: str = json.loads(part)
    except ValueError:
        raise InvalidData(f"{shortened(text)} is not a path: a name in quotes is a JSON string") from None
    return name


def _index(digits: str, text: str) -> int:
    if not _PLAIN_INDEX.fullmatch(digits):
        _refuse_index(digits, text)
    return int(digits)


def _refuse_index(digits: str, text: str) -> NoReturn:
    if re.fullmatch("-[0-9]+", digits, re.ASCII):
        reason = "indexes count from 0, the first item, and not from the end"
    elif re.fullmatch("[1-9][0-9]+", digits, re.ASCII):
        reason = f"no array is that long, and an index is {_LARGEST_INDEX} at most"
    else:
        reason = "an index is plain digits, such as items[0]; a name with brackets is written in quotes"
    raise InvalidData(f"{shortened(text)} is not a path: [{shortened(digits, 40)[1:-1]}]: {reason}")


def path_text(names: Path) -> str:
    """Return the text of a path, which `path` reads again."""
    text = ""
    for part in names:
        text = longer(text, part)
    return text


def longer(text: str, part: str | int) -> str:
    """Return the text of a path with one more name or index at its end."""
    if isinstance(part, int):
        return f"{text}[{part}]"
    name = part if _PLAIN_NAME.fullmatch(part) and not rules.has_surrogate(part) else text_of(part)
    return f"{text}.{name}" if text else name


def value_at(state: Any, names: Path) -> Any:
    """Return the value at a path of a parsed value, or MISSING."""
    for part in names:
        if isinstance(part, int):
            if not isinstance(state, list) or part >= len(state):
                return MISSING
        elif not isinstance(state, dict) or part not in state:
            return MISSING
        state = state[part]
    return state

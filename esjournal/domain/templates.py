"""Templates: texts in which `{NAME}` stands for a value, and `{{` and `}}` for braces."""

from __future__ import annotations

import re
from typing import NamedTuple

from esjournal.exceptions import InvalidData

# A name may have braces inside of quotes.
_PARTS = re.compile(r'\{\{|\}\}|\{((?:"(?:[^"\\]|\\.)*"|[^{}"])*)\}|[{}]')


class Placeholder(NamedTuple):
    """A part of a template that stands for a value; `name` is the text between its braces."""

    name: str

    def __str__(self) -> str:
        return f"{{{self.name}}}"


def pieces(text: str) -> list[str | Placeholder]:
    """Return the parts of a template: its texts, without those that are empty, and what stands for values.

    Raises:
        InvalidData: a brace is unmatched; the message continues after the name of the option.
    """
    parts: list[str | Placeholder] = []
    end = 0
    for found in _PARTS.finditer(text):
        parts += [text[end : found.start()], _piece(found[0], found[1])]
        end = found.end()
    parts.append(text[end:])
    return [part for part in parts if part]


def _piece(whole: str, name: str | None) -> str | Placeholder:
    if whole in ("{{", "}}"):
        return whole[0]
    if name is None:
        raise InvalidData(f"has an unmatched {whole}: write {whole}{whole} for the character")
    return Placeholder(name)

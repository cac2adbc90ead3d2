"""Patterns of event types, and types that are written where patterns could be meant."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import translate

from esjournal.domain.model.rules import event_type
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_MAGIC = re.compile(r"[*?[]")
# Nothing says how many types there are.
_MOST_KNOWN = 65_536
# How fnmatch writes the characters of patterns where they stand for themselves.
_ESCAPED = re.compile(r"\[([*?[=])\]")
_UNESCAPED_EQUALS = re.compile(r"(?<!\[)=|=(?!\])")
# What .NET writes after the name of a generic type: Envelope`1[[Shop.Created, Shop]].
_TYPE_ARGUMENTS = re.compile(r"`\d+\[.*\]")


class TypePatterns:
    """Event types, whole or as patterns: `*` stands for any text, `?` for a character, `[ab]` for one of these.

    A type that equals a pattern, character by character, fits it too.

    Args:
        patterns: none of them means all types.
    """

    def __init__(self, patterns: Collection[str] = ()) -> None:
        self.whole = list(patterns)
        self.with_magic = [pattern for pattern in patterns if _MAGIC.search(pattern)]
        self._expressions = {
            pattern: re.compile(f"{re.escape(pattern)}\\Z|{translate(pattern)}") for pattern in patterns
        }
        self._known: dict[str, bool] = {}
        self._unmatched = dict.fromkeys(patterns)

    def __bool__(self) -> bool:
        return bool(self.whole)

    @property
    def unmatched(self) -> list[str]:
        """The patterns that none of the types fitted that were asked about so far."""
        return list(self._unmatched)

    def match(self, event_type: str) -> bool:
        """Say whether a type is one of these."""
        if not self:
            return True
        if event_type not in self._known:
            found = [pattern for pattern, expression in self._expressions.items() if expression.match(event_type)]
            for pattern in found:
                self._unmatched.pop(pattern, None)
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            self._known[event_type] = bool(found)
        return self._known[event_type]


def renaming(text: str) -> tuple[str, str]:
    """Return the types in `OLD=NEW`, each whole: a pattern cannot say what becomes of each type that fits it.

    `[*]`, `[?]` and `[[]` stand for these characters where they belong to a type, and `[=]` for one before the `=` that
    divides. The brackets that .NET writes after the name of a generic type need no escapes.

    Raises:
        InvalidData: it is not of this form, or a type is a pattern or not allowed.
    """
    types = _UNESCAPED_EQUALS.split(text, maxsplit=1)
    if len(types) == 1:
        raise InvalidData(f"{shortened(text)} has no =: write OLD=NEW")
    old, new = map(_whole, types)
    return old, new


def _whole(text: str) -> str:
    if _MAGIC.search(_ESCAPED.sub("", _TYPE_ARGUMENTS.sub("", text))):
        raise InvalidData(
            f"{shortened(text)} is a pattern, and each type needs a new name of its own: write whole types, "
            f"with [*], [?], [[] and [=] for a character that belongs to a type"
        )
    return event_type(_ESCAPED.sub(r"\1", text))

"""Patterns of event types and of names, and whole types with escapes for the characters of patterns."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import translate

from esjournal.domain.model.rules import event_type
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_MAGIC = re.compile(r"[*?[]")
# The number of types and names is not known, so the cache is limited.
_MOST_KNOWN = 65_536
# How fnmatch escapes the characters of patterns.
_ESCAPED = re.compile(r"\[([*?[=])\]")
_UNESCAPED_EQUALS = re.compile(r"(?<!\[)=|=(?!\])")
# .NET writes type arguments after the name of a generic type: Envelope`1[[Shop.Created, Shop]].
_TYPE_ARGUMENTS = re.compile(r"`\d+\[.*\]")


class Patterns:
    """Event types or names, whole or as patterns: `*` matches any text, `?` one character, `[ab]` one of these.

    A text that equals a pattern, character by character, matches it too.

    Args:
        patterns: the types or names; an empty collection means all.
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
        """The patterns that have matched nothing so far."""
        return list(self._unmatched)

    def match(self, text: str) -> bool:
        """Say whether a type or a name matches."""
        if not self:
            return True
        if text not in self._known:
            found = [pattern for pattern, expression in self._expressions.items() if expression.match(text)]
            for pattern in found:
                self._unmatched.pop(pattern, None)
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            self._known[text] = bool(found)
        return self._known[text]


def renaming(text: str) -> tuple[str, str]:
    """Return the two types of `OLD=NEW`, both whole: a pattern cannot give each matching type a name of its own.

    `[*]`, `[?]` and `[[]` are these characters inside a type, and `[=]` is an equals sign before the one that
    separates the two. The brackets that .NET writes after the name of a generic type need no escapes.

    Raises:
        InvalidData: the text is not of this form, or a type is a pattern or not allowed.
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
            f"with [*], [?], [[] and [=] for a character that is part of a type"
        )
    return event_type(_ESCAPED.sub(r"\1", text))

"""The metadata of events, as people read it: who did it, and on whose behalf."""

from __future__ import annotations

import re

from esjournal.cli.terminal import on_one_line
from esjournal.domain.causes import NAMES_OF_CAUSES
from esjournal.domain.state import values
from esjournal.domain.state.paths import path_text

METADATA_STYLE = "dim"

_PLAIN_WORD = re.compile(r'[^\s="]+')


def metadata_line(metadata: str) -> str:
    """Return metadata whole, on a line of its own."""
    return on_one_line(f"meta {metadata}")


def metadata_words(metadata: str | None) -> str:
    """Return the members of metadata as words, such as `user=ann`, with two spaces between them.

    Args:
        metadata: a JSON object as text; None for an event without it. What it says of causes is left out; what is not
            an object is returned as it is.
    """
    if metadata is None:
        return ""
    members = values.parsed(metadata)
    if members is None:
        return on_one_line(metadata)
    words = (f"{path_text((name,))}={_word(value)}" for name, value in members.items() if name not in NAMES_OF_CAUSES)
    return on_one_line("  ".join(words))


def _word(value: object) -> str:
    return value if isinstance(value, str) and _PLAIN_WORD.fullmatch(value) else values.text_of(value)

"""Commands in messages, written as a shell takes them."""

from __future__ import annotations

import os
import shlex

# What a shown address has in place of a password.
MASKED = "***"


def command(*words: str, url: str | None = None) -> str:
    """Return a command of ours between backquotes, which can be pasted as it is.

    Args:
        words: what comes after the program's name.
        url: the store's address, if the command is about one; with a masked password it is left out, and said to be.
    """
    if url is not None and MASKED in url:
        return f"{command(*words)} on the same --url"
    named = () if url is None else ("--url", url)
    return f"`{' '.join(map(quoted, ('esjournal', *named, *words)))}`"


def quoted(word: str) -> str:
    r"""Return a word as a shell takes it; one with characters that cannot be shown as `$'\033'`, in octal."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, os.fsencode(word)))}'"


def _escaped(byte: int) -> str:
    plain = chr(byte)
    return plain if byte < 128 and plain.isprintable() and plain not in "\\'" else f"\\{byte:03o}"

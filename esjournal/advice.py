"""Commands in messages, quoted for a shell."""

from __future__ import annotations

import os
import shlex

# Replaces the password in a shown address.
MASKED = "***"


def command(*words: str, url: str | None = None) -> str:
    """Return an esjournal command in backquotes, ready to be pasted.

    Args:
        words: what comes after the program's name.
        url: the store's address, if the command needs one. A URL with a masked password is replaced by a hint.
    """
    if url is not None and MASKED in url:
        return f"{command(*words)} on the same --url"
    named = () if url is None else ("--url", url)
    return f"`{' '.join(map(quoted, ('esjournal', *named, *words)))}`"


def quoted(word: str) -> str:
    r"""Return a word quoted for a shell; one with unprintable characters as `$'\033'`, in octal."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, os.fsencode(word)))}'"


def _escaped(byte: int) -> str:
    plain = chr(byte)
    return plain if byte < 128 and plain.isprintable() and plain not in "\\'" else f"\\{byte:03o}"

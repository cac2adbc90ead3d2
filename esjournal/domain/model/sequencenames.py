"""Sequences that have names: each has a UUID as its id, derived from the name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

# No database stores these characters, and uuid5 fails on lone surrogates.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class NamedId(str):
    """The id of a sequence that has a name: a text like any other id, which also carries the name."""

    __slots__ = ("name",)
    name: str


@lru_cache(maxsize=65_536)
def id_of_name(name: str) -> str:
    """Return the id of a named sequence: the name itself if it is a UUID, else its UUIDv5.

    Args:
        name: any text. Only the canonical form of a UUID counts as one, so that no two names share an id.

    Returns:
        The UUID; a NamedId if it was derived from the name (RFC 9562, section 5.5, in the namespace of URLs).
    """
    if _CANONICAL_UUID.fullmatch(name):
        return name
    made = NamedId(uuid5(NAMESPACE_URL, name))
    made.name = name
    return made


def name_of_id(originator_id: str) -> str | None:
    """Return the name that an id was derived from, if any."""
    return originator_id.name if isinstance(originator_id, NamedId) else None


def likeness(name: str) -> str:
    """Return a key that a name shares with every name that is easily mistaken for it.

    Names that differ only in case or in Unicode normalization have the same key (the canonical caseless match of The
    Unicode Standard, section 3.13), and so have all spellings of one UUID that Python's `uuid.UUID` reads.

    Args:
        name: any text.

    Returns:
        A UUID in canonical form if the name is a UUID in any spelling, else the name without case.
    """
    try:
        return str(UUID(name))
    except ValueError:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def checked_name(text: str) -> str:
    """Return a name if it can be stored.

    Raises:
        InvalidData: it is empty, or has a character that cannot be stored.
    """
    if not text or _NOT_STORABLE.search(text):
        raise InvalidData(f"the name {shortened(text)} is empty, or has a character that cannot be stored")
    return text

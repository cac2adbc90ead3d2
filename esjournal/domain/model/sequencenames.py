"""Sequences that have names: what stands for the name is a UUID, as for any other sequence."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

# No database takes them, and no UUID is made of the second.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class NamedId(str):
    """The id of a sequence that has a name: text as any other id, which knows the name it was made of."""

    __slots__ = ("name",)
    name: str


@lru_cache(maxsize=65_536)
def id_of_name(name: str) -> str:
    """Return the id of the sequence of a name: the name itself where it is a UUID, else the UUIDv5 of it.

    Args:
        name: any text; a UUID counts as one in its canonical form only, so that no two names have one id.

    Returns:
        The UUID, a NamedId where it is made of the name (RFC 9562, section 5.5, in the namespace of URLs).
    """
    if _CANONICAL_UUID.fullmatch(name):
        return name
    made = NamedId(uuid5(NAMESPACE_URL, name))
    made.name = name
    return made


def name_of_id(originator_id: str) -> str | None:
    """Return the name that an id was made of, or None."""
    return originator_id.name if isinstance(originator_id, NamedId) else None


def likeness(name: str) -> str:
    """Return what a name has in common with every name that is easily mistaken for it.

    Names that differ only in case or in Unicode normalization have the same likeness (the canonical caseless match of
    The Unicode Standard, section 3.13), and so have all spellings of one UUID that Python's `uuid.UUID` reads.

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
    """Return a name that came from outside.

    Raises:
        InvalidData: it is empty, or has a character that cannot be stored.
    """
    if not text or _NOT_STORABLE.search(text):
        raise InvalidData(f"the name {shortened(text)} is empty, or has a character that cannot be stored")
    return text

"""Sequences that have names: what stands for the name is a UUID, as for any other sequence."""

from __future__ import annotations

import re
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from esjournal.domain.model.fields import shortened
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


def checked_name(text: str) -> str:
    """Return a name that came from outside.

    Raises:
        InvalidData: it is empty, or has a character that cannot be stored.
    """
    if not text or _NOT_STORABLE.search(text):
        raise InvalidData(f"the name {shortened(text)} is empty, or has a character that cannot be stored")
    return text

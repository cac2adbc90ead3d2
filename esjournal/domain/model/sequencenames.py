"""Sequences that have names: each has a UUID as its id, derived from the name."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from uuid import NAMESPACE_URL, UUID

from esjournal.domain.model import rules
from esjournal.domain.text import shortened
from esjournal.domain.uuids import uuid5_text
from esjournal.exceptions import InvalidData

MAX_NAME_CHARACTERS = 255
_HEXADECIMAL = frozenset("0123456789abcdef")
_DIGITS, _FEW_DIGITS, _FEW_HYPHENS = 32, 4, 3
_SHORTEST_LIKE_A_UUID = _DIGITS - _FEW_DIGITS
# What `append` and other commands take in place of an id.
_WORDS = frozenset({"new", "next", "-"})
# No database stores these characters, and uuid5 fails on lone surrogates.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_NAMESPACE = NAMESPACE_URL.bytes
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class NamedId(str):
    """The id of a sequence that has a name: a text like any other id, which also carries the name."""

    __slots__ = ("name",)
    name: str


def named_id(originator_id: str, name: str) -> NamedId:
    """Return an id that carries a name."""
    made = NamedId(originator_id)
    made.name = name
    return made


def any_named(originator_ids: Iterable[str]) -> bool:
    """Say whether any id carries a name; their types are looked at together, because nearly always none does."""
    return NamedId in set(map(type, originator_ids))


def ids_and_names(originator_ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return ids as plain texts, and the names that they carry, empty where there is none; see `named_ids`.

    Args:
        originator_ids: ids, some of which may carry names.
    """
    names = [each.name if isinstance(each, NamedId) else "" for each in originator_ids]
    return list(map(str, originator_ids)), names


def named_ids(originator_ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return ids that carry names; many at a time, because that takes half as long.

    Args:
        originator_ids: the ids.
        names: the name of each, empty for an id that carries none.
    """
    made: list[str] = list(map(NamedId, originator_ids))
    # A deque without length does nothing with the results of setattr, which are None.
    deque(map(setattr, made, repeat("name"), names), maxlen=0)
    if "" in names:
        return [each if name else str(each) for each, name in zip(made, names, strict=True)]
    return made


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
    return named_id(uuid5_text(_NAMESPACE, name), name)


def sequence_id(name: str) -> UUID:
    """Return the id of the sequence with a name: the name's UUIDv5 in the namespace of URLs (RFC 9562, section 5.5).

    Args:
        name: 1 to 255 characters.

    Raises:
        InvalidData: no sequence may have such a name.
    """
    return UUID(id_of_name(new_name(name)))


@lru_cache(maxsize=65_536)
def with_name(text: str) -> str:
    """Return the id in a text, which carries the name after it.

    Args:
        text: an id, and perhaps a space and the name of its sequence.
    """
    originator_id, space, name = text.partition(" ")
    return named_id(originator_id, name) if space else originator_id


def name_of_id(originator_id: str) -> str | None:
    """Return the name that an id was derived from, if any."""
    return originator_id.name if isinstance(originator_id, NamedId) else None


def id_with_name(originator_id: str | None, name: str | None) -> str:
    """Return the id of a sequence, given in a file by its id, its name, or both; it carries the name, if it is given.

    Args:
        originator_id: the id, in any spelling.
        name: the name.

    Raises:
        InvalidData: neither is given, one of them is not valid, or they do not belong together.
    """
    if name is None:
        if originator_id is None:
            raise InvalidData("the event has neither originator_id nor sequence_name: add one of them")
        return rules.originator_id(originator_id)
    named = id_of_name(checked_name(name))
    if originator_id is not None and rules.originator_id(originator_id) != named:
        raise InvalidData(
            f"sequence_name {shortened(name)} belongs to the sequence {named}, but originator_id is {originator_id}: "
            f"remove sequence_name, or write the originator_id that belongs to it"
        )
    return named


def shown_id(originator_id: str) -> str:
    """Return how people know a sequence: by its name, or else by its id."""
    return name_of_id(originator_id) or originator_id


def names_of(originator_ids: Iterable[str]) -> dict[str, str]:
    """Return the names that ids carry, by the ids."""
    return {each: each.name for each in originator_ids if isinstance(each, NamedId)}


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


def new_name(text: str) -> str:
    """Return a name if a sequence of a journal may have it.

    Raises:
        InvalidData: it is empty, longer than 255 characters, has a control character, reads as a UUID in some spelling,
            or means something else on the command line.
    """
    if len(text) < _SHORTEST_LIKE_A_UUID and text.isascii() and text.isprintable() and text and text not in _WORDS:
        # Nearly every name; a closer look takes ten times as long.
        return text
    checked_name(text)
    if len(text) > MAX_NAME_CHARACTERS:
        raise InvalidData(
            f"the name {shortened(text, 40)} has {len(text)} characters: {MAX_NAME_CHARACTERS} are allowed"
        )
    if (
        control := next((character for character in text if unicodedata.category(character) == "Cc"), None)
    ) is not None:
        raise InvalidData(f"the name {shortened(text)} has the control character U+{ord(control):04X}: leave it out")
    if text in _WORDS:
        raise InvalidData(f"the name {shortened(text)} means something else as an argument: add a prefix to it")
    if _reads_as_uuid(text):
        raise InvalidData(
            f"the name {shortened(text)} reads as a UUID but is not a UUID: write 32 hexadecimal digits as 8-4-4-4-12, "
            f"such as 9b300b13-4410-51bf-85ca-234c8cea73da, or add a prefix to the name"
        )
    return text


def are_new_names(names: Collection[str]) -> bool:
    """Say whether a sequence of a journal may have each of many names; they are looked at together.

    Args:
        names: texts. If one of them needs the closer look of `new_name`, the answer is False.
    """
    together = "".join(names)
    return (
        together.isascii()
        and together.isprintable()
        and "" not in names
        and _WORDS.isdisjoint(names)
        and max(map(len, names), default=0) < _SHORTEST_LIKE_A_UUID
    )


def _reads_as_uuid(text: str) -> bool:
    """Say whether a text is a UUID in some spelling, or one with a few digits too many or too few."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    digits = "".join(filter(str.isalnum, plain.removeprefix("urn:").removeprefix("uuid:").removeprefix("0x")))
    if set(digits) - _HEXADECIMAL:
        return False
    return len(digits) == _DIGITS or (plain.count("-") >= _FEW_HYPHENS and abs(len(digits) - _DIGITS) <= _FEW_DIGITS)


def checked_name(text: str) -> str:
    """Return a name if it can be stored.

    Raises:
        InvalidData: it is empty, or has a character that cannot be stored.
    """
    if not text or _NOT_STORABLE.search(text):
        raise InvalidData(f"the name {shortened(text)} is empty, or has a character that cannot be stored")
    return text

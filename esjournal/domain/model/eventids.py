"""Ids of events that follow from a text, so that an event that is appended again has the same one."""

from __future__ import annotations

from contextlib import suppress

from esjournal.domain.model import rules
from esjournal.domain.text import shortened
from esjournal.domain.uuids import uuid5_text
from esjournal.exceptions import InvalidData

_LENGTH_OF_UUID = 36


def checked_key(text: str) -> str:
    """Return a key that an event id can be derived from.

    Raises:
        InvalidData: it is empty, or has half of a surrogate pair.
    """
    if not text:
        raise InvalidData("the key is empty: write what is different for each event, such as the number of a request")
    if rules.has_surrogate(text):
        raise InvalidData(f"the key {shortened(text)} is not valid UTF-8")
    return text


def event_id_of_key(originator_id: str, key: str) -> str:
    """Return the id of the event that has a key in its sequence: the key's UUIDv5 (RFC 9562, section 5.5).

    Args:
        originator_id: the id of the sequence, in canonical form; it is the namespace.
        key: any text, as `checked_key` returns it.
    """
    return uuid5_text(bytes.fromhex(originator_id.replace("-", "")), key)


def event_id_of(originator_id: str, text: str) -> str:
    """Return the id of an event: the text itself if it is a UUID, and otherwise that of the text as a key.

    Args:
        originator_id: the id of the sequence, in canonical form.
        text: what distinguishes the event from the others of its sequence.
    """
    if len(text) == _LENGTH_OF_UUID:
        with suppress(InvalidData):
            return rules.originator_id(text)
    return event_id_of_key(originator_id, text)

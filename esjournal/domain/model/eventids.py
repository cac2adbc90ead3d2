"""Ids of events that are derived from a text, so that the same event has the same id wherever it is made."""

from __future__ import annotations

from uuid import UUID, uuid5

from esjournal.domain.model import rules
from esjournal.exceptions import InvalidData

_LENGTH = 36


def event_id_of(originator_id: str, text: str) -> str:
    """Return the id of an event: the text if it is a UUID, else its UUIDv5 in the namespace of the sequence.

    Args:
        originator_id: the id of the sequence; the same text is another id in another sequence.
        text: what distinguishes the event from the others of its sequence.
    """
    if len(text) == _LENGTH:
        try:
            return rules.originator_id(text)
        except InvalidData:
            pass
    return str(uuid5(UUID(originator_id), text))

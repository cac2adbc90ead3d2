"""What caused an event, as its metadata says: the reference of its cause, and that of the whole chain.

`causation_id` and `correlation_id` are names that users of message-db, KurrentDB and Marten know. Those stores have
spellings of their own, which are read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import checked_name, id_of_name
from esjournal.domain.state import values
from esjournal.exceptions import InvalidData

CAUSATION = "causation_id"
CORRELATION = "correlation_id"

# The members that say what caused an event, and not who: ours, KurrentDB's, and those of message-db's programs.
NAMES_OF_CAUSES = frozenset(
    (
        *(CAUSATION, CORRELATION, "$causationId", "$correlationId", "correlationStreamName"),
        *("causationMessageStreamName", "causationMessagePosition", "causationMessageGlobalPosition"),
    )
)

# What a reference leads to: an event id, or a place as the id of a sequence and a version.
Key = str | tuple[str, int]


class Causes(NamedTuple):
    """What the metadata of an event says: the reference of its cause, and its correlation; None if it does not say."""

    causation: str | None
    correlation: str | None


NO_CAUSES = Causes(None, None)


def reference_of(event: RecordedEvent) -> str:
    """Return how other events refer to an event: by its event id, or else by its place, ORIGINATOR_ID/VERSION.

    Unlike a global position, both are the same in every copy.
    """
    return event.event_id or f"{event.originator_id}/{event.originator_version}"


def key_of(reference: str) -> Key | None:
    """Return what a reference leads to, None if it is neither an event id nor a place.

    Args:
        reference: an event id, or the id or the name of a sequence, a slash and a version.
    """
    sequence, slash, version = reference.rpartition("/")
    with suppress(InvalidData):
        if not slash:
            return rules.originator_id(reference)
        return _id_of(checked_name(sequence)), rules.originator_version(version)
    return None


def keys_of(event: RecordedEvent) -> list[Key]:
    """Return what leads to an event: its place, and its event id if it has one."""
    keys: list[Key] = [] if event.originator_version is None else [(event.originator_id, event.originator_version)]
    return keys if event.event_id is None else [*keys, event.event_id]


def metadata_of_effect(cause: RecordedEvent) -> dict[str, str]:
    """Return the members of the metadata of an event with this cause; the first event of a chain names the chain."""
    reference = reference_of(cause)
    return {CAUSATION: reference, CORRELATION: causes_of(cause.metadata).correlation or reference}


def causes_of(metadata: str | None) -> Causes:
    """Return what the metadata of an event says about its causes.

    Args:
        metadata: a JSON object as text.
    """
    if metadata is None or not _may_name_causes(metadata) or (members := values.parsed(metadata)) is None:
        return NO_CAUSES
    return Causes(
        _text(members, CAUSATION) or _text(members, "$causationId") or _cause_in_message_db(members),
        _text(members, CORRELATION) or _text(members, "$correlationId") or _text(members, "correlationStreamName"),
    )


def _may_name_causes(metadata: str) -> bool:
    # Most metadata does not, and parsing it takes far longer. A name may be written with escapes.
    return "causation" in metadata or "correlation" in metadata or "\\" in metadata


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    # Ids that are numbers are compared as they are written.
    return str(value) if isinstance(value, str) and value else None


def _cause_in_message_db(members: Mapping[str, Any]) -> str | None:
    # Eventide's libraries write these, and message-db keeps them.
    stream, position = members.get("causationMessageStreamName"), members.get("causationMessagePosition")
    if type(stream) is not str or not stream or not isinstance(position, values.Number):
        return None
    return f"{id_of_name(stream)}/{position}"


def _id_of(sequence: str) -> str:
    with suppress(InvalidData):
        return rules.originator_id(sequence)
    return id_of_name(sequence)

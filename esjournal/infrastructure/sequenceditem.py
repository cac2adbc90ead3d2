"""Sequenced items: the namedtuples between domain events and database records."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from esjournal.domain.model.recordedevent import RecordedEvent

# RecordedEvent was defined here, and is still found here.
__all__ = ["RecordedEvent", "SequencedItem", "SequencedItemFieldNames", "StoredEvent"]


class SequencedItem(NamedTuple):
    """An item at a position in a sequence, in general words."""

    sequence_id: UUID
    position: Any
    topic: str
    data: str


class StoredEvent(NamedTuple):
    """An event as it is stored: at a version in the sequence of its originator.

    An event that is to be appended may have the version NEXT.
    """

    originator_id: UUID
    originator_version: int
    event_type: str
    state: str


class SequencedItemFieldNames:
    """The names that an item class gives to the four fields every item has, and to further ones.

    Args:
        sequenced_item_class: a namedtuple class. Its fields are, in order, the sequence id, the position, the topic,
            the data, and any others, which are stored as they are.
    """

    def __init__(self, sequenced_item_class: type[Any]) -> None:
        fields: tuple[str, ...] = getattr(sequenced_item_class, "_fields", ())
        if len(fields) < 4:
            raise TypeError(
                f"{sequenced_item_class!r} is not a sequenced item class: it needs to be a namedtuple of at least four "
                f"fields, for the sequence id, the position, the topic and the data"
            )
        self.all = fields
        self.sequence_id, self.position, self.topic, self.data = fields[:4]
        self.other_names = fields[4:]

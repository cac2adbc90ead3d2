"""Sequenced items: the namedtuples between domain events and database records."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID


class SequencedItem(NamedTuple):
    """An item at a position in a sequence, in general words."""

    sequence_id: UUID
    position: Any
    topic: str
    data: str


class StoredEvent(NamedTuple):
    """An event as it is stored: at a version in the sequence of its originator."""

    originator_id: UUID
    originator_version: int
    event_type: str
    state: str


class RecordedEvent(NamedTuple):
    """A stored event with all that the journal knows of it, every field in its interchange form.

    `originator_id` is a UUID in lower case, `recorded_at` is UTC with microseconds and `Z`: text all the way, so that
    files, pipes and tables never pay for objects that they would only turn into text again. `recorded_at` and
    `global_position` are None until the event is recorded, `originator_version` is None where the next one is meant.
    """

    originator_id: str
    originator_version: int | None
    event_type: str
    state: str
    recorded_at: str | None = None
    global_position: int | None = None


class SequencedItemFieldNames:
    """The names that an item class gives to the four fields every item has, and to further ones.

    Args:
        sequenced_item_class: a namedtuple class; its fields are, in order, the sequence id, the position, the
            topic, the data, and any others, which are carried along.
    """

    def __init__(self, sequenced_item_class: type[Any]) -> None:
        fields: tuple[str, ...] = getattr(sequenced_item_class, "_fields", ())
        if len(fields) < 4:
            raise TypeError(
                f"{sequenced_item_class!r} is no sequenced item class: it needs to be a namedtuple of at least four "
                f"fields, for the sequence id, the position, the topic and the data"
            )
        self.all = fields
        self.sequence_id, self.position, self.topic, self.data = fields[:4]
        self.other_names = fields[4:]

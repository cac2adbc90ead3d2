"""Maps domain events to sequenced items and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from esjournal.domain.model.events import DomainEvent, recreate_event, stored_topic
from esjournal.domain.model.topics import resolve_topic, static_attribute
from esjournal.domain.text import counted, shortened
from esjournal.exceptions import MappingError
from esjournal.infrastructure.cipher import Cipher
from esjournal.infrastructure.sequenceditem import SequencedItem, SequencedItemFieldNames
from esjournal.infrastructure.transcoding import JSONTranscoder

Item = TypeVar("Item", bound=tuple[Any, ...])


class SequencedItemMapper(Generic[Item]):
    """Maps domain events to sequenced items, and back to equal events.

    Args:
        sequenced_item_class: the namedtuple class that events are mapped to.
        sequence_id_attr_name: the name of the event's attribute for the sequence's id; by default the name of the
            item's first field.
        position_attr_name: the name of the event's attribute for the position; by default the name of the item's second
            field.
        other_attr_names: the names of the event's attributes for the item's further fields, in their order; by default
            the names of these fields. A property of the event's class is written and not read back. A subclass fills
            the fields that are left out, in `construct_item_args`.
        transcoder: turns attributes into JSON and back; give one that knows your own types.
        cipher: encrypts the data of each item for its place; by default data is not encrypted.
        resolver: returns the class of a topic; by default only registered classes are found, and nothing is imported.
    """

    def __init__(
        self,
        sequenced_item_class: type[Item] = SequencedItem,  # type: ignore[assignment]
        sequence_id_attr_name: str | None = None,
        position_attr_name: str | None = None,
        *,
        other_attr_names: Sequence[str] | None = None,
        transcoder: JSONTranscoder | None = None,
        cipher: Cipher | None = None,
        resolver: Callable[[str], type[DomainEvent]] = resolve_topic,
    ) -> None:
        self.sequenced_item_class = sequenced_item_class
        self.field_names = SequencedItemFieldNames(sequenced_item_class)
        self.sequence_id_attr_name = sequence_id_attr_name or self.field_names.sequence_id
        self.position_attr_name = position_attr_name or self.field_names.position
        self.other_attr_names = self.field_names.other_names if other_attr_names is None else tuple(other_attr_names)
        if isinstance(other_attr_names, str) or len(self.other_attr_names) > len(self.field_names.other_names):
            raise TypeError(
                f"other_attr_names is {other_attr_names!r}: {sequenced_item_class.__name__} has "
                f"{counted(len(self.field_names.other_names), 'further field')}: give a list of at most that many names"
            )
        self.transcoder = transcoder or JSONTranscoder()
        self.cipher = cipher
        self.resolver = resolver

    def to_sequenced_item(self, domain_event: DomainEvent) -> Item:
        """Return the item of an event.

        Args:
            domain_event: an event with the attributes of its place, and those of the item's further fields.

        Raises:
            MappingError: an attribute is missing, cannot be written as JSON, or its name begins with two underscores.
        """
        make: Any = self.sequenced_item_class
        item: Item = make(*self.construct_item_args(domain_event))
        return item

    def construct_item_args(self, domain_event: DomainEvent) -> tuple[Any, ...]:
        """Return the fields of an event's item, in their order; a subclass may add fields it derives from the event.

        Args:
            domain_event: as for `to_sequenced_item`.

        Raises:
            MappingError: as `to_sequenced_item`.
        """
        attributes = dict(vars(domain_event))
        _check_names(attributes)
        names = (self.sequence_id_attr_name, self.position_attr_name, *self.other_attr_names)
        try:
            sequence_id, position, *others = [
                attributes.pop(name) if name in attributes else getattr(domain_event, name) for name in names
            ]
        except AttributeError as error:
            raise MappingError(
                f"{type(domain_event).__qualname__} has no attribute {error.name!r}, which an item needs: "
                f"add it to the event, or give the mapper the attribute's name"
            ) from None
        data = self.transcoder.encode(attributes)
        if self.cipher is not None:
            if position is None:
                raise MappingError(
                    f"{type(domain_event).__qualname__} cannot be encrypted for the next position of its sequence, "
                    f"because encrypted data is bound to its position: give {self.position_attr_name}"
                )
            data = self.cipher.encrypt(data, sequence_id=sequence_id, position=position)
        return (sequence_id, position, stored_topic(domain_event), data, *others)

    def from_sequenced_item(self, sequenced_item: Item) -> DomainEvent:
        """Return the event of an item; the `__init__` of its class does not run.

        Args:
            sequenced_item: an item from `to_sequenced_item`, or a stored one.

        Raises:
            TopicNotFound: no class is registered under the item's topic.
            MappingError: the data is not a JSON object, does not decrypt, names an unknown type, or has a name that
                begins with two underscores.
        """
        sequence_id, position, topic, data, *others = sequenced_item
        cls = self.resolver(topic)
        if not issubclass(cls, DomainEvent):
            raise MappingError(f"the topic {shortened(topic)} is that of a value, not of a class of events")
        if self.cipher is not None:
            data = self.cipher.decrypt(data, sequence_id=sequence_id, position=position)
        attributes = self.transcoder.decode(data)
        _check_names(attributes)
        attributes[self.sequence_id_attr_name] = sequence_id
        attributes[self.position_attr_name] = position
        for name, value in zip(self.other_attr_names, others, strict=False):
            # A property is computed from the other attributes again.
            if not isinstance(static_attribute(cls, name), property):
                attributes[name] = value
        return recreate_event(cls, topic, attributes)


def _check_names(attributes: Iterable[str]) -> None:
    # Such names are reserved for Python and this library: `__topic__` would set the topic of a stored event.
    for name in attributes:
        if name.startswith("__"):
            raise MappingError(
                f"an event cannot have the attribute {shortened(name)}: names that begin with two underscores are "
                f"reserved, rename it"
            )

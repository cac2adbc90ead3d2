"""Events to items and back: any item class, any attribute names, nothing lost."""

from collections import namedtuple
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.topics import register_topic
from esjournal.exceptions import MappingError, TopicNotFound
from esjournal.infrastructure.sequenceditem import SequencedItem, SequencedItemFieldNames, StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper

ID = UUID("9b300b13-4410-51bf-85ca-234c8cea73da")


class Shipped(DomainEvent):
    # A type checker assumes that a class without declared attributes takes no arguments.
    if TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None: ...


class TracedItem(NamedTuple):
    stream: UUID
    index: int  # type: ignore[assignment]  # Tuples have a method of this name.
    kind: str
    body: str
    correlation: object


def test_an_event_becomes_a_stored_event_with_compact_sorted_json() -> None:
    event = Shipped(originator_id=ID, originator_version=3, weight=1.5, address={"street": "Am Hang", "city": "Köln"})
    item = SequencedItemMapper(StoredEvent).to_sequenced_item(event)
    assert item == StoredEvent(
        ID, 3, f"{__name__}#Shipped", '{"address":{"city":"Köln","street":"Am Hang"},"weight":1.5}'
    )


def test_the_item_class_defaults_to_the_general_one() -> None:
    event = Shipped(sequence_id=ID, position=0, weight=1)
    item = SequencedItemMapper[SequencedItem]().to_sequenced_item(event)
    assert item == SequencedItem(ID, 0, f"{__name__}#Shipped", '{"weight":1}')
    assert SequencedItemMapper[SequencedItem]().from_sequenced_item(item) == event


def test_attributes_of_other_names_identify_the_place() -> None:
    mapper = SequencedItemMapper[SequencedItem](sequence_id_attr_name="parcel", position_attr_name="at")
    event = Shipped(parcel=ID, at=7, weight=1)
    item = mapper.to_sequenced_item(event)
    assert item == SequencedItem(ID, 7, f"{__name__}#Shipped", '{"weight":1}')
    assert mapper.from_sequenced_item(item) == event


def test_further_fields_of_the_item_are_carried_along_as_attributes() -> None:
    mapper = SequencedItemMapper(TracedItem)
    event = Shipped(stream=ID, index=0, correlation="order 7", weight=1)
    item = mapper.to_sequenced_item(event)
    assert item == TracedItem(ID, 0, f"{__name__}#Shipped", '{"weight":1}', "order 7")
    assert mapper.from_sequenced_item(item) == event


class Weighed(Shipped):
    if TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None: ...

    @property
    def is_heavy(self) -> bool:
        return bool(self.weight > 20)


def test_further_fields_hold_the_attributes_that_the_mapper_names() -> None:
    mapper = SequencedItemMapper(TracedItem, other_attr_names=["order"])
    event = Shipped(stream=ID, index=0, order="order 7", correlation=1, weight=1)
    item = mapper.to_sequenced_item(event)
    assert item == TracedItem(ID, 0, f"{__name__}#Shipped", '{"correlation":1,"weight":1}', "order 7")
    assert mapper.from_sequenced_item(item) == event


def test_a_further_field_may_hold_a_property_of_the_event() -> None:
    mapper = SequencedItemMapper(TracedItem, other_attr_names=["is_heavy"])
    event = Weighed(stream=ID, index=0, weight=21)
    item = mapper.to_sequenced_item(event)
    assert item == TracedItem(ID, 0, f"{__name__}#Weighed", '{"weight":21}', True)
    assert mapper.from_sequenced_item(item) == event
    with pytest.raises(MappingError, match="Shipped has no attribute 'is_heavy'"):
        mapper.to_sequenced_item(Shipped(stream=ID, index=0, weight=21))


def test_a_subclass_adds_the_fields_that_it_makes_of_an_event() -> None:
    class Mapper(SequencedItemMapper[TracedItem]):
        def construct_item_args(self, domain_event: DomainEvent) -> tuple[object, ...]:
            return (*super().construct_item_args(domain_event), f"{domain_event.weight} kg")

    mapper = Mapper(TracedItem, other_attr_names=())
    event = Shipped(stream=ID, index=0, weight=21)
    item = mapper.to_sequenced_item(event)
    assert item == TracedItem(ID, 0, f"{__name__}#Shipped", '{"weight":21}', "21 kg")
    assert mapper.from_sequenced_item(item) == event


@pytest.mark.parametrize("names", ["correlation", ["a", "b"]])
def test_more_names_than_further_fields_are_refused(names: Any) -> None:
    with pytest.raises(TypeError, match="TracedItem has 1 further field: give a list of at most that many names"):
        SequencedItemMapper(TracedItem, other_attr_names=names)


def test_a_plain_namedtuple_is_an_item_class_and_a_short_one_is_refused() -> None:
    assert SequencedItemFieldNames(namedtuple("Item", "a b c d e")).other_names == ("e",)
    no_item_classes: list[type[Any]] = [namedtuple("Short", "a b c"), tuple, dict]
    for refused in no_item_classes:
        with pytest.raises(TypeError, match="needs to be a namedtuple of at least four fields"):
            SequencedItemMapper(refused)


@pytest.mark.parametrize("missing", ["originator_id", "originator_version"])
def test_a_missing_attribute_is_named(missing: str) -> None:
    attributes: dict[str, Any] = {"originator_id": ID, "originator_version": 0, "weight": 1}
    del attributes[missing]
    with pytest.raises(MappingError, match=f"Shipped has no attribute '{missing}'"):
        SequencedItemMapper(StoredEvent).to_sequenced_item(Shipped(**attributes))


def test_mapping_leaves_the_event_as_it_was() -> None:
    event = Shipped(originator_id=ID, originator_version=0, weight=1)
    SequencedItemMapper(StoredEvent).to_sequenced_item(event)
    assert event == Shipped(originator_id=ID, originator_version=0, weight=1)


def test_an_event_stored_under_an_alias_is_stored_under_it_again() -> None:
    register_topic(Shipped, "old.parcels#Shipped")
    mapper = SequencedItemMapper(StoredEvent)
    item = StoredEvent(ID, 0, "old.parcels#Shipped", '{"weight":1}')
    event = mapper.from_sequenced_item(item)
    assert type(event) is Shipped
    assert mapper.to_sequenced_item(event) == item


def test_an_unknown_topic_is_an_error_that_names_it() -> None:
    with pytest.raises(TopicNotFound, match=r"'gone\.parcels#Lost'"):
        SequencedItemMapper(StoredEvent).from_sequenced_item(StoredEvent(ID, 0, "gone.parcels#Lost", "{}"))


def test_a_resolver_replaces_the_registry() -> None:
    mapper = SequencedItemMapper(StoredEvent, resolver=lambda topic: DomainEvent)
    item = StoredEvent(ID, 0, "any.where#Thing", '{"a":1}')
    event = mapper.from_sequenced_item(item)
    assert event == DomainEvent(originator_id=ID, originator_version=0, a=1)
    assert mapper.to_sequenced_item(event) == item


@pytest.mark.parametrize("state", ["", "[]", "null", "nonsense", '{"a":NaN}', "[" * 100_000])
def test_data_that_is_not_a_json_object_is_a_mapping_error(state: str) -> None:
    with pytest.raises(MappingError, match="state"):
        SequencedItemMapper(StoredEvent).from_sequenced_item(
            StoredEvent(uuid4(), 0, "eventsourcing.domain.model.events#DomainEvent", state)
        )


@pytest.mark.parametrize(
    "state", ['{"__topic__":"m#Closed"}', '{"__class__":1}', '{"a":1,"\\u005f_dict__":{}}', '{"__":1}', '{"__x":1}']
)
def test_a_state_with_a_name_of_pythons_own_is_refused(state: str) -> None:
    with pytest.raises(MappingError, match="an event cannot have the attribute '__"):
        SequencedItemMapper(StoredEvent).from_sequenced_item(StoredEvent(ID, 0, f"{__name__}#Shipped", state))


@pytest.mark.parametrize("name", ["__topic__", "__stored_topic__", "__class__", "__secret"])
def test_an_attribute_with_a_name_of_pythons_own_is_not_written(name: str) -> None:
    event = Shipped(**{"originator_id": ID, "originator_version": 0, name: "m#Closed"})
    with pytest.raises(MappingError, match=f"an event cannot have the attribute '{name}'"):
        SequencedItemMapper(StoredEvent).to_sequenced_item(event)


def test_names_inside_of_values_may_be_any() -> None:
    event = Shipped(originator_id=ID, originator_version=0, _a=1, note={"__topic__": 1, "_x": [{"__class__": 2}]})
    mapper = SequencedItemMapper(StoredEvent)
    assert mapper.from_sequenced_item(mapper.to_sequenced_item(event)) == event


def test_a_topic_that_is_not_of_a_class_of_events_is_a_mapping_error() -> None:
    register_topic(UUID, "some.values#Id")
    with pytest.raises(MappingError, match=r"'some\.values#Id' is that of a value, not of a class of events"):
        SequencedItemMapper(StoredEvent).from_sequenced_item(StoredEvent(ID, 0, "some.values#Id", "{}"))


def test_an_event_is_made_past_whatever_its_class_has() -> None:
    ran: list[str] = []

    class Watched(DomainEvent):
        def __init__(self, **attributes: object) -> None:
            ran.append("__init__")

        def __new__(cls, **attributes: object) -> "Watched":
            ran.append("__new__")
            return super().__new__(cls)

        def __setattr__(self, name: str, value: object) -> None:  # type: ignore[override]
            ran.append("__setattr__")

        def __getattribute__(self, name: str) -> object:
            ran.append("__getattribute__")
            return super().__getattribute__(name)

        @property
        def __dict__(self) -> dict[str, object]:  # type: ignore[override]
            ran.append("__dict__")
            return {}

    register_topic(Watched, "old.parcels#Watched")
    mapper = SequencedItemMapper(StoredEvent)
    for topic in (f"{__name__}#{Watched.__qualname__}", "old.parcels#Watched"):
        mapper.from_sequenced_item(StoredEvent(ID, 0, topic, '{"weight":1}'))
    assert ran == []


def test_attributes_named_like_the_place_inside_the_data_do_not_move_the_event() -> None:
    item = StoredEvent(ID, 3, f"{__name__}#Shipped", '{"originator_version":99,"weight":1}')
    event = SequencedItemMapper(StoredEvent).from_sequenced_item(item)
    assert event.originator_version == 3

"""Domain events: attributes that never change, a topic, and equality."""

import pickle
import typing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pytest

from esjournal.domain.model.events import DomainEvent, recreate_event, stored_topic
from esjournal.domain.model.topics import resolve_topic
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper


class Opened(DomainEvent):
    # A type checker assumes that a class without declared attributes takes no arguments.
    if TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None: ...


class Closed(DomainEvent):
    if TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None: ...


class Counted(DomainEvent):
    made = 0

    def __init__(self, **attributes: object) -> None:
        type(self).made += 1
        super().__init__(**attributes)


def test_an_event_has_the_attributes_it_was_given() -> None:
    event = Opened(owner="Ada", balance=3)
    assert (event.owner, event.balance) == ("Ada", 3)
    assert vars(event) == {"owner": "Ada", "balance": 3}


@pytest.mark.parametrize("name", ["self", "cls", "attributes", "topic", "_type_", "class"])
def test_an_attribute_may_have_any_name(name: str) -> None:
    assert vars(DomainEvent(**{name: 1})) == {name: 1}


def test_an_attribute_can_be_neither_set_nor_deleted_nor_added() -> None:
    event = Opened(owner="Ada")
    with pytest.raises(AttributeError, match="Opened is immutable: 'owner' cannot be set"):
        event.owner = "Bob"
    with pytest.raises(AttributeError, match="Opened is immutable: 'owner' cannot be deleted"):
        del event.owner
    with pytest.raises(AttributeError, match="'other' cannot be set"):
        event.other = 1
    assert event == Opened(owner="Ada")


def test_events_are_equal_by_class_and_attributes_whatever_their_order() -> None:
    assert Opened(owner="Ada", balance=3) == Opened(balance=3, owner="Ada")
    assert Opened(owner="Ada") != Opened(owner="Bob")
    assert Opened(owner="Ada") != Opened(owner="Ada", balance=3)
    assert Opened(owner="Ada") != Closed(owner="Ada")
    assert Opened(owner="Ada") != DomainEvent(owner="Ada")
    assert Opened(owner="Ada") != {"owner": "Ada"}


def test_a_subclass_instance_is_not_equal_to_one_of_its_base_either_way_round() -> None:
    class ReopenedHere(Opened):
        if TYPE_CHECKING:

            def __init__(self, **attributes: Any) -> None: ...

    assert Opened(owner="Ada") != ReopenedHere(owner="Ada")
    assert ReopenedHere(owner="Ada") != Opened(owner="Ada")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": Decimal("1.0")}, {"a": 1}),
        ({"a": {"x": [1], "y": 2}}, {"a": {"y": 2.0, "x": [True]}}),
        ({"a": {1, 2}}, {"a": frozenset({2, 1})}),
        ({"a": [{"b": {"c": set()}}]}, {"a": [{"b": {"c": frozenset()}}]}),
        ({"a": bytearray(b"x")}, {"a": bytearray(b"x")}),
    ],
)
def test_equal_events_have_equal_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert Opened(**one) == Opened(**other)
    assert hash(Opened(**one)) == hash(Opened(**other))


def test_hashes_tell_classes_and_values_apart() -> None:
    events = {Opened(a=1), Closed(a=1), Opened(a=2), Opened(b=1), Opened(a=1)}
    assert len(events) == 4


def test_the_repr_reads_like_the_call_that_makes_the_event() -> None:
    assert repr(Opened(owner="Ada", balance=3)) == "Opened(owner='Ada', balance=3)"
    assert eval(repr(Opened(owner="Ada"))) == Opened(owner="Ada")


def test_a_subclass_registers_its_topic_when_it_is_defined() -> None:
    assert stored_topic(Opened()) == f"{__name__}#Opened"
    assert resolve_topic(f"{__name__}#Opened") is Opened

    class Inner(DomainEvent):
        pass

    name = "test_a_subclass_registers_its_topic_when_it_is_defined.<locals>.Inner"
    assert resolve_topic(f"{__name__}#{name}") is Inner


def test_the_topic_of_the_specification_means_our_domain_event() -> None:
    assert resolve_topic("eventsourcing.domain.model.events#DomainEvent") is DomainEvent
    assert resolve_topic("esjournal.domain.model.events#DomainEvent") is DomainEvent


def test_recreating_an_event_does_not_run_its_init() -> None:
    before = Counted.made
    event = recreate_event(Counted, "old.module#Counted", {"a": 1})
    assert Counted.made == before
    assert vars(event) == {"a": 1}


def test_an_event_read_under_an_alias_keeps_it_and_still_equals_one_of_its_class() -> None:
    event = recreate_event(Opened, "old.module#Opened", {"a": 1})
    assert stored_topic(event) == "old.module#Opened"
    assert event == Opened(a=1)
    assert hash(event) == hash(Opened(a=1))


def test_pickling_keeps_class_attributes_and_topic() -> None:
    event = recreate_event(Opened, "old.module#Opened", {"a": [1]})
    copy = pickle.loads(pickle.dumps(event))
    assert copy == event
    assert stored_topic(copy) == "old.module#Opened"
    assert stored_topic(pickle.loads(pickle.dumps(Opened(a=1)))) == f"{__name__}#Opened"


class Placed(DomainEvent):
    item: str
    amount: Decimal
    note: str = ""
    limit: ClassVar[int] = 10
    _unit: str = "kg"


class Ordered(Placed):
    customer: str
    amount: Decimal = Decimal(1)


def test_declared_attributes_are_given_and_the_others_have_their_defaults() -> None:
    assert vars(Placed(item="tea", amount=Decimal(2))) == {"item": "tea", "amount": Decimal(2), "note": ""}
    assert vars(Placed(item="tea", amount=Decimal(2), note="x")) == {"item": "tea", "amount": Decimal(2), "note": "x"}


def test_an_event_takes_its_place_whatever_its_class_declares() -> None:
    order = uuid4()
    event = Placed(originator_id=order, originator_version=0, item="tea", amount=Decimal(2))
    assert (event.originator_id, event.originator_version) == (order, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"item": "tea"}, "Placed needs amount: give what it declares without a default"),
        ({}, "Placed needs item, amount: give what it declares without a default"),
        ({"item": "tea", "amuont": 1}, "Placed does not declare amuont: it declares item, amount, note"),
        ({"item": "tea", "amount": 1, "limit": 1}, "Placed does not declare limit: it declares item, amount, note"),
        ({"item": "tea", "amount": 1, "_unit": 1}, "Placed does not declare _unit: it declares item, amount, note"),
    ],
)
def test_an_attribute_that_is_missing_or_not_declared_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        Placed(**given)
    assert str(caught.value) == message


def test_types_of_values_are_not_checked() -> None:
    given: dict[str, Any] = {"item": 3, "amount": "two"}
    event = Placed(**given)
    assert (event.item, event.amount) == (given["item"], given["amount"])


def test_declarations_add_up_and_the_nearest_default_counts() -> None:
    assert vars(Ordered(item="tea", customer="Ada")) == {
        "item": "tea",
        "amount": Decimal(1),
        "note": "",
        "customer": "Ada",
    }
    with pytest.raises(TypeError, match="Ordered needs item, customer"):
        Ordered()  # type: ignore[call-arg]

    class Marked(DomainEvent):
        mark: int = 0

    class Both(Marked, Ordered):
        pass

    assert vars(Both(item="tea", customer="Ada"))["mark"] == 0


def test_a_class_that_declares_no_attributes_takes_any() -> None:
    class Free(DomainEvent):
        limit: ClassVar[int] = 10
        _unit: str = "kg"

        if TYPE_CHECKING:

            def __init__(self, **attributes: Any) -> None: ...

    assert vars(Free(anything=1)) == {"anything": 1}


def test_annotations_that_are_text_count_too() -> None:
    class Late(DomainEvent):
        item: "DefinedLater"  # type: ignore[name-defined]  # noqa: F821
        limit: "ClassVar[int]" = 10
        other_limit: "typing.ClassVar[int]" = 10

    assert vars(Late(item=1)) == {"item": 1}
    with pytest.raises(TypeError, match="Late does not declare limit, other_limit: it declares item"):
        Late(item=1, limit=2, other_limit=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("default", [[], {}, set(), bytearray()])
def test_a_default_that_events_would_share_is_refused(default: object) -> None:
    kind = type(default).__name__
    with pytest.raises(TypeError, match=f"Shared: the default of items is a {kind}, which all events would share"):
        type("Shared", (DomainEvent,), {"__annotations__": {"items": kind}, "items": default})


def test_stored_events_are_read_unchanged_whatever_their_class_declares_now() -> None:
    mapper = SequencedItemMapper(StoredEvent)
    stored = StoredEvent(uuid4(), 0, f"{__name__}#Placed", '{"item":"tea","price":1}')
    event = mapper.from_sequenced_item(stored)
    assert isinstance(event, Placed)
    assert (event.item, event.price, event.note) == ("tea", 1, "")
    assert mapper.to_sequenced_item(event) == stored
    with pytest.raises(AttributeError, match="amount"):
        _ = event.amount
    assert pickle.loads(pickle.dumps(event)) == event

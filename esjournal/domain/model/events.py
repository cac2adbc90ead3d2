"""Domain events: what happened, in the user's words."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar, NoReturn, TypeVar

from esjournal.domain.model.topics import register_topic, topic_of

# The specification's examples, and stores that were written by the library it comes from, carry this topic.
SPECIFICATION_TOPIC = "eventsourcing.domain.model.events#DomainEvent"

Event = TypeVar("Event", bound="DomainEvent")


class DomainEvent:
    """Something that happened: any attributes, given once and never changed.

    Two events are equal when they are of the same class and have equal attributes. A subclass registers its
    topic when it is defined, so that stored events of it can be read. `vars(event)` is a dictionary of the attributes:
    the class itself has no public name that could stand in the way of one.

    >>> DomainEvent(originator_version=1, foo="bar")
    DomainEvent(originator_version=1, foo='bar')
    """

    __slots__ = ("__dict__", "__stored_topic__", "__weakref__")

    __topic__: ClassVar[str]
    __stored_topic__: str

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__topic__ = topic_of(cls)
        register_topic(cls)

    def __init__(self, /, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DomainEvent) and type(self) is type(other):
            return vars(self) == vars(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), _hashable(vars(self))))

    def __repr__(self) -> str:
        attributes = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__qualname__}({attributes})"

    def __reduce__(self) -> tuple[Any, ...]:
        return recreate_event, (type(self), stored_topic(self), dict(vars(self)))


DomainEvent.__topic__ = topic_of(DomainEvent)
register_topic(DomainEvent)
register_topic(DomainEvent, SPECIFICATION_TOPIC)


def recreate_event(cls: type[Event], topic: str, attributes: dict[str, Any]) -> Event:
    """Return an event of a class as it was stored, without running the class's `__init__`.

    Args:
        cls: the class of the event.
        topic: `module#QualName`, as stored; an alias of the class stays what it was when the event is stored again.
        attributes: the names and values that the event has.
    """
    event = object.__new__(cls)
    # Past whatever a subclass has under these names.
    _attributes_of(event).update(attributes)
    if topic != cls.__topic__:
        _set_stored_topic(event, topic)
    return event


_attributes_of: Callable[[DomainEvent], dict[str, Any]] = vars(DomainEvent)["__dict__"].__get__
_set_stored_topic: Callable[[DomainEvent, str], None] = vars(DomainEvent)["__stored_topic__"].__set__


def stored_topic(event: DomainEvent) -> str:
    """Return the topic that an event is stored under: the one it was read with, or that of its class."""
    return getattr(event, "__stored_topic__", event.__topic__)


def _hashable(value: Any) -> Hashable:
    # Equal values must give equal hashes, and a list or a dictionary is a fine attribute of an event.
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, set):
        return frozenset(value)
    try:
        return hash(value)
    except TypeError:
        return type(value).__qualname__

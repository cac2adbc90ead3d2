"""Domain events: what happened, in the words of an application."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, cast, dataclass_transform

from esjournal.domain.model.topics import register_topic, topic_of

if TYPE_CHECKING:
    from uuid import UUID

# The specification's examples have this topic, and so do stores of the library that it comes from.
SPECIFICATION_TOPIC = "eventsourcing.domain.model.events#DomainEvent"

Event = TypeVar("Event", bound="DomainEvent")

# Every event takes these, whatever its class declares.
_PLACE = ("originator_id", "originator_version")
_REQUIRED = object()
_CLASS_VARIABLE = re.compile(r"(\w+\.)*ClassVar\b")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Declared:
    """Tells type checkers that a subclass takes the attributes that it declares."""

    __slots__ = ()


class DomainEvent(_Declared):
    """Something that happened: attributes that are given once and never change.

    A subclass may declare its attributes. Then an event takes these and its place, and no others, and those without a
    default have to be given. The types of values are not checked. A subclass that declares nothing takes any
    attributes. A stored event is read as it was stored, whatever its class declares now.

    Two events are equal if they are of the same class and have equal attributes. A subclass registers its topic when it
    is defined, so that its stored events can be read. `vars(event)` is a dictionary of the attributes; no public name
    of this class can hide one.

    >>> DomainEvent(originator_version=1, foo="bar")
    DomainEvent(originator_version=1, foo='bar')
    """

    __slots__ = ("__dict__", "__stored_topic__", "__weakref__")

    __topic__: ClassVar[str]
    __declared__: ClassVar[Mapping[str, Any]] = {}

    if TYPE_CHECKING:
        # With defaults, because an event may have its place under other names.
        originator_id: UUID = cast("UUID", ...)
        originator_version: int = cast("int", ...)

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__topic__ = topic_of(cls)
        cls.__declared__ = _declared_by(cls)
        register_topic(cls)

    def __init__(self, /, **attributes: Any) -> None:
        declared = type(self).__declared__
        self.__dict__.update(_completed(type(self).__name__, declared, attributes) if declared else attributes)

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

    def __reduce__(self) -> tuple[Callable[..., DomainEvent], tuple[type[DomainEvent], str, dict[str, Any]]]:
        return recreate_event, (type(self), stored_topic(self), dict(vars(self)))


DomainEvent.__topic__ = topic_of(DomainEvent)
register_topic(DomainEvent)
register_topic(DomainEvent, SPECIFICATION_TOPIC)


def recreate_event(cls: type[Event], topic: str, attributes: dict[str, Any]) -> Event:
    """Return an event of a class as it was stored, without running the class's `__init__`.

    Args:
        cls: the class of the event.
        topic: `module#QualName`, as stored; if it is an alias of the class, the event is stored under it again.
        attributes: the names and values that the event has.
    """
    event = object.__new__(cls)
    # A subclass may have other things under these names.
    _attributes_of(event).update(attributes)
    if topic != cls.__topic__:
        _set_stored_topic(event, topic)
    return event


_attributes_of: Callable[[DomainEvent], dict[str, Any]] = vars(DomainEvent)["__dict__"].__get__
_set_stored_topic: Callable[[DomainEvent, str], None] = vars(DomainEvent)["__stored_topic__"].__set__


def _declared_by(cls: type[DomainEvent]) -> dict[str, Any]:
    """Return the attributes that a class and its bases declare, with their defaults."""
    declared: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        declared |= vars(base).get("__declared__", {})
    for name, kind in _annotations_of(cls).items():
        if name.startswith("_") or _CLASS_VARIABLE.match(kind if isinstance(kind, str) else repr(kind)):
            continue
        declared[name] = default = vars(cls).get(name, _REQUIRED)
        if type(default).__hash__ is None:
            raise TypeError(
                f"{cls.__name__}: the default of {name} is a {type(default).__name__}, which all events would share: "
                f"choose one that cannot be changed, such as a tuple"
            )
    return declared


def _annotations_of(cls: type[Any]) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        # As text, because a name in it may be defined later.
        return annotationlib.get_annotations(cls, format=annotationlib.Format.STRING)
    return cast("Mapping[str, Any]", vars(cls).get("__annotations__", {}))


def _completed(name: str, declared: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a new event: those given, and the defaults of the others.

    Raises:
        TypeError: one is not declared, or one without a default is missing.
    """
    if unknown := [given_name for given_name in given if given_name not in declared and given_name not in _PLACE]:
        raise TypeError(f"{name} does not declare {', '.join(unknown)}: it declares {', '.join(declared)}")
    attributes = {**declared, **given}
    if missing := [declared_name for declared_name, value in attributes.items() if value is _REQUIRED]:
        raise TypeError(f"{name} needs {', '.join(missing)}: give what it declares without a default")
    return attributes


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

"""Makes dataclasses and enums without running any code of their classes: stored data must not choose which code runs.

Attributes are read from the dictionaries of classes, past metaclasses, properties and `__getattr__`. A class that this
cannot make is refused, both when a value is read and when it is written.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

from esjournal.domain.model.topics import find_loaded_class, static_attribute, topic_of
from esjournal.domain.text import shortened
from esjournal.exceptions import MappingError

# Built-in classes: hashing and comparing their values runs no code of a program.
_VALUES = (
    *(type(None), bool, int, float, str, bytes, Decimal, UUID),
    *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta),
)
_CONTAINERS = (tuple, frozenset, list, set)
_EQUALITIES = [static_attribute(cls, "__eq__") for cls in (object, *_VALUES)]
_HASHES = [static_attribute(cls, "__hash__") for cls in (object, *_VALUES, enum.Enum)]
# What `enum` calls when it makes a combination of members for the first time.
_HOOKS = (
    *("_missing_", "_iter_member_by_value_", "_iter_member_by_def_"),
    *("__setattr__", "__getattribute__", "__getattr__"),
)
_LOOK_UPS = [static_attribute(cls, "__getattribute__") for cls in (object, *_VALUES)]


class _Shape(NamedTuple):
    """How to fill a dataclass: `set_field` has a setter for each field.

    `compared` are the names of the fields that are compared or hashed; `has_plain_equality` says whether comparing and
    hashing run generated code only.
    """

    set_field: Mapping[str, Callable[[Any, Any], None]]
    compared: Sequence[str]
    has_plain_equality: bool


# By id(): hashing a class may run code of its metaclass.
_shapes: dict[int, tuple[type[Any], _Shape]] = {}


def is_dataclass(cls: type[Any]) -> bool:
    """Say whether a class is a dataclass, or inherits from one."""
    return type(static_attribute(cls, "__dataclass_fields__")) is dict


def check_can_be_made(cls: type[Any]) -> None:
    """Refuse a dataclass that could not be read again.

    Raises:
        MappingError: one of its fields is a property, or it has a base class that only its own code can make.
    """
    _shape_of(cls, topic_of(cls))


def dataclass_of(topic: Any, fields: Any) -> Any:
    """Return an instance of a loaded dataclass with the given field values.

    `__init__`, `__post_init__` and `__setattr__` do not run, and neither does any property or other descriptor.

    Args:
        topic: `module#QualName`, as stored.
        fields: a dictionary of the fields' values; fields that the class no longer has are left out.

    Raises:
        MappingError: there is no such dataclass, or it cannot be made without its own code.
    """
    if type(topic) is not str or type(fields) is not dict:
        raise MappingError(
            "a stored dataclass must be a topic and a dictionary of fields: esjournal did not write this"
        )
    cls = find_loaded_class(topic)
    if cls is None or not is_dataclass(cls):
        raise MappingError(f"the dataclass {shortened(topic)} is not loaded: import the module that defines it")
    shape = _shape_of(cls, topic)
    instance = object.__new__(cls)
    for name, set_field in shape.set_field.items():
        if name in fields:
            set_field(instance, fields[name])
    return instance


def member_of(topic: Any, *names: Any) -> enum.Enum:
    """Return a member of a loaded enum; for a flag, the combination of several members.

    Args:
        topic: `module#QualName`, as stored.
        names: the names of the members.

    Raises:
        MappingError: there is no such enum or member, or the class makes members with its own code.
    """
    if not all(type(part) is str for part in (topic, *names)):
        raise MappingError("a stored enum must be a topic and the names of members: esjournal did not write this")
    cls = find_loaded_class(topic)
    if cls is None or not issubclass(cls, enum.Enum):
        raise MappingError(f"the enum {shortened(topic)} is not loaded: import the module that defines it")
    members = static_attribute(cls, "_member_map_")
    if not all(name in members for name in names) or (len(names) != 1 and not issubclass(cls, enum.Flag)):
        raise MappingError(f"the enum {shortened(topic)} has no member {shortened(', '.join(names))}: add it again")
    if len(names) == 1:
        member: enum.Enum = members[names[0]]
        return member
    return _composite(cls, topic, [members[name] for name in names])


def _composite(cls: type[enum.Enum], topic: str, members: Sequence[Any]) -> enum.Enum:
    values = [object.__getattribute__(member, "_value_") for member in members]
    known = static_attribute(cls, "_value2member_map_")
    bits = 0
    # Other values have their own code, which combining them and looking them up would run.
    if are_plain := all(type(value) is int for value in (*values, *known)):
        for value in values:
            bits |= value
        if bits in known:
            return known[bits]  # type: ignore[no-any-return]
    base = enum.IntFlag if issubclass(cls, enum.IntFlag) else enum.Flag
    if not are_plain or type(cls) is not enum.EnumType or not _has_hooks_of(base, cls):
        raise MappingError(
            f"the flag {shortened(topic)} has its own code for values without a name: "
            f"teach the mapper with transcoder.register(...)"
        )
    return cls(bits)


def _has_hooks_of(base: type[enum.Flag], cls: type[enum.Enum]) -> bool:
    """Say whether a flag makes its values with the code of its base class only."""
    iteration = static_attribute(cls, "_iter_member_")
    if type(iteration) is MethodType and iteration.__func__ is static_attribute(base, "_iter_member_by_def_").__func__:
        # Set by `enum` itself if the members are not in the order of their values.
        iteration = static_attribute(base, "_iter_member_")
    return iteration is static_attribute(base, "_iter_member_") and all(
        static_attribute(cls, hook) is static_attribute(base, hook) for hook in _HOOKS
    )


def is_hashed_without_code(value: Any, known: Mapping[type[Any], Any]) -> bool:
    """Say whether hashing and comparing a value runs only built-in code, or code that `dataclasses` generated.

    Args:
        value: a decoded value.
        known: classes that the program has registered.
    """
    cls = type(value)
    if any(cls is plain for plain in _VALUES):
        return True
    if any(cls is container for container in _CONTAINERS):
        return all(is_hashed_without_code(item, known) for item in value)
    if cls is dict:
        return all(is_hashed_without_code(item, known) for item in (*value.keys(), *value.values()))
    if any(cls is other for other in known):
        return True
    if issubclass(cls, enum.Enum):
        return _has_plain_attributes(cls) and _has_inherited_equality(cls)
    if not is_dataclass(cls):
        return False
    shape = _shape_of(cls, "in a set")
    compared = [_stored_value(value, name) for name in shape.compared]
    return shape.has_plain_equality and all(is_hashed_without_code(item, known) for item in compared)


_ABSENT = object()


def _stored_value(instance: Any, name: str) -> Any:
    # A field that was not given has the class attribute as its value, which may be anything.
    slot = static_attribute(type(instance), name)
    if type(slot) is MemberDescriptorType:
        try:
            return slot.__get__(instance)
        except AttributeError:
            return _ABSENT
    return _dictionary_slot(type(instance)).__get__(instance).get(name, _ABSENT)  # type: ignore[union-attr]


def _shape_of(cls: type[Any], topic: str) -> _Shape:
    found = _shapes.get(id(cls))
    if found is None:
        try:
            found = _shapes[id(cls)] = cls, _made_shape(cls)
        except TypeError as error:
            raise MappingError(
                f"the dataclass {shortened(topic)} cannot be made without running its own code: {error}; "
                f"teach the mapper with transcoder.register(...)"
            ) from None
    return found[1]


def _made_shape(cls: type[Any]) -> _Shape:
    if static_attribute(cls, "__del__") is not None:
        raise TypeError("it has a __del__, which runs when an instance is deleted")
    # Raises a TypeError for a class that inherits from a built-in one, such as dict.
    object.__new__(cls)
    # Reading the attribute of the class itself would run code of its metaclass.
    fields = dataclasses.fields(SimpleNamespace(__dataclass_fields__=static_attribute(cls, "__dataclass_fields__")))  # type: ignore[arg-type]
    compared = [field.name for field in fields if field.compare or field.hash]
    return _Shape(
        {field.name: _setter(cls, field.name) for field in fields},
        compared,
        _has_plain_attributes(cls) and (_has_inherited_equality(cls) or _has_generated_equality(cls, fields)),
    )


def _setter(cls: type[Any], name: str) -> Callable[[Any, Any], None]:
    slot = static_attribute(cls, name)
    if type(slot) is MemberDescriptorType:
        return slot.__set__
    dictionary = _dictionary_slot(cls)
    is_descriptor = any(static_attribute(type(slot), hook) is not None for hook in ("__set__", "__delete__"))
    if dictionary is None or is_descriptor:
        raise TypeError(f"its field {name} is a property, or cannot be stored in the instance")

    def set_field(instance: Any, value: Any) -> None:
        dictionary.__get__(instance)[name] = value

    return set_field


def _dictionary_slot(cls: type[Any]) -> GetSetDescriptorType | None:
    slot = static_attribute(cls, "__dict__")
    return slot if type(slot) is GetSetDescriptorType else None


def _has_plain_attributes(cls: type[Any]) -> bool:
    look_up = static_attribute(cls, "__getattribute__")
    return static_attribute(cls, "__getattr__") is None and any(look_up is known for known in _LOOK_UPS)


def _has_inherited_equality(cls: type[Any]) -> bool:
    equality, hashing = static_attribute(cls, "__eq__"), static_attribute(cls, "__hash__")
    return any(equality is known for known in _EQUALITIES) and any(hashing is known for known in _HASHES)


def _has_generated_equality(cls: type[Any], fields: Sequence[dataclasses.Field[Any]]) -> bool:
    # Generated methods are not marked, so they are compared with those generated for the same fields.
    specifications = [
        (field.name, object, dataclasses.field(hash=field.hash, compare=field.compare)) for field in fields
    ]
    twin = dataclasses.make_dataclass("Twin", specifications, frozen=True)
    return all(
        _has_code_of(static_attribute(cls, name), static_attribute(twin, name)) for name in ("__eq__", "__hash__")
    )


def _has_code_of(function: Any, generated: Any) -> bool:
    if type(function) is not FunctionType or "hash" in function.__globals__:
        return False
    one, other = function.__code__, generated.__code__
    return all(
        getattr(one, part) == getattr(other, part) for part in ("co_code", "co_names", "co_consts", "co_varnames")
    )

"""Writes the values of event attributes as JSON text, and reads them back unchanged.

Values of JSON's own types are written as they are. Any other value becomes `{"_data_": ..., "_type_": NAME}`, and so
does a dictionary that JSON could not give back: one with keys that are not strings, or with a key `_type_`.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from esjournal.domain.model.rules import check_depth, json_object
from esjournal.domain.model.topics import register_topic, topic_of
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, MappingError
from esjournal.infrastructure.instances import (
    check_can_be_made,
    dataclass_of,
    is_dataclass,
    is_hashed_without_code,
    member_of,
)

T = TypeVar("T")

TYPE_KEY = "_type_"
DATA_KEY = "_data_"


class ValueType(NamedTuple):
    """How the values of a class are written: the name of the type, and a function that returns what JSON can hold."""

    name: str
    encode: Callable[[Any], Any]


class JSONTranscoder:
    """Encodes attributes as compact JSON with sorted keys, and decodes them to equal values.

    It knows UUID, datetime, date, time, timedelta, Decimal, tuple, set, frozenset, bytes, enums and dataclasses;
    `register` teaches it others. A datetime keeps its offset from UTC, not the name of its zone.
    """

    def __init__(self) -> None:
        self._value_types: dict[type[Any], ValueType] = {}
        self._decoders: dict[str, Callable[[Any], Any]] = {
            "dict": self._dictionary,
            "enum": lambda parts: member_of(*_list_of(parts)),
            "dataclass": _dataclass,
            "set": lambda items: self._without_twins(set, items),
            "frozenset": lambda items: self._without_twins(frozenset, items),
            "tuple": lambda items: tuple(_list_of(items)),
        }
        self._value_types |= {cls: ValueType(cls.__name__, list) for cls in (tuple, set, frozenset)}
        for cls, name, encode, decode in _BUILT_IN:
            self.register(cls, name=name, encode=encode, decode=_strict(name, encode, decode))

    def register(self, cls: type[T], *, name: str, encode: Callable[[T], Any], decode: Callable[[Any], T]) -> None:
        """Teach the transcoder a class.

        Args:
            cls: the class itself; its subclasses are not included.
            name: the name of the class in stored events; it must be unique, and must never change.
            encode: returns a value that the transcoder already knows how to write.
            decode: returns an equal value from what `encode` returned.

        Raises:
            ValueError: the name already means another class.
        """
        known = self._value_types.get(cls)
        if name in self._decoders and (known is None or known.name != name):
            raise ValueError(f"the name {name!r} already means another class: choose another name")
        self._value_types[cls] = ValueType(name, encode)
        self._decoders[name] = decode

    def encode(self, attributes: dict[str, Any]) -> str:
        """Return the attributes as compact JSON text with sorted keys.

        Args:
            attributes: names to values.

        Raises:
            MappingError: a value is of a class that could not be read again.
        """
        try:
            plain = {name: self._to_plain(value, name) for name, value in attributes.items()}
            return _dumps(plain)
        except RecursionError:
            raise _too_deep() from None

    def decode(self, text: str) -> dict[str, Any]:
        """Return the attributes that `encode` wrote.

        Args:
            text: the text of a JSON object.

        Raises:
            MappingError: the text is not a JSON object, or names an unknown type.
        """
        try:
            attributes: dict[str, Any] = json.loads(json_object(text))
        except (InvalidData, ValueError) as error:
            raise MappingError(str(error)) from None
        if not self._has_values(text):
            return attributes
        try:
            return {name: self._from_plain(value) for name, value in attributes.items()}
        except RecursionError:
            raise _too_deep() from None

    def _has_values(self, text: str) -> bool:
        # Searching the text costs less than walking through all values.
        return TYPE_KEY in text

    def _to_plain(self, value: Any, path: str) -> Any:
        cls = type(value)
        if value is None or cls in (str, bool, int):
            return value
        if cls is float:
            if not math.isfinite(value):
                raise MappingError(f"attribute {path} is {value}, which JSON cannot write: use a Decimal")
            return value
        if cls is list:
            return [self._to_plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if cls is dict:
            return self._dictionary_to_plain(value, path)
        known = self._value_types.get(cls)
        if known is not None:
            plain = self._to_plain(known.encode(value), path)
            if cls not in (set, frozenset):
                return _tagged(known.name, plain)
            self._check_is_hashed_without_code(value, path)
            # Sorted, because a set has no order and equal sets must give the same text.
            return _tagged(known.name, sorted(plain, key=_dumps))
        if isinstance(value, enum.Enum):
            return _tagged("enum", [_remembered(cls), *_member_names(value, path)])
        if is_dataclass(cls):
            check_can_be_made(cls)
            fields = {
                f.name: self._to_plain(getattr(value, f.name), f"{path}.{f.name}") for f in dataclasses.fields(cls)
            }
            return _tagged("dataclass", [_remembered(cls), fields])
        raise MappingError(
            f"attribute {path} is of {topic_of(cls)}, which cannot be written as JSON: "
            f"teach the mapper with transcoder.register(...)"
        )

    def _dictionary_to_plain(self, value: dict[Any, Any], path: str) -> Any:
        if self._is_plain_dictionary(value):
            return {key: self._to_plain(item, f"{path}.{key}") for key, item in value.items()}
        pairs = [[self._to_plain(key, path), self._to_plain(item, f"{path}[{key!r}]")] for key, item in value.items()]
        self._check_is_hashed_without_code(list(value), path)
        return _tagged("dict", pairs)

    def _is_plain_dictionary(self, value: dict[Any, Any]) -> bool:
        return all(type(key) is str for key in value) and TYPE_KEY not in value

    def _check_is_hashed_without_code(self, values: Any, path: str) -> None:
        # Reading it again would run that code, and stored data must not choose which code runs.
        if not is_hashed_without_code(values, self._value_types):
            raise MappingError(
                f"attribute {path} is a set, or a dictionary, of values whose class has its own __eq__ or __hash__: "
                f"use a list, or teach the mapper with transcoder.register(...)"
            )

    def _without_twins(self, make: Callable[[list[Any]], Any], items: Any) -> Any:
        if not is_hashed_without_code(_list_of(items), self._value_types):
            raise MappingError(
                "a stored set, or the keys of a stored dictionary, have values whose class has its own __eq__ or "
                "__hash__, which must not run: teach the mapper with transcoder.register(...)"
            )
        made = make(items)
        if len(made) != len(items):
            raise ValueError("it has the same value twice")
        return made

    def _dictionary(self, pairs: Any) -> dict[Any, Any]:
        keys = [_list_of(pair, 2)[0] for pair in _list_of(pairs)]
        self._without_twins(set, keys)
        return dict(pairs)

    def _from_plain(self, value: Any) -> Any:
        if type(value) is list:
            return [self._from_plain(item) for item in value]
        if type(value) is not dict:
            return value
        if value.keys() != {TYPE_KEY, DATA_KEY}:
            return {key: self._from_plain(item) for key, item in value.items()}
        name, data = value[TYPE_KEY], self._from_plain(value[DATA_KEY])
        decode = self._decoders.get(name) if type(name) is str else None
        if decode is None:
            raise MappingError(
                f"the type {shortened(name)} in a stored state is not known here: "
                f"teach the mapper with transcoder.register(...)"
            )
        try:
            return decode(data)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = shortened(error, 200)
            raise MappingError(f"a stored value of type {shortened(name)} cannot be read: {reason}") from None


def _dumps(plain: Any) -> str:
    try:
        text = json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
        check_depth(text)
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair cannot be stored, but its escape can. Two halves in a row would be read as a pair.
        text = json.dumps(plain, separators=(",", ":"), sort_keys=True)
        if json.loads(text) != plain:
            raise MappingError("attributes have text with both halves of a surrogate pair: write a character") from None
    except (InvalidData, ValueError) as error:
        raise MappingError(f"attributes cannot be written as JSON: {error}") from None
    return text


def _too_deep() -> MappingError:
    return MappingError("attributes are nested too deep, or hold themselves: make them flatter")


def _tagged(name: str, data: Any) -> dict[str, Any]:
    return {DATA_KEY: data, TYPE_KEY: name}


def _remembered(cls: type[Any]) -> str:
    # A class defined inside a function cannot be found through its module.
    register_topic(cls)
    return topic_of(cls)


def _member_names(value: enum.Enum, path: str) -> list[str]:
    members = list(value) if isinstance(value, enum.Flag) else [value]
    names = [member.name for member in members if member.name is not None]
    if member_of(topic_of(type(value)), *names) != value:
        raise MappingError(f"attribute {path} is {value!r}, which has bits without a member: add one for each")
    return names


def _list_of(data: Any, length: int | None = None) -> list[Any]:
    if type(data) is not list or (length is not None and len(data) != length):
        raise TypeError("a list" + (f" of {length}" if length else "") + " is expected")
    return data


def _dataclass(parts: Any) -> Any:
    topic, fields = _list_of(parts, 2)
    return dataclass_of(topic, fields)


def _strict(name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decoder that accepts only what the encoder writes; parts that were decoded before may be any object."""

    def read(data: Any) -> Any:
        if type(data) is not str and not all(type(part) is int for part in _list_of(data)):
            raise TypeError("it was not written by esjournal")
        value = decode(data)
        if encode(value) != data:
            raise ValueError(f"written again, it would be a different {name}")
        return value

    return read


_BUILT_IN: tuple[tuple[type[Any], str, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (UUID, "uuid", str, UUID),
    (datetime.datetime, "datetime", datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    (datetime.date, "date", datetime.date.isoformat, datetime.date.fromisoformat),
    (datetime.time, "time", datetime.time.isoformat, datetime.time.fromisoformat),
    (
        datetime.timedelta,
        "timedelta",
        lambda delta: [delta.days, delta.seconds, delta.microseconds],
        lambda parts: datetime.timedelta(*parts),
    ),
    (Decimal, "decimal", str, Decimal),
    (
        bytes,
        "bytes",
        lambda data: base64.b64encode(data).decode(),
        lambda text: base64.b64decode(text, validate=True),
    ),
)

"""Reads states that eventsourcing 2 to 4 wrote, with the values that the library had."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from esjournal.domain.text import shortened
from esjournal.exceptions import MappingError
from esjournal.infrastructure.instances import dataclass_of
from esjournal.infrastructure.transcoding import JSONTranscoder

_SEALS = ("__event_hash__", "__event_topic__")
_DATETIME = "%Y-%m-%dT%H:%M:%S.%f%z"
_TIME = "%H:%M:%S.%f"


class Eventsourcing4Transcoder(JSONTranscoder):
    """Reads what eventsourcing 2 to 4 wrote for UUIDs, datetimes, dates, times, Decimals and objects.

    An object becomes the dataclass of its topic, made without running its code. A tuple was stored as a list and stays
    one. The hash and the topic that version 4 added to each state are left out. Values are written as JSONTranscoder
    writes them, and that form is read as well.
    """

    def decode(self, text: str) -> dict[str, Any]:
        """Return the attributes that eventsourcing 2 to 4 or this transcoder wrote; see the base class."""
        attributes = super().decode(text)
        return {name: value for name, value in attributes.items() if name not in _SEALS}

    def _has_values(self, text: str) -> bool:
        return True

    def _is_plain_dictionary(self, value: dict[Any, Any]) -> bool:
        return super()._is_plain_dictionary(value) and not (len(value) == 1 and value.keys() <= _READ.keys())

    def _from_plain(self, value: Any) -> Any:
        if type(value) is dict and len(value) == 1:
            [(name, data)] = value.items()
            if name in _READ:
                return self._read(name, data)
        return super()._from_plain(value)

    def _read(self, name: str, data: Any) -> Any:
        if name == "__class__":
            if type(data) is not dict or data.keys() != {"topic", "state"} or type(data["state"]) is not dict:
                raise MappingError("a stored object has no topic and state: eventsourcing 4 did not write it")
            return dataclass_of(data["topic"], {key: self._from_plain(item) for key, item in data["state"].items()})
        try:
            if type(data) is not str:
                raise ValueError("it is not text")
            return _READ[name](data)
        except (ArithmeticError, ValueError) as error:
            raise MappingError(f"a stored value {shortened(name)} cannot be read: {shortened(error, 200)}") from None


def _as_written(read: Callable[[str], Any], write: Callable[[Any], str]) -> Callable[[str], Any]:
    def read_exactly(text: str) -> Any:
        value = read(text)
        if write(value) != text:
            raise ValueError(f"eventsourcing 4 did not write {shortened(text)}")
        return value

    return read_exactly


_READ: dict[str, Callable[[str], Any]] = {
    "UUID": _as_written(lambda text: UUID(hex=text), lambda value: value.hex),
    "ISO8601_datetime": _as_written(datetime.datetime.fromisoformat, lambda value: value.strftime(_DATETIME)),
    "ISO8601_date": _as_written(datetime.date.fromisoformat, datetime.date.isoformat),
    "ISO8601_time": _as_written(datetime.time.fromisoformat, lambda value: value.strftime(_TIME)),
    "__decimal__": _as_written(Decimal, str),
    "__class__": str,
}

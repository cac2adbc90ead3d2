"""Events as a replay gives them to the user's own code."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from esjournal.domain.model.recordedevent import EventRow
from esjournal.domain.model.sequencenames import name_of_id

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_UNREAD: Any = object()


class ReplayedEvent:
    """An event that a replay gives to a function or a class.

    Its state and its metadata are parsed when they are first asked for: many functions look only at some types.
    """

    __slots__ = ("_metadata", "_row", "_state")

    def __init__(self, row: EventRow) -> None:
        self._row = row
        self._state = _UNREAD
        self._metadata = _UNREAD

    @property
    def id(self) -> str:
        """The id of its sequence, a UUID."""
        return self._row[0]

    @property
    def name(self) -> str | None:
        """The name of its sequence, if that has one."""
        return name_of_id(self._row[0])

    @property
    def version(self) -> int:
        """Its version in the sequence."""
        return self._row[1]

    @property
    def type(self) -> str:
        """Its event type."""
        return self._row[2]

    @property
    def state(self) -> Any:
        """Its state, parsed: numbers with decimals are Decimals; text that is not JSON is given as it is."""
        if self._state is _UNREAD:
            self._state = _parsed(self._row[3])
        return self._state

    @property
    def metadata(self) -> Any:
        """Its metadata, parsed like the state; an empty dictionary if it has none."""
        if self._metadata is _UNREAD:
            text = self._row[5]
            self._metadata = {} if text is None else _parsed(text)
        return self._metadata

    @property
    def recorded_at(self) -> datetime | None:
        """When it was recorded, in UTC, if that is known."""
        text = self._row[4]
        return None if text is None else datetime.fromisoformat(text)

    @property
    def position(self) -> int:
        """Its global position."""
        return self._row[7]

    def __repr__(self) -> str:
        return f"<event {self.type} at version {self.version} of {self.name or self.id}>"


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _parsed(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        pass
    # Half of a surrogate pair is valid JSON, but not to msgspec.
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refused_constant)
    except (ValueError, RecursionError):
        return text

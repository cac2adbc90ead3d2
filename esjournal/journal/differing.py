"""What differs between two events that have the same place, in a few words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from esjournal.domain.model import fields, states
from esjournal.infrastructure.sequenceditem import RecordedEvent

# So many differences are named, and each value with so many characters.
_NAMED = 3
_SHOWN_CHARACTERS = 40


def difference(there: RecordedEvent, here: RecordedEvent) -> str:
    """Return what differs in type and state, such as `state.price is 1 there and 2 here`.

    Args:
        there: the one that is stored.
        here: the other one, whose content is another.
    """
    found = [*_differences(there, here)]
    more = [f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return ", ".join(found[:_NAMED] + more)


def _differences(there: RecordedEvent, here: RecordedEvent) -> Iterator[str]:
    if there.event_type != here.event_type:
        yield _differs("event_type", fields.shortened(there.event_type), fields.shortened(here.event_type))
    if there.state == here.state:
        return
    one, other = states.parsed(there.state), states.parsed(here.state)
    if one is None or other is None:
        yield "the states are different texts"
        return
    found = list(_in_objects("state", one, other))
    yield from found or ["the states say the same, and are written differently"]


def _in_objects(path: str, one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for name in {**one, **other}:
        at = f"{path}.{name}"
        if name not in other:
            yield f"{at} is only there"
        elif name not in one:
            yield f"{at} is only here"
        elif isinstance(one[name], dict) and isinstance(other[name], dict):
            yield from _in_objects(at, one[name], other[name])
        elif (there := _shown(one[name])) != (here := _shown(other[name])):
            yield _differs(at, _cut(there), _cut(here))


def _differs(what: str, there: str, here: str) -> str:
    return f"{what} is {there} there and {here} here"


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, states.Number) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

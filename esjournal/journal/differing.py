"""What differs between two events that have the same place, in a few words."""

from __future__ import annotations

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
        yield f"event_type is {fields.shortened(there.event_type)} there and {fields.shortened(here.event_type)} here"
    if there.state == here.state:
        return
    one, other = states.parsed(there.state), states.parsed(here.state)
    if one is None or other is None:
        yield "the states are different texts"
        return
    leaves, others = dict(states.leaves(one)), dict(states.leaves(other))
    found = [
        _differs(f"state.{states.path_text(path)}", leaves.get(path, states.MISSING), others.get(path, states.MISSING))
        for path in {**leaves, **others}
        if leaves.get(path, states.MISSING) != others.get(path, states.MISSING)
    ]
    yield from found or ["the states say the same, and are written differently"]


def _differs(what: str, there: Any, here: Any) -> str:
    if there is states.MISSING or here is states.MISSING:
        return f"{what} is only {'here' if there is states.MISSING else 'there'}"
    return f"{what} is {_shown(there)} there and {_shown(here)} here"


def _shown(value: Any) -> str:
    text = states.text_of(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

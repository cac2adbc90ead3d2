"""What differs between two events at the same place, in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state import values
from esjournal.domain.state.changes import changes_of_states
from esjournal.domain.text import number, shortened

# How many differences are named, and how many characters of each value are shown.
_NAMED = 3
_SHOWN_CHARACTERS = 40
_PLURAL = {"state": "states", "metadata": "metadata"}


def difference(there: RecordedEvent, here: RecordedEvent) -> str:
    """Return what differs in the content, such as `state.price is 1 there and 2 here`.

    Args:
        there: the stored event.
        here: the other event, whose content differs.
    """
    found = _differences(there, here)
    named = [*islice(found, _NAMED)]
    more = sum(1 for _ in found)
    return ", ".join([*named, f"and {number(more)} more"] if more else named)


def _differences(there: RecordedEvent, here: RecordedEvent) -> Iterator[str]:
    if there.event_type != here.event_type:
        yield f"event_type is {shortened(there.event_type)} there and {shortened(here.event_type)} here"
    if there.state != here.state:
        yield from _differences_of_texts("state", there.state, here.state)
    if there.metadata != here.metadata:
        if there.metadata is None or here.metadata is None:
            yield f"metadata is only {'here' if there.metadata is None else 'there'}"
        else:
            yield from _differences_of_texts("metadata", there.metadata, here.metadata)
    if there.event_id != here.event_id and None not in (there.event_id, here.event_id):
        yield f"event_id is {there.event_id} there and {here.event_id} here"


def _differences_of_texts(name: str, there: str, here: str) -> Iterator[str]:
    changes = changes_of_states(there, here)
    if changes is None:
        yield f"the {_PLURAL[name]} are different texts"
    elif not changes:
        yield f"the {_PLURAL[name]} have the same meaning, but different texts"
    else:
        for path, (old, new) in changes.changed.texts():
            yield f"{name}.{path} is {_shown(old)} there and {_shown(new)} here"
        for path, _ in changes.removed.texts():
            yield f"{name}.{path} is only there"
        for path, _ in changes.added.texts():
            yield f"{name}.{path} is only here"


def _shown(value: Any) -> str:
    text = values.text_of(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

"""Pages of a journal as batches, in which events that no journal can hold are bad."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import ADDED_FIELDS, EventRow, RecordedEvent
from esjournal.domain.model.rules import are_sound
from esjournal.domain.model.sequencenames import name_of_id
from esjournal.domain.state.batchcheck import doubtful
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, batch_of

_CLASSES = (str, int, str, str, str, str, str)
_OPTIONAL = ("recorded_at", *ADDED_FIELDS)


def batch_of_page(source: str, page: Iterable[EventRow]) -> Batch:
    """Return the events of a page as a batch, in which those that no journal can hold are bad.

    A journal has no bad events unless it is damaged, but another library's tables may: a whole page is checked at once.
    States are not parsed: any text is a state, even if it is not a JSON object. Metadata has to be one.

    Args:
        source: the name of the journal in messages.
        page: events as plain tuples of the fields of RecordedEvent.
    """
    rows = list(page)
    sound = sound_batch(source, rows)
    return batch_of(source, ((event[-1], _checked(source, event)) for event in rows)) if sound is None else sound


def sound_batch(source: str, page: Iterable[EventRow], *, checked: bool = False) -> Batch | None:
    """Return the events of a page as a batch; None if one of them needs a closer look.

    Args:
        source: the name of the journal in messages.
        page: events as plain tuples of the fields of RecordedEvent.
        checked: whether the same page was found to need none.
    """
    ids, versions, types, states, times, metadata, event_ids, positions = zip(*page, strict=True)
    if checked or (
        are_sound(ids, versions, types, _known(times))
        and rules.are_storable(states)
        and _are_objects(_known(metadata))
        and _are_texts(_known(event_ids))
        and rules.are_canonical_ids(_known(event_ids))
    ):
        return Batch(source, _compact(positions), (ids, versions, types, states, times, metadata, event_ids))
    return None


def _are_objects(texts: Sequence[Any]) -> bool:
    return _are_texts(texts) and not doubtful(texts)


def _are_texts(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {str}


def _known(values: Sequence[str | None]) -> Sequence[str]:
    return [value for value in values if value is not None]


def _compact(positions: Sequence[int]) -> Sequence[int]:
    """Return ascending positions in little memory, because an import into an empty file keeps them all to its end."""
    first, last = positions[0], positions[-1]
    return range(first, last + 1) if last - first + 1 == len(positions) else array("q", positions)


def _checked(source: str, event: EventRow) -> RecordedEvent | InvalidLine:
    try:
        return _in_canonical_form(event)
    except InvalidData as error:
        raw = RecordedEvent(*event)
        name = name_of_id(raw.originator_id)
        text = json.dumps(raw._asdict() | ({} if name is None else {"sequence_name": name}), default=repr)
        return InvalidLine(source, event[-1], str(error), text)


def _in_canonical_form(event: EventRow) -> RecordedEvent:
    for name, cls, value in zip(RecordedEvent._fields, _CLASSES, event, strict=False):
        # In Python, True is an int.
        is_of_class = isinstance(value, cls) and not isinstance(value, bool)
        if not is_of_class and not (name in _OPTIONAL and value is None):
            raise InvalidData(f"{name} {shortened(value)} is {type(value).__name__}, not {cls.__name__}")
    originator_id, version, event_type, state, recorded_at, metadata, event_id, _ = event
    return RecordedEvent(
        # An id that was made from a name is in canonical form, and has the name.
        rules.originator_id(originator_id) if name_of_id(originator_id) is None else originator_id,
        rules.originator_version(str(version)),
        rules.event_type(event_type),
        rules.state_text(state),
        None if recorded_at is None else rules.recorded_at(recorded_at),
        None if metadata is None else rules.json_object(metadata, "metadata"),
        None if event_id is None else rules.originator_id(event_id, "event_id"),
    )

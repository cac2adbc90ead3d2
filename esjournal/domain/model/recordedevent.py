"""Events as a journal stores them, in the text form that files, pipes and tables share."""

from __future__ import annotations

from typing import NamedTuple

# A recorded event as a plain tuple of the fields of RecordedEvent. Pages consist of these: making named tuples takes a
# quarter of the time of reading them.
EventRow = tuple[str, int, str, str, str | None, str | None, str | None, int]


# What an event may lack, and files have only if an event has it: two fields, and the name of its sequence.
ADDED_FIELDS = METADATA, EVENT_ID = "metadata", "event_id"
SEQUENCE_NAME = "sequence_name"


class RecordedEvent(NamedTuple):
    """A stored event with everything the journal knows about it, each field in its interchange form.

    `originator_id` and `event_id` are UUIDs in lower case, and `recorded_at` is UTC with microseconds and `Z`. They are
    text, so that files, pipes and tables do not pay for objects that would only become text again. `metadata` is a JSON
    object, kept byte for byte like the state; it and `event_id` are None for an event without them. `recorded_at` and
    `global_position` are None until the event is recorded. An `originator_version` of None means the next one.
    """

    originator_id: str
    originator_version: int | None
    event_type: str
    state: str
    recorded_at: str | None = None
    metadata: str | None = None
    event_id: str | None = None
    global_position: int | None = None

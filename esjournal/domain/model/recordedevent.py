"""Events as a journal keeps them, in the text that files, pipes and tables share."""

from __future__ import annotations

from typing import NamedTuple


class RecordedEvent(NamedTuple):
    """A stored event with all that the journal knows of it, every field in its interchange form.

    `originator_id` is a UUID in lower case, `recorded_at` is UTC with microseconds and `Z`: text all the way, so that
    files, pipes and tables never pay for objects that they would only turn into text again. `recorded_at` and
    `global_position` are None until the event is recorded, `originator_version` is None where the next one is meant.
    """

    originator_id: str
    originator_version: int | None
    event_type: str
    state: str
    recorded_at: str | None = None
    global_position: int | None = None

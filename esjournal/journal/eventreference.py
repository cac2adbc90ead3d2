"""Finding the event that is meant, by its global position, its event id, or its place."""

from __future__ import annotations

from contextlib import suppress

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import checked_name
from esjournal.exceptions import InvalidData, SequenceNotFound
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.journal import Journal


def find_event(journal: Journal, given: str) -> RecordedEvent | None:
    """Return the one event that is meant, None if it is not there.

    Args:
        journal: an open journal.
        given: a global position, an event id, or a place: the id or the name of a sequence, a slash and a version.

    Raises:
        AmbiguousId: an abbreviation, before a slash, is that of several sequences.
    """
    with suppress(InvalidData):
        return _at_global_position(journal, rules.global_position(given))
    with suppress(InvalidData):
        return journal.events.get_item_with_event_id(rules.originator_id(given))
    sequence, slash, version = given.rpartition("/")
    if slash and sequence:
        with suppress(InvalidData, SequenceNotFound):
            originator_id = find_sequence(journal, checked_name(sequence))
            return journal.events.get_item(originator_id, rules.originator_version(version))
    return None


def _at_global_position(journal: Journal, position: int) -> RecordedEvent | None:
    pages = journal.events.pages(after=position - 1, until=position)
    return next((RecordedEvent._make(row) for page in pages for row in page), None)

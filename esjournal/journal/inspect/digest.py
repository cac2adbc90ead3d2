"""Digests: a SHA-256 over the events of a journal or a sequence, in order.

A digest is made from the lines that `export` writes, without their global positions and without the names that
sequences have in some stores, so that copies of the same events have the same digest at any position, on either
database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.interchange import ndjson
from esjournal.journal.journal import Journal

Events = Sequence[EventRow] | Sequence[RecordedEvent]

_OMITTED = frozenset({"global_position", "sequence_name"})


class Digest:
    """A digest that grows with the events it is given."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def update(self, events: Events, *, checked: bool = False) -> None:
        """Add events to the digest.

        Args:
            events: events in order, as plain tuples or RecordedEvents; they need no global positions.
            checked: whether the states are known to be sound.
        """
        self._sha256.update(ndjson.lines_of(events, checked=checked, omitted=_OMITTED).encode())

    def update_columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add events to the digest, given as columns of the fields of RecordedEvent without global positions."""
        self._sha256.update(ndjson.lines_of_columns(columns, omitted=_OMITTED).encode())

    def hexdigest(self) -> str:
        """Return the digest as text, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def digest_of(pages: Iterable[Events]) -> str:
    """Return the digest of events.

    Args:
        pages: the events in order, a page at a time.
    """
    digest = Digest()
    for page in pages:
        digest.update(page)
    return digest.hexdigest()


def sequence_digests(journal: Journal, *, until: int) -> Iterator[tuple[str, str]]:
    """Yield the id of each sequence and the digest of its events, in the order of the ids.

    Args:
        journal: an open journal.
        until: the last global position to include.
    """
    sequence_id, digest = None, Digest()
    for page in journal.events.pages_by_place(until=until):
        for found, events in groupby(page, key=itemgetter(0)):
            if found != sequence_id:
                if sequence_id is not None:
                    yield sequence_id, digest.hexdigest()
                sequence_id, digest = found, Digest()
            digest.update(list(events))
    if sequence_id is not None:
        yield sequence_id, digest.hexdigest()

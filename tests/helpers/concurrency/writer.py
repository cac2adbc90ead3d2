"""A process that appends batches and prints a line for each acknowledged one, with the seconds that it took.

usage: writer.py URL BATCHES SIZE [SEQUENCE]

It prints `ready` when its store is open, and starts when a line comes on stdin. Without SEQUENCE every batch is a
sequence of its own. With SEQUENCE every batch is appended after what others have written to it, and is retried if
another writer was faster.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

from esjournal.domain.model.events import DomainEvent
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.retrying import retry
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.journal.journalstore import open_event_store


def batch(sequence: UUID, first_version: int, size: int) -> list[DomainEvent]:
    return [
        DomainEvent(originator_id=sequence, originator_version=version, nonce=uuid4().hex, padding="x" * 200)
        for version in range(first_version, first_version + size)
    ]


@retry(attempts=14, wait=0.002)
def append_behind_others(
    store: EventStore[StoredEvent], sequence: UUID, size: int
) -> tuple[list[DomainEvent], Sequence[int]]:
    last = store.get_most_recent_event(sequence)
    events = batch(sequence, 0 if last is None else last.originator_version + 1, size)
    return events, store.append(events)


def main(url: str, batches: int, size: int, sequence: UUID | None) -> None:
    with open_event_store(url, create=True) as store:
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        for _ in range(batches):
            begun = time.perf_counter()
            if sequence is None:
                events = batch(uuid4(), 0, size)
                positions = store.append(events)
            else:
                events, positions = append_behind_others(store, sequence, size)
            seconds = time.perf_counter() - begun
            acknowledged = [
                [position, event.originator_version, event.nonce]
                for position, event in zip(positions, events, strict=True)
            ]
            print(json.dumps([seconds, acknowledged]), flush=True)  # noqa: T201


if __name__ == "__main__":
    url, batches, size, *sequence = sys.argv[1:]
    main(url, int(batches), int(size), UUID(sequence[0]) if sequence else None)

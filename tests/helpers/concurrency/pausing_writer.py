"""A process that pauses between writing and COMMIT, and prints which events were acknowledged, and when.

usage: pausing_writer.py URL EVENTS MILLISECONDS [unlocked]

It prints `ready` when its journal is open, and starts when a line comes on stdin. It writes batches of one to five
events to a sequence of its own, each in a transaction, in which it pauses for at most MILLISECONDS. If the server goes
away, it waits for it. An unlocked writer begins its transactions without the journal's lock.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import OutcomeUnknown, StoreUnreachable
from esjournal.journal.journal import Journal, open_journal

MOST_AT_A_TIME = 5


def write(journal: Journal, events: list[RecordedEvent], pause: float) -> Sequence[int | None]:
    """Write events, and return their positions."""
    with journal.events.transaction() as transaction:
        positions = transaction.append(events)
        time.sleep(random.uniform(0, pause))
    return positions


def write_carefully(journal: Journal, events: list[RecordedEvent], pause: float) -> Sequence[int | None]:
    """Write events unless they are there already, and return their positions."""
    with journal.events.transaction() as transaction:
        if not transaction.stored_at(events):
            transaction.append(events)
            time.sleep(random.uniform(0, pause))
        stored = transaction.stored_at(events)
    return [stored[event.originator_id, event.originator_version].global_position for event in events]


def write_and_wait(journal: Journal, events: list[RecordedEvent], pause: float) -> Sequence[int | None]:
    """Write events, and try again while the server is gone; a COMMIT may have succeeded without an answer."""
    way = write
    while True:
        try:
            return way(journal, events, pause)
        except (StoreUnreachable, OutcomeUnknown):
            way = write_carefully
            time.sleep(0.05)


def take_out_lock(journal: Journal) -> None:
    def begin(connection: Any, table: object) -> None:
        connection.execute("BEGIN")

    journal.events.session.begin = begin  # type: ignore[method-assign]


def main(url: str, count: int, pause: float, unlocked: bool) -> None:
    with open_journal(url) as journal:
        if unlocked:
            take_out_lock(journal)
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        sequence, version = str(uuid4()), 0
        while version < count:
            versions = range(version, min(version + random.randint(1, MOST_AT_A_TIME), count))
            states = [json.dumps({"nonce": uuid4().hex, "padding": "x" * 100}) for _ in versions]
            events = [
                RecordedEvent(sequence, number, "follower#Followed", state)
                for number, state in zip(versions, states, strict=True)
            ]
            # Without the lock, the positions that append returns are a guess.
            positions = (write_carefully if unlocked else write_and_wait)(journal, events, pause)
            nonces = [json.loads(state)["nonce"] for state in states]
            print(json.dumps([time.monotonic(), list(zip(positions, versions, nonces, strict=True))]), flush=True)  # noqa: T201
            version = versions.stop


if __name__ == "__main__":
    url, events, milliseconds, *how = sys.argv[1:]
    main(url, int(events), float(milliseconds) / 1000, how == ["unlocked"])

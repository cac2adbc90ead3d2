"""Measure how many events a second `each` hands to a command that reads all of them and does nothing.

usage: python benchmarks/consume.py [--rounds N] [FOLDER]

The journal is a SQLite file of 100,000 events. In each round a new cursor begins at its end, so many events before it
that a run takes some seconds. A run without events is start-up, and is subtracted. The command is `cat`, with its
output discarded; the cursor is synced to the disk after each batch.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from measuring import esjournal

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.journal import initialise, open_journal

EVENTS, ROUNDS = 100_000, 5
# The events of a batch, and of a run.
RUNS = ((1, 500), (10, 5_000), (100, 50_000), (1_000, 100_000))
STATE = json.dumps({"order": "order-1001", "amount": 12.5, "carrier": "post", "lines": [1, 2, 3]})


def seconds_of(journal: Path, cursor: Path, batch: int) -> float:
    """Handle what is after a cursor, and return how long that takes."""
    started = time.perf_counter()
    subprocess.run(
        esjournal(journal, "each", "--cursor-file", cursor, "--batch", str(batch), "--", "cat"),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def cursor_before(journal: Path, cursor: Path, events: int) -> None:
    """Make a cursor that has a number of events after it."""
    cursor.unlink(missing_ok=True)
    limit = str(EVENTS - events)
    command = esjournal(journal, "export", "--limit", limit, "--cursor-file", cursor)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("folder", type=Path, nargs="?", default=None)
    given = parser.parse_args()
    rates: dict[int, list[float]] = {batch: [] for batch, _ in RUNS}
    with tempfile.TemporaryDirectory(prefix="esjournal-", dir=given.folder) as folder:
        journal, cursor = Path(folder) / "journal.db", Path(folder) / "cursor"
        initialise(str(journal))
        with open_journal(str(journal)) as opened, opened.events.transaction() as transaction:
            transaction.append([RecordedEvent(str(uuid4()), 0, "orders#Placed", STATE) for _ in range(EVENTS)])
        for number in range(given.rounds):
            for batch, events in RUNS[:: 1 if number % 2 else -1]:
                cursor_before(journal, cursor, events)
                whole = seconds_of(journal, cursor, batch)
                rates[batch].append(events / (whole - seconds_of(journal, cursor, batch)))
    for size, found in rates.items():
        low, high = min(found), max(found)
        print(
            f"{size:,} at a time: {statistics.median(found):,.0f} events/s, in single rounds {low:,.0f} to {high:,.0f}"
        )
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()

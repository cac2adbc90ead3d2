"""Compare esjournal's SQLite strategy with the SQLite recorders of eventsourcing 9.5, in one run.

usage: python benchmarks/library.py [ROUNDS]

Both sides write the same events to a file in WAL mode, and read them back as objects: esjournal with its active record
strategy, eventsourcing with SQLiteApplicationRecorder, and for reading also with SQLiteAggregateRecorder, whose table
keeps no global order. Each round runs every side once, in its own process and on its own file, and the order changes
from round to round. eventsourcing has its own environment, which is made on the first run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from peers import peer_python, version_of

PEER = "eventsourcing==9.5.*"
SIDES = ("esjournal", "application", "aggregate")

SEQUENCES, LENGTH = 200, 10
APPENDS, BATCHES, BATCH = 300, 15, 1_000
TOPIC = "flights.events#Departed"
STATE = '{"carrier":"UA","dest":"IAH","dep_delay":2.0,"distance":1400,"flight":1545,"origin":"EWR"}'

OPERATIONS = {
    "get": f"get of a sequence of {LENGTH} events",
    "append": "append of one event",
    "batch": f"append of a batch of {BATCH:,} events",
}

Items = Callable[[UUID, int], list[Any]]
Append = Callable[[list[Any]], object]
Get = Callable[[UUID], list[Any]]


def open_esjournal(file: Path) -> tuple[Items, Append, Get, int]:
    from esjournal.infrastructure.sequenceditem import StoredEvent
    from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
    from esjournal.journal.journalstore import open_event_store

    strategy = open_event_store(str(file), create=True).active_record_strategy
    assert isinstance(strategy, SQLAlchemyActiveRecordStrategy)
    with strategy.session.connection() as connection:
        [synchronous] = connection.execute("PRAGMA synchronous").fetchone()

    def items(sequence: UUID, count: int) -> list[Any]:
        return [StoredEvent(sequence, version, TOPIC, STATE) for version in range(count)]

    return items, strategy.append, strategy.get_items, synchronous


def open_eventsourcing(file: Path, recorder_name: str) -> tuple[Items, Append, Get, int]:
    from eventsourcing import sqlite
    from eventsourcing.persistence import StoredEvent

    datastore = sqlite.SQLiteDatastore(str(file))
    recorder = getattr(sqlite, recorder_name)(datastore)
    recorder.create_table()
    with datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        [synchronous] = cursor.fetchone()
    state = STATE.encode()

    def items(sequence: UUID, count: int) -> list[Any]:
        return [StoredEvent(sequence, version, TOPIC, state) for version in range(count)]

    return items, recorder.insert_events, recorder.select_events, synchronous


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure(side: str, file: Path) -> dict[str, float]:
    """Return the median seconds of each operation, and the value of PRAGMA synchronous."""
    if side == "esjournal":
        items, append, get, synchronous = open_esjournal(file)
    else:
        items, append, get, synchronous = open_eventsourcing(file, f"SQLite{side.capitalize()}Recorder")
    batches = [items(uuid4(), BATCH) for _ in range(BATCHES)]
    singles = [items(uuid4(), 1) for _ in range(APPENDS)]
    sequences = [uuid4() for _ in range(SEQUENCES)]
    append([item for sequence in sequences for item in items(sequence, LENGTH)])
    assert len(get(sequences[0])) == LENGTH
    return {
        "batch": statistics.median(seconds(partial(append, batch)) for batch in batches),
        "append": statistics.median(seconds(partial(append, single)) for single in singles),
        "get": statistics.median(seconds(partial(get, sequence)) for sequence in sequences * 5),
        "synchronous": synchronous,
    }


def run_in_a_process(python: str, side: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        worker = [python, __file__, "--worker", side, str(Path(folder) / "events.db")]
        found: dict[str, float] = json.loads(subprocess.run(worker, check=True, capture_output=True).stdout)
        return found


def main(rounds: int) -> None:
    peer = peer_python(PEER, "eventsourcing.sqlite")
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in SIDES if number % 2 else reversed(SIDES):
            python = sys.executable if side == "esjournal" else peer
            measured[side].append(run_in_a_process(python, side))

    version = version_of(peer, "eventsourcing")
    levels = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
    said = {side: levels[int(runs[0]["synchronous"])] for side, runs in measured.items()}
    print(f"esjournal and eventsourcing {version}, medians of {rounds} rounds; a ratio of 1 or more: esjournal is")
    print("at least as fast. Both are in WAL mode; PRAGMA synchronous says", end=" ")
    print(f"{said['esjournal']} for esjournal and {said['application']} for eventsourcing, which leaves it as it is.\n")
    print("| operation | esjournal, µs | beside | µs | ratio |\n|---|---|---|---|---|")
    for operation, words in OPERATIONS.items():
        ours = statistics.median(run[operation] for run in measured["esjournal"])
        for side in ("application", "aggregate") if operation == "get" else ("application",):
            theirs = statistics.median(run[operation] for run in measured[side])
            recorder = f"SQLite{side.capitalize()}Recorder"
            print(f"| {words} | {ours * 1e6:,.0f} | {recorder} | {theirs * 1e6:,.0f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 9)

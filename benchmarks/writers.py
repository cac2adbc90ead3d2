"""Compare writers that append one durable event at a time with those of eventsourcing 9.5, in one run.

usage: python benchmarks/writers.py [--rounds N] [--seconds S] [--writers N]... [--beside N]... [--commit FOLDER]
                                    [DATABASE]...

Each writer is a process with a sequence of its own. All of them begin at the same time, and append for some seconds to
one store: esjournal's event store, and eventsourcing's application recorder, which also keeps a global order. On
PostgreSQL a third side does nothing but that: it takes a lock and inserts a row after the last one, in one round trip
through psycopg. The sides take turns, each round with a new store. DATABASE is sqlite or postgresql; the default is
both. With --commit, the esjournal of another checkout's environment, FOLDER/.venv, is a side too. eventsourcing has its
own environment, which is made on the first run.

Every side syncs each event to the disk before it goes on. On SQLite all use a WAL, and sync it once for each event.

With --beside, one writer appends beside an import of 30,000 events that commits every N, of esjournal only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from generated import write_events
from peers import peer_python, postgres_server

PEER = "eventsourcing[postgres]==9.5.*"
ROUNDS, SECONDS = 5, 3.0
IMPORTED = 30_000
# Long enough for the slowest import.
BESIDE_SECONDS = 120.0
TOPIC = "flights.events#Departed"
STATE = '{"carrier":"UA","dest":"IAH","dep_delay":2.0,"distance":1400,"flight":1545,"origin":"EWR"}'

# Appends the event of a version.
Append = Callable[[int], object]


def esjournal_writer(url: str) -> Append:
    from esjournal import StoredEvent, open_event_store

    strategy = open_event_store(url).active_record_strategy
    sequence = uuid4()
    return lambda version: strategy.append(StoredEvent(sequence, version, TOPIC, STATE))


def eventsourcing_writer(url: str) -> Append:
    from eventsourcing.persistence import StoredEvent

    recorder = recorder_of(url)
    sequence, state = uuid4(), STATE.encode()
    return lambda version: recorder.insert_events([StoredEvent(sequence, version, TOPIC, state)])


def bare_writer(url: str) -> Append:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    sequence = uuid4()

    def append(version: int) -> int:
        with connection.pipeline():
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            inserted = connection.execute(
                "INSERT INTO stored_events "
                "(global_position, originator_id, originator_version, event_type, state, recorded_at) "
                "VALUES ((SELECT coalesce(max(global_position), 0) + 1 FROM stored_events), %s, %s, %s, %s, %s) "
                "RETURNING global_position",
                (sequence, version, TOPIC, STATE, datetime.now(UTC)),
            )
            connection.execute("COMMIT")
        [position] = inserted.fetchone() or [0]
        return int(position)

    return append


WRITERS: dict[str, Callable[[str], Append]] = {"eventsourcing": eventsourcing_writer, "psycopg": bare_writer}


def recorder_of(url: str):  # type: ignore[no-untyped-def]
    if url.startswith("sqlite"):
        from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

        return SQLiteApplicationRecorder(SQLiteDatastore(url.removeprefix("sqlite:///")))
    from urllib.parse import parse_qs, urlsplit

    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    parts = urlsplit(url)
    [host] = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])
    datastore = PostgresDatastore(
        dbname=parts.path.lstrip("/"),
        host=host,
        port=str(parts.port or 5432),
        user=parts.username or "postgres",
        password=parts.password or "",
    )
    return PostgresApplicationRecorder(datastore, events_table_name="stored_events")


def prepare(side: str, url: str) -> None:
    if side == "eventsourcing":
        recorder_of(url).create_table()
    else:
        from esjournal import open_event_store

        open_event_store(url, create=True).close()


def write(side: str, url: str, seconds: float) -> None:
    """Append from the line on stdin on, for some seconds or until SIGTERM, and print what was measured."""
    append = WRITERS.get(side, esjournal_writer)(url)
    append(0)
    is_told_to_end: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: is_told_to_end.append(number))
    print("ready", flush=True)
    sys.stdin.readline()
    times, failures, version = [], 0, 1
    began, processor = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - began < seconds and not is_told_to_end:
        try:
            append(version)
            version += 1
        except Exception:
            failures += 1
        times.append(time.perf_counter() - now)
    used = time.process_time() - processor
    print(json.dumps({"appends": version - 1, "times": times, "failures": failures, "processor": used}))


@contextmanager
def started_writers(
    python: str, side: str, url: str, writers: int, seconds: float
) -> Iterator[list[subprocess.Popen[str]]]:
    """Yield writers that have begun on a new store."""
    this = [python, __file__]
    subprocess.run([*this, "--worker", "prepare", side, url], check=True)
    command = [*this, "--worker", "write", side, url, str(seconds)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(writers)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    yield started


def run_writers(python: str, side: str, url: str, writers: int, seconds: float) -> dict[str, float]:
    """Run writers on a new store, and return what they measured together."""
    with started_writers(python, side, url, writers, seconds) as started:
        found = [json.loads(process.communicate()[0]) for process in started]
    times = sorted(one for each in found for one in each["times"])
    appends = sum(each["appends"] for each in found)
    return {
        "rate": appends / seconds,
        "p50": statistics.median(times) * 1e6,
        "longest": times[-1] * 1e3,
        "processor": sum(each["processor"] for each in found) / appends * 1e6,
        "failures": sum(each["failures"] for each in found),
    }


def run_beside(python: str, url: str, file: Path, commit_every: int) -> dict[str, float]:
    """Run one writer beside an import, and return what both measured."""
    command = [python, "-m", "esjournal", "--url", url, "import", "--commit-every", str(commit_every), str(file)]
    with started_writers(python, "esjournal", url, 1, BESIDE_SECONDS) as [writer]:
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        writer.terminate()
        times = sorted(json.loads(writer.communicate()[0])["times"])
    return {
        "appends": len(times),
        "p50": statistics.median(times) * 1e6,
        "longest": times[-1] * 1e3,
        "seconds": seconds,
    }


def new_store(server: str, folder: Path) -> str:
    """Return the URL of an empty store: a file, or a database of its own, because the peer has no schemas."""
    name = f"writers_{uuid4().hex}"
    if not server:
        return f"sqlite:///{folder / name}"
    import psycopg
    from sqlalchemy import make_url

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def compare(database: str, writers: int, sides: dict[str, str], rounds: int, seconds: float) -> None:
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory(prefix="esjournal-") as name:
        folder = Path(name)
        with postgres_server(folder) as server:
            for number in range(rounds):
                for side in sides if number % 2 else reversed(sides):
                    url = new_store(server if database == "postgresql" else "", folder)
                    measured[side].append(run_writers(sides[side], side, url, writers, seconds))
    peers = measured["eventsourcing"]
    for side, runs in measured.items():
        ratios = [one["rate"] / other["rate"] for one, other in zip(runs, peers, strict=True)]
        middle = {name: statistics.median(run[name] for run in runs) for name in ("rate", "p50", "processor")}
        print(
            f"| {database} | {writers} | {side} | {middle['rate']:,.0f} | {statistics.median(ratios):.2f} | "
            f"{middle['p50']:,.0f} | {max(run['longest'] for run in runs):,.0f} | {middle['processor']:,.0f} | "
            f"{sum(run['failures'] for run in runs):.0f} |",
            flush=True,
        )


def compare_beside(database: str, commit_every: int, sides: dict[str, str], rounds: int) -> None:
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in sides if side in ("esjournal", "commit")}
    with tempfile.TemporaryDirectory(prefix="esjournal-") as name:
        folder = Path(name)
        file = write_events(folder / "events.ndjson", IMPORTED)
        with postgres_server(folder) as server:
            for _ in range(rounds):
                for side, runs in measured.items():
                    url = new_store(server if database == "postgresql" else "", folder)
                    runs.append(run_beside(sides[side], url, file, commit_every))
    for side, runs in measured.items():
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        print(
            f"| {database} | {commit_every:,} | {side} | {middle['appends']:,.0f} | {middle['p50']:,.0f} | "
            f"{middle['longest']:,.0f} | {max(run['longest'] for run in runs):,.0f} | {middle['seconds']:.1f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--writers", type=int, action="append")
    parser.add_argument("--beside", type=int, action="append", metavar="N")
    parser.add_argument("--commit", type=Path)
    parser.add_argument("databases", nargs="*", choices=["sqlite", "postgresql", []])
    given = parser.parse_args()
    sides = {"esjournal": sys.executable, "eventsourcing": peer_python(PEER, "eventsourcing.postgres")}
    if given.commit is not None:
        sides["commit"] = str(given.commit.absolute() / ".venv" / "bin" / "python")
    databases = given.databases or ["sqlite", "postgresql"]
    if given.beside:
        print("| database | commit every | side | appends | p50, µs | longest, ms | in any round | import, s |")
        print("|---|---|---|---|---|---|---|---|")
        for database in databases:
            for commit_every in given.beside:
                compare_beside(database, commit_every, sides, given.rounds)
    else:
        print("| database | writers | side | appends/s | ratio | p50, µs | longest, ms | processor, µs | failures |")
        print("|---|---|---|---|---|---|---|---|---|")
        for database in databases:
            bare = {"psycopg": sys.executable} if database == "postgresql" else {}
            for writers in given.writers or [1, 8]:
                compare(database, writers, sides | bare, given.rounds, given.seconds)
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    if sys.argv[1:3] == ["--worker", "prepare"]:
        prepare(*sys.argv[3:5])
    elif sys.argv[1:3] == ["--worker", "write"]:
        write(sys.argv[3], sys.argv[4], float(sys.argv[5]))
    else:
        main()

"""Compare a journal in a schema that Citus keeps on a worker with one on plain PostgreSQL, in one run.

usage: python benchmarks/citus.py [--rounds N] [--seconds S] [--flights FILE] PLAIN CITUS [WORK]...

PLAIN and CITUS are the URLs of two databases, best with the same binaries, settings and disk: one without Citus, and
one of a coordinator with two workers, for which citus.enable_schema_based_sharding is on. WORK is any of writers,
commands and move; the default is all of them.

- writers: 1 and 8 processes append one durable event at a time for some seconds, as in benchmarks/writers.py.
- commands: whole processes import events into an empty journal, export them to a file, and verify them.
- move: once, and only on Citus, a journal with these events moves to another worker, while a process appends to it and
  another one follows it.

For writers and commands the two take turns, each time with an empty journal. The events are the flights if there is a
file of them, and otherwise 100,000 generated ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
from generated import write_events
from journals import Postgres
from measuring import esjournal, lines_in, run
from writers import run_writers, started_writers

EVENTS, ROUNDS, SECONDS = 100_000, 3, 3.0
# Longer than a move takes.
MOVING_SECONDS = 240.0
WORKS = ("writers", "commands", "move")
ELSEWHERE = """
    SELECT node_name, node_port FROM citus_get_active_worker_nodes()
    WHERE (node_name, node_port)
    NOT IN (SELECT nodename, nodeport FROM citus_shards WHERE table_name = CAST(%s AS regclass))
"""
MOVE = "SELECT citus_schema_move(CAST(%s AS regnamespace), %s, %s)"


class Cluster(Postgres):
    """A coordinator with workers."""

    def empty(self, schema: str) -> None:
        """Make the journal of a schema, or empty it, and leave no server work to do later."""
        super().empty(schema)
        self.execute("SELECT count(*) FROM run_command_on_workers('CHECKPOINT')")


# Seconds, or appends a second, by what was measured.
Figures = dict[str, float]


def write(database: Postgres, seconds: float) -> Figures:
    figures = {}
    for writers in (1, 8):
        database.empty(schema := database.schema("journal"))
        found = run_writers(sys.executable, "esjournal", database.url(schema), writers, seconds)
        assert not found["failures"]
        figures[f"{writers} {'writer' if writers == 1 else 'writers'}, appends/s"] = found["rate"]
    return figures


def command(database: Postgres, file: Path) -> Figures:
    [count] = lines_in(file)
    database.empty(schema := database.schema("journal"))
    url = database.url(schema)
    exported = file.with_name("exported.ndjson")
    figures = {f"import of {count:,} events, s": run(esjournal(url, "import", file)).seconds}
    database.settle(schema)
    figures["export, s"] = run(esjournal(url, "export", "-o", exported)).seconds
    assert lines_in(exported) == (count,)
    figures["verify, s"] = run(esjournal(url, "verify")).seconds
    return figures


def compared(rounds: list[tuple[Figures, Figures]]) -> Iterator[str]:
    """Yield a row for each figure: medians, and the median of the ratios of single rounds, with all of them."""
    for name in rounds[0][0]:
        plain, citus = ([figures[side][name] for figures in rounds] for side in (0, 1))
        ratios = sorted(one / other for one, other in zip(citus, plain, strict=True))
        digits = 0 if name.endswith("appends/s") else 2
        yield (
            f"| {name} | {statistics.median(plain):,.{digits}f} | {statistics.median(citus):,.{digits}f} | "
            f"**{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )


def move(database: Postgres, file: Path) -> str:
    """Move a journal under a writer and a follower, and return what was seen."""
    [count] = lines_in(file)
    database.empty(schema := database.schema("moved"))
    url = database.url(schema)
    run(esjournal(url, "import", file))
    with (
        closing(psycopg.connect(database.server, autocommit=True)) as connection,
        subprocess.Popen(
            esjournal(url, "log", "-f", "--after", str(count), "-F", "ndjson"), stdout=subprocess.PIPE
        ) as follower,
        started_writers(sys.executable, "esjournal", url, 1, MOVING_SECONDS) as [writer],
    ):
        time.sleep(1)
        [address, *_] = connection.execute(ELSEWHERE, (f"{schema}.stored_events",)).fetchall()
        began = time.perf_counter()
        connection.execute(MOVE, (schema, *address))
        seconds = time.perf_counter() - began
        time.sleep(1)
        writer.terminate()
        found = json.loads(writer.communicate()[0])
        # One more was appended before the writer was ready.
        appended = found["appends"] + 1
        assert follower.stdout is not None
        positions = [json.loads(follower.stdout.readline())["global_position"] for _ in range(appended)]
        follower.terminate()
    assert positions == list(range(count + 1, count + appended + 1)), "the follower missed events"
    run(esjournal(url, "verify"))
    return (
        f"A journal of {count:,} events moved in {seconds:.1f} s. A writer appended {appended:,} events from a second "
        f"before to a second after, with {found['failures']} failures, and waited {max(found['times']):.2f} s at most; "
        f"a follower had all of them in order, and verify found nothing."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plain", type=Postgres, metavar="PLAIN")
    parser.add_argument("citus", type=Cluster, metavar="CITUS")
    parser.add_argument("works", nargs="*", choices=[*WORKS, []], metavar="WORK")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--flights", type=Path, help="real events, .ndjson or .ndjson.gz; else generated ones")
    given = parser.parse_args()
    works = given.works or WORKS
    with tempfile.TemporaryDirectory(prefix="esjournal-") as folder, closing(given.plain), closing(given.citus):
        file = events(Path(folder) / "events.ndjson", given.flights)
        measured: list[tuple[Figures, Figures]] = []
        for number in range(given.rounds if set(works) & {"writers", "commands"} else 0):
            figures: dict[Postgres, Figures] = {given.plain: {}, given.citus: {}}
            for database in (given.citus, given.plain) if number % 2 else (given.plain, given.citus):
                if "writers" in works:
                    figures[database] |= write(database, given.seconds)
                if "commands" in works:
                    figures[database] |= command(database, file)
            measured.append((figures[given.plain], figures[given.citus]))
        if measured:
            print("| work | plain | Citus | ratio | in single rounds |\n|---|--:|--:|--:|---|")
            print(*compared(measured), sep="\n", flush=True)
        if "move" in works:
            print(f"\n{move(given.citus, file)}")
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def events(file: Path, flights: Path | None) -> Path:
    """Write the events to import to a file, and return it."""
    if flights is None:
        return write_events(file, EVENTS)
    with gzip.open(flights) if flights.suffix == ".gz" else flights.open("rb") as source, file.open("wb") as target:
        shutil.copyfileobj(source, target)
    return file


if __name__ == "__main__":
    main()

"""How long `esjournal query` takes to count events by a field of their state, beside other programs on the same events.

usage: python benchmarks/query.py [--events N] [--rounds N]

Makes a journal of generated events in SQLite, and a Parquet file of it. Every program is a process of its own, and all
of them take turns in each round: Python's sqlite3 with `json_extract` in the journal's own table, DuckDB over the
Parquet file, and the queries.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from generated import write_events
from measuring import Run, esjournal, run

EVENTS, ROUNDS = 1_000_000, 5
SQLITE = """
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT json_extract(state, '$.item'), count(*) FROM stored_events GROUP BY 1"
)
print(rows.fetchall())
"""
DUCKDB = """
import duckdb, sys
print(duckdb.sql(f"SELECT state->>'item', count(*) FROM '{sys.argv[1]}' GROUP BY 1").fetchall())
"""
QUERIES = {
    "count by a field of the state": "select state->>'item', count(*) from events group by 1",
    "... twice, in a join": "select count(*) from events a join events b using (position) "
    "where a.state->>'item' = b.state->>'item'",
    "count by type": "select type, count(*) from events group by 1",
    "the longest sequences": "from sequences order by events desc, id limit 10",
    "the last events, whole": "from events order by position desc limit 10",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = Path(folder)
        journal, parquet = place / "journal.db", place / "events.parquet"
        file = write_events(place / "events.ndjson", given.events)
        for arguments in (["init"], ["import", file], ["export", "-o", parquet]):
            subprocess.run(esjournal(journal, *arguments), check=True, stderr=subprocess.DEVNULL)
        commands = {
            "sqlite3, json_extract": [sys.executable, "-c", SQLITE, str(journal)],
            "DuckDB, over the Parquet file": [sys.executable, "-c", DUCKDB, str(parquet)],
            **{name: esjournal(journal, "query", sql) for name, sql in QUERIES.items()},
        }
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(given.rounds):
            for name, command in commands.items():
                runs[name].append(run(command))
        print("| | s | processor, s | peak, MB | processor time, times sqlite3 |\n|---|---|---|---|---|")
        for name, found in runs.items():
            beside = zip(found, runs["sqlite3, json_extract"], strict=True)
            ratio = statistics.median(one.processor / other.processor for one, other in beside)
            seconds = statistics.median(one.seconds for one in found)
            processor = statistics.median(one.processor for one in found)
            peak = max(one.peak for one in found) / 1e6
            print(f"| {name} | {seconds:.2f} | {processor:.2f} | {peak:.0f} | {ratio:.1f} |")
        print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()

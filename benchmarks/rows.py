"""Compare `import --rows` of CSV with other ways of bringing rows into SQLite, in one run.

usage: python benchmarks/rows.py [--rows N] [--rounds N]

Every side is a whole process that reads the same file, and the order of the sides changes from round to round. Prints
the median seconds of each, those of its processors (all of its processes together), the rows for each second, and its
peak memory.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import peers
from measuring import Run, copy, esjournal, remove, rows_in, run

ROWS_OF_AN_ORDER = 3
# What a user would write without this program: ids and versions like ours, in one transaction, with a unique index.
SCRIPT = """
import csv, json, sqlite3, sys, uuid
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

zone = ZoneInfo("Europe/Berlin")
versions = Counter()

def events():
    with open(sys.argv[1], newline="") as file:
        for row in csv.DictReader(file):
            order = str(uuid.uuid5(uuid.NAMESPACE_URL, "order-" + row["order_no"]))
            version = versions[order]
            versions[order] += 1
            placed = datetime.fromisoformat(row["placed_at"]).replace(tzinfo=zone).astimezone(UTC)
            yield order, version, "orders#" + row["status"], json.dumps(row), placed.isoformat()

with sqlite3.connect(sys.argv[2]) as connection:
    connection.execute(
        "CREATE TABLE events (position INTEGER PRIMARY KEY, id TEXT, version INTEGER, type TEXT, state TEXT,"
        " recorded_at TEXT, UNIQUE (id, version))"
    )
    connection.executemany("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)", events())
"""


class Side(NamedTuple):
    """A way of bringing rows into a table."""

    name: str
    command: list[str]
    prepare: Callable[[], object]
    file: Path
    table: str


def write_orders(path: Path, count: int) -> Path:
    """Write rows of orders: the statuses of one order are far apart, as in a table that grew."""
    chance = random.Random(1)
    orders = count // ROWS_OF_AN_ORDER
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["order_no", "status", "placed_at", "customer", "total", "item"])
        for number in range(orders * ROWS_OF_AN_ORDER):
            status = ("Placed", "Paid", "Shipped")[number // orders]
            minutes = number % 500_000
            placed_at = f"2025-{1 + minutes // 44_640:02}-{1 + minutes // 1_440 % 28:02} {minutes // 60 % 24:02}"
            placed_at += f":{minutes % 60:02}:{chance.randrange(60):02}"
            total = f"{chance.randrange(10, 100_000) / 100:.2f}"
            item = chance.choice(["tea", "jam", "bread, rye", "salt"])
            writer.writerow([number % orders, status, placed_at, f"Customer {chance.randrange(10_000)}", total, item])
    return path


def sides(folder: Path, file: Path) -> list[Side]:
    empty, ours, theirs = folder / "empty.db", folder / "ours.db", folder / "theirs.db"
    subprocess.run(esjournal(empty, "init"), check=True, capture_output=True)
    templates = ["--rows", "--sequence", "order-{order_no}", "--event-type", "orders#{status}"]
    templates += ["--recorded-at", "{placed_at}", "--time-zone", "Europe/Berlin"]
    more = [*templates, "--detect-types", "--event-id", "{order_no}/{status}", "--meta", "by={customer}"]
    script = folder / "script.py"
    script.write_text(SCRIPT)
    found = [
        Side(name, esjournal(ours, "import", *options, file), lambda: copy(empty, ours), ours, "stored_events")
        for name, options in (("esjournal, templates and times", templates), ("... types, ids and metadata too", more))
    ]
    command = [sys.executable, str(script), str(file), str(theirs)]
    found.append(Side("csv, json and sqlite3 in Python", command, lambda: remove(theirs), theirs, "events"))
    try:
        python = peers.peer_python("sqlite-utils", "sqlite_utils")
    except subprocess.CalledProcessError:
        print("sqlite-utils cannot be installed: it is left out", file=sys.stderr)
        return found
    command = [python, "-m", "sqlite_utils", "insert", str(theirs), "orders", str(file), "--csv"]
    return [*found, Side("sqlite-utils `insert --csv`", command, lambda: remove(theirs), theirs, "orders")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="esjournal-rows-") as name:
        folder = Path(name)
        count = options.rows // ROWS_OF_AN_ORDER * ROWS_OF_AN_ORDER
        all_sides = sides(folder, write_orders(folder / "orders.csv", count))
        runs: dict[str, list[Run]] = {side.name: [] for side in all_sides}
        for number in range(options.rounds):
            for side in all_sides[number % len(all_sides) :] + all_sides[: number % len(all_sides)]:
                side.prepare()
                runs[side.name].append(run(side.command))
                assert rows_in(side.file, side.table) == (count,), side.name
    print(f"| {count:,} rows of CSV | s | s of processors | rows/s | peak MB |")
    print("|---|--:|--:|--:|--:|")
    for side in all_sides:
        seconds, processors, peak = (
            statistics.median(values)
            for values in zip(*((run.seconds, run.processor, run.peak) for run in runs[side.name]), strict=True)
        )
        print(f"| {side.name} | {seconds:.2f} | {processors:.2f} | {count / seconds:,.0f} | {peak / 1e6:.0f} |")


if __name__ == "__main__":
    main()

"""What ids that begin with the time (UUIDv7) save, compared with random ids (UUIDv4).

usage: python benchmarks/ids.py [--events N] [--rounds N] [--folder FOLDER]

The same generated events, once with ids of each version, are imported in turns: all of them into an empty journal in
one transaction, and then up to 200,000 after half of them, committed every 1,000 events as programs append them. For
each, the seconds and the processor seconds of the process, and the size of the journal at the end, are medians. A ratio
is the median of the ratios of single rounds, UUIDv4 by UUIDv7.

The PostgreSQL server is the one that the tests start, or the one in ESJOURNAL_TEST_POSTGRES_URL; its own processor time
is not counted.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from generated import write_events
from journals import Place, Postgres, open_place
from measuring import Run, copy, esjournal, run, warm

EVENTS, ROUNDS, COMMIT_EVERY = 3_000_000, 3, 1_000
MOST_APPENDED = 200_000
NAMES = ("all at once", "more of them after half, in parts")


class Side(NamedTuple):
    """Events with ids of one version: all, the first half, and some of those after it, in files."""

    version: int
    all: Path
    half: Path
    more: Path


class Ended(NamedTuple):
    """An import, and the size in bytes of the journal after it."""

    ran: Run
    size: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    with open_place(given.folder) as place:
        sides = [side(place.folder, version, given.events) for version in (4, 7)]
        print(f"{given.events:,} events; medians of {given.rounds} rounds\n")
        print("| import | store | s, UUIDv4 | s, UUIDv7 | ratio | processor s | | ratio | MB | |")
        print("|---" * 10 + "|")
        for row in rows(place, sides, given.rounds):
            print(row, flush=True)


def side(folder: Path, version: int, events: int) -> Side:
    file = write_events(folder / f"v{version}.ndjson", events, timed=version == 7)
    half, more = folder / f"v{version}-half.ndjson", folder / f"v{version}-more.ndjson"
    with file.open("rb") as lines, half.open("wb") as first, more.open("wb") as second:
        first.writelines(islice(lines, events // 2))
        second.writelines(islice(lines, MOST_APPENDED))
    return Side(version, file, half, more)


def rows(place: Place, sides: list[Side], rounds: int) -> Iterator[str]:
    """Yield a row for each import and store, as soon as it is measured."""
    halves = [place.imported(f"v{each.version}-half", each.half) for each in sides]
    begun = [partial(copy, half, place.runs / "journal.db") for half in halves]
    empty = [partial(copy, place.empty, place.runs / "journal.db")] * len(sides)
    url = str(place.runs / "journal.db")
    size = partial(size_of_file, place.runs / "journal.db")
    yield row(NAMES[0], "SQLite", in_turn(sides, empty, url, size, rounds, halved=False))
    yield row(NAMES[1], "SQLite", in_turn(sides, begun, url, size, rounds, halved=True))
    place.clear()
    postgres = place.postgres
    if postgres.missing:
        return
    schema = postgres.schema("ids")
    url, size = postgres.url(schema), partial(size_of_schema, postgres, schema)
    emptied = [partial(postgres.empty, schema)] * len(sides)
    filled = [partial(fill, postgres, schema, each.half) for each in sides]
    yield row(NAMES[0], "PostgreSQL", in_turn(sides, emptied, url, size, rounds, halved=False))
    yield row(NAMES[1], "PostgreSQL", in_turn(sides, filled, url, size, rounds, halved=True))


def fill(postgres: Postgres, schema: str, file: Path) -> None:
    postgres.empty(schema)
    run(esjournal(postgres.url(schema), "import", file))
    postgres.settle(schema)


def size_of_file(file: Path) -> int:
    return file.stat().st_size


def size_of_schema(postgres: Postgres, schema: str) -> int:
    [size] = postgres.execute(f"SELECT pg_total_relation_size('{schema}.stored_events')")
    return size


def in_turn(
    sides: list[Side],
    prepares: Sequence[Callable[[], object]],
    url: str,
    size: Callable[[], int],
    rounds: int,
    *,
    halved: bool,
) -> list[list[Ended]]:
    """Import the events of each side in turn, and return what each import took."""
    ended: list[list[Ended]] = [[] for _ in sides]
    options = ["--commit-every", str(COMMIT_EVERY)] if halved else []
    for number in range(rounds):
        for at in ((number + turn) % len(sides) for turn in range(len(sides))):
            file = sides[at].more if halved else sides[at].all
            prepares[at]()
            warm(file)
            ran = run(esjournal(url, "import", *options, file))
            ended[at].append(Ended(ran, size()))
    return ended


def row(name: str, store: str, ended: list[list[Ended]]) -> str:
    cells = []
    for measure in (seconds, processor_seconds):
        before, after = ([measure(each) for each in side] for side in ended)
        ratio = statistics.median(map(lambda one, other: one / other, before, after))
        cells += [f"{statistics.median(before):.1f}", f"{statistics.median(after):.1f}", f"**{ratio:.2f}**"]
    cells += [f"{statistics.median(each.size for each in side) / 1e6:.0f}" for side in ended]
    return f"| {name} | {store} | " + " | ".join(cells) + " |"


def seconds(ended: Ended) -> float:
    return ended.ran.seconds


def processor_seconds(ended: Ended) -> float:
    return ended.ran.processor


if __name__ == "__main__":
    main()

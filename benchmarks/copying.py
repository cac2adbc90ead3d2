"""How long it takes to copy a journal, compared with importing the same events from a file and with a pipe of both.

usage: python benchmarks/copying.py [--flights FILE] [--events N] [--rounds N]

For each pair of stores, four commands take turns to fill an empty journal with the same events: `copy --no-verify`,
`copy` with its proof, `import` of an uncompressed file, and the pipe `export | import -`. A ratio is the other's median
divided by that of `copy --no-verify`, because import and the pipe prove nothing either.

The PostgreSQL server is the one that the tests start, or the one in ESJOURNAL_TEST_POSTGRES_URL.
"""

from __future__ import annotations

import argparse
import gzip
import shlex
import shutil
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from generated import write_events
from journals import Data, Place, open_place
from measuring import copy, esjournal, run, stored_in, warm

FLIGHTS = Path(__file__).parents[2] / "shared" / "data" / "flights.ndjson.gz"
ROUNDS, EVENTS = 5, 1_000_000
SIDES = ("copy --no-verify", "copy", "import of NDJSON", "export \\| import")


class Target(NamedTuple):
    """An empty journal to fill: how to prepare it, and how many events it has at the end."""

    url: str
    prepare: Callable[[], object]
    found: Callable[[], tuple[int, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=Path, default=FLIGHTS, help="real events, as .ndjson or .ndjson.gz")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many generated ones; 0 for none")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with open_place() as place:
        print(f"medians of {given.rounds} rounds, seconds of whole processes\n")
        print("| from | to | events | " + " | ".join(SIDES) + " | import by copy | pipe by copy |")
        print("|---" * (len(SIDES) + 5) + "|")
        for data in data_sets(given, place):
            for row in rows(data, given.rounds):
                print(row, flush=True)


def data_sets(given: argparse.Namespace, place: Place) -> Iterator[Data]:
    if given.flights.exists():
        opened = gzip.open if given.flights.suffix == ".gz" else open
        with opened(given.flights, "rb") as packed, (place.folder / "flights.ndjson").open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        yield Data("flights", place.folder / "flights.ndjson", place)
    if given.events:
        yield Data("generated", write_events(place.folder / "generated.ndjson", given.events), place)


def rows(data: Data, rounds: int) -> Iterator[str]:
    """Yield a row for each pair of stores, as soon as it is measured."""
    sqlite, postgres = data.place.runs / "target.db", data.place.postgres
    into_sqlite = Target(str(sqlite), partial(copy, data.place.empty, sqlite), partial(stored_in, sqlite))
    yield row(data, "SQLite", str(data.journal), "SQLite", into_sqlite, rounds)
    if postgres.missing:
        return
    schema = postgres.schema("target")
    into_postgres = Target(postgres.url(schema), partial(postgres.empty, schema), partial(postgres.stored_in, schema))
    yield row(data, "SQLite", str(data.journal), "PostgreSQL", into_postgres, rounds)
    yield row(data, "PostgreSQL", postgres.url(data.schema), "SQLite", into_sqlite, rounds)
    yield row(data, "PostgreSQL", postgres.url(data.schema), "PostgreSQL", into_postgres, rounds)


def row(data: Data, from_: str, source: str, to: str, target: Target, rounds: int) -> str:
    program = esjournal(source)[:-2]
    piped = f"{shlex.join(esjournal(source, 'export'))} | {shlex.join(esjournal(target.url, 'import', '-'))}"
    commands = [
        [*program, "copy", "--no-verify", source, target.url],
        [*program, "copy", source, target.url],
        esjournal(target.url, "import", data.ndjson),
        ["bash", "-c", f"set -o pipefail; {piped}"],
    ]
    seconds: list[list[float]] = [[] for _ in commands]
    for number in range(rounds):
        found = set()
        for at in ((number + turn) % len(commands) for turn in range(len(commands))):
            target.prepare()
            warm(data.ndjson)
            seconds[at].append(run(commands[at]).seconds)
            found.add(target.found())
        assert len(found) == 1, f"{from_} to {to}: {found}"
        assert next(iter(found))[0] == data.count, f"{from_} to {to}: {found}"
    medians = [statistics.median(side) for side in seconds]
    cells = " | ".join(f"{median:.2f}" for median in medians)
    ratios = " | ".join(f"**{median / medians[0]:.2f}**" for median in medians[2:])
    return f"| {from_} | {to} | {data.count:,} {data.name} | {cells} | {ratios} |"


if __name__ == "__main__":
    main()

"""How fast `diff` compares two journals, and how that relates to an export of one of them, on both databases.

usage: python benchmarks/comparing.py [--flights FILE] [--events N] [--rounds N]

Makes three journals in SQLite and three in PostgreSQL: A, B with the same events, and C, in which every state is
different. Each comparison is set against an export of A to a file. Both run in turn, as whole processes. The ratio
is that of events per second, of one side of the comparison and of the export: at 0.5, two journals take twice as long.

The flights are real: give their file, .ndjson or .ndjson.gz. Without it, events are generated. The PostgreSQL server is
the one that the tests start, or the one in ESJOURNAL_TEST_POSTGRES_URL.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
from pathlib import Path

from generated import write_events
from journals import Place, open_place
from measuring import Run, esjournal, lines_in, run

EVENTS, ROUNDS = 300_000, 5
TARGET = 0.5
# The two sides of a comparison, and its options.
COMPARISONS: tuple[tuple[str, str, str, str, list[str]], ...] = (
    ("SQLite", "A", "SQLite", "B", []),
    ("SQLite", "A", "PostgreSQL", "B", []),
    ("PostgreSQL", "A", "PostgreSQL", "B", []),
    ("SQLite", "A", "SQLite", "C", []),
    ("SQLite", "A", "PostgreSQL", "C", []),
    ("PostgreSQL", "A", "PostgreSQL", "C", []),
    ("SQLite", "A", "SQLite", "C", ["--as-json"]),
    ("SQLite", "A", "SQLite", "C", ["--full", "--format", "ndjson"]),
)

Journals = dict[tuple[str, str], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=Path, default=None)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with open_place() as place:
        file = events_file(place.folder / "same.ndjson", given.flights, given.events)
        [count] = lines_in(file)
        print_table(place, journals(place, file), count, given.rounds)


def events_file(file: Path, flights: Path | None, events: int) -> Path:
    """Write the events to compare, and return the file."""
    if flights is None:
        return write_events(file, events)
    with (gzip.open if flights.suffix == ".gz" else open)(flights, "rb") as packed, file.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return file


def journals(place: Place, same: Path) -> Journals:
    """Make the journals, and return their URLs by the name of the store and of the journal."""
    changed = place.folder / "changed.ndjson"
    with same.open() as lines, changed.open("w") as stream:
        stream.writelines(line.replace('"state":{', '"state":{"changed":true,', 1) for line in lines)
    urls = {}
    for name, file in (("A", same), ("B", same), ("C", changed)):
        urls["SQLite", name] = str(place.imported(name, file))
        if not place.postgres.missing:
            schema = place.postgres.schema(name.lower())
            place.postgres.empty(schema)
            run(esjournal(place.postgres.url(schema), "import", file))
            place.postgres.settle(schema)
            urls["PostgreSQL", name] = place.postgres.url(schema)
    return urls


def print_table(place: Place, urls: Journals, events: int, rounds: int) -> None:
    print(f"{events:,} events; medians of {rounds} rounds\n")
    print(
        "| diff | options | s | events/s of a side | export of A, s | events/s | ratio | in single rounds | peak, MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for store, name, other_store, other_name, options in COMPARISONS:
        if (store, name) not in urls or (other_store, other_name) not in urls:
            continue
        a, b = urls[store, name], urls[other_store, other_name]
        pairs = [in_turn(place, a, b, options, differ=other_name == "C") for _ in range(rounds + 1)][1:]
        ratios = sorted(exported.seconds / compared.seconds for exported, compared in pairs)
        exported, compared = (statistics.median(ran.seconds for ran in side) for side in zip(*pairs, strict=True))
        peak = max(ran.peak for _, ran in pairs) / 1e6
        print(
            f"| {store} {name}, {other_store} {other_name} | {' '.join(options)} | {compared:.2f} | "
            f"{events / compared:,.0f} | {exported:.2f} | {events / exported:,.0f} | "
            f"**{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f} | {peak:.0f} |",
            flush=True,
        )
    print(f"\nTarget of the ratio: {TARGET} or more.")


def in_turn(place: Place, a: str, b: str, options: list[str], *, differ: bool) -> tuple[Run, Run]:
    """Export one journal, and compare it with another; return both runs."""
    exported = run(esjournal(a, "export", "-o", place.runs / "exported.ndjson"))
    place.clear()
    command = [*esjournal("", "diff", "--quiet", *options, a, b)]
    # `diff` takes no journal before the command's name.
    at = command.index("--url")
    return exported, run(command[:at] + command[at + 2 :], code=int(differ))


if __name__ == "__main__":
    main()

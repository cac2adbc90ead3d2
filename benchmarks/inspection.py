"""How long it takes to look into a large journal, on both databases, compared with start-up alone.

usage: python benchmarks/inspection.py [--events N] [--rounds N] [--folder FOLDER]

Makes a journal of ten million generated events in SQLite and one in PostgreSQL, and a small one next to each. Commands
that look something up are compared with the same command on the small journal, which is start-up alone. For commands
that read everything, events per second of the whole process are printed, and its peak memory on both journals.

The PostgreSQL server is the one that the tests start, or the one in ESJOURNAL_TEST_POSTGRES_URL. The journals take
about 15 GB in the temporary folder, or in the folder that is given.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from generated import write_events
from journals import Place, open_place
from measuring import Run, esjournal, run

EVENTS, SMALL, ROUNDS = 10_000_000, 1_000, 5
LOOK_UPS = ("get ID", "log -n 20", "log --since, the last hour", "list --prefix")
# Commands that read everything, and the events per second that they should reach.
READINGS = (
    (["list"], 0),
    (["stats"], 500_000),
    (["verify", "--quiet"], 250_000),
    (["verify", "--quiet", "--digest"], 0),
)
MOST_READINGS = 3
MOST_MORE_MS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    with open_place(given.folder) as place:
        print_tables(place, given.events, given.rounds)


def print_tables(place: Place, events: int, rounds: int) -> None:
    small, large = journals(place, SMALL), journals(place, events)
    print(f"{events:,} events; medians of {rounds} rounds\n")
    print(f"| command | store | ms on {SMALL:,} events | ms on {events:,} | more | target |\n|---|---|---|---|---|---|")
    for store in large:
        for name, *commands in zip(LOOK_UPS, look_ups(small[store]), look_ups(large[store]), strict=True):
            before, after = in_turn(commands, rounds)
            more = statistics.median(late.seconds - early.seconds for early, late in zip(before, after, strict=True))
            print(
                f"| {name} | {store} | {median(before) * 1000:.0f} | {median(after) * 1000:.0f} | {more * 1000:+.0f} | "
                f"at most {MOST_MORE_MS} more |",
                flush=True,
            )
    print(f"\n| command | store | s | events/s | target | peak, MB | on {SMALL:,} events | more | beside it, s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for store in large:
        for arguments, rate in READINGS:
            commands = [esjournal(journal[store], *arguments) for journal in (small, large)]
            beside = peer(arguments, large[store], store)
            before, after, *others = in_turn([*commands, *beside], min(rounds, MOST_READINGS))
            pairs = zip(beside, others, strict=True)
            shown = "".join(f"`{command[-1]}` {median(runs):.1f}" for command, runs in pairs)
            peaks = [max(ran.peak for ran in side) / 1e6 for side in (before, after)]
            target = f"at least {rate:,}" if rate and store == "SQLite" else ""
            print(
                f"| {' '.join(arguments)} | {store} | {median(after):.1f} | {events / median(after):,.0f} | {target} | "
                f"{peaks[1]:.0f} | {peaks[0]:.0f} | {peaks[1] - peaks[0]:+.0f} | {shown} |",
                flush=True,
            )


def journals(place: Place, events: int) -> dict[str, str]:
    """Make the journals of the given sizes, and return their URLs by the names of the stores."""
    file = write_events(place.folder / f"{events}.ndjson", events)
    urls = {"SQLite": str(place.imported(f"journal-{events}", file))}
    if not place.postgres.missing:
        schema = place.postgres.schema(f"journal_{events}")
        place.postgres.empty(schema)
        run(esjournal(place.postgres.url(schema), "import", file))
        place.postgres.settle(schema)
        urls["PostgreSQL"] = place.postgres.url(schema)
    file.unlink()
    return urls


def look_ups(url: str) -> Iterator[list[str]]:
    """Yield the commands of LOOK_UPS, which ask for events at the end of a journal."""
    last = json.loads(subprocess.check_output(esjournal(url, "log", "-n", "1", "-F", "ndjson")))
    hour_before = datetime.fromisoformat(last["recorded_at"]) - timedelta(hours=1)
    yield esjournal(url, "get", last["originator_id"])
    yield esjournal(url, "log", "-n", "20")
    yield esjournal(url, "log", "--since", hour_before.isoformat())
    yield esjournal(url, "list", "--prefix", last["originator_id"][:4])


def peer(arguments: list[str], url: str, store: str) -> list[list[str]]:
    """Return another program that does part of a command: SQLite's shell checks the file, as verify also does."""
    if arguments[0] != "verify" or store != "SQLite" or shutil.which("sqlite3") is None:
        return []
    return [["sqlite3", url, "PRAGMA integrity_check"]]


def in_turn(commands: list[list[str]], rounds: int) -> list[list[Run]]:
    """Run commands in turn, and return the runs of each; a first round is not counted."""
    ran = [[run(command) for command in commands] for _ in range(rounds + 1)]
    return [list(side) for side in zip(*ran[1:], strict=True)]


def median(runs: list[Run]) -> float:
    return statistics.median(ran.seconds for ran in runs)


if __name__ == "__main__":
    main()

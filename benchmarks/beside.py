"""What people wait for most, beside an earlier commit and another program that does the same or a part of it.

usage: python benchmarks/beside.py [--commit FOLDER] [--rounds N] [--events N] [--kept FOLDER] [--flights FILE] WORK...

WORK is any of list, verify, export, copy and import-postgresql. With --commit, the esjournal of another checkout's
environment, FOLDER/.venv, does the same. All sides take turns, each as a whole process; seconds and processor seconds
are medians. The ratios are medians of those of single rounds: this esjournal's seconds by those of the side, and the
same of processor seconds. The processor time of a PostgreSQL server is not counted.

The journals have generated events: a million sequences of three events for list, and the given number of events, three
million by default, for verify and export. With --kept, they stay in a folder, and are used again. The flights are
copied, and imported into PostgreSQL, if there is a file of them; otherwise as many generated events.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import generated
from generated import write_events
from journals import COLUMNS, Data, Place, open_place
from measuring import Run, copy, run, warm

EVENTS, SEQUENCES, EVENTS_OF_FLIGHTS, ROUNDS = 3_000_000, 1_000_000, 336_776, 3


class Side(NamedTuple):
    """A command, how to prepare for it, and where its output goes."""

    name: str
    command: list[str]
    prepare: Callable[[], object] = lambda: None
    output: Path | None = None


class Programs:
    """This esjournal, and that of an earlier commit if there is one."""

    def __init__(self, commit: Path | None) -> None:
        self.pythons = {"esjournal": sys.executable}
        if commit is not None:
            self.pythons["esjournal, before"] = str(commit.absolute() / ".venv" / "bin" / "python")

    def sides(self, *arguments: str | Path, options: str = "") -> Iterator[tuple[str, list[str]]]:
        """Yield the names and the commands of all of them."""
        for name, python in self.pythons.items():
            yield f"{name}{options}", [python, "-m", "esjournal", *map(str, arguments)]

    def ours(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "esjournal", *map(str, arguments)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="+", choices=WORKS, metavar="WORK")
    parser.add_argument("--commit", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--flights", type=Path, help="real events, .ndjson or .ndjson.gz; else generated ones")
    given = parser.parse_args()
    programs = Programs(given.commit)
    with open_place() as place:
        print("| work | side | s | processor, s | ratio of s | of processor s |\n|---|---|--:|--:|--:|--:|")
        for work in given.works:
            for row in rows(work, list(WORKS[work](place, programs, given)), given.rounds):
                print(row, flush=True)
            place.clear()


def rows(work: str, sides: list[Side], rounds: int) -> Iterator[str]:
    """Run the sides in turn, and yield a row for each."""
    ran: list[list[Run]] = [[] for _ in sides]
    for number in range(rounds):
        for at in ((number + turn) % len(sides) for turn in range(len(sides))):
            sides[at].prepare()
            ran[at].append(run(sides[at].command, sides[at].output))
    for side, runs in zip(sides, ran, strict=True):
        pairs = list(zip(runs, ran[0], strict=True))
        ratios = [
            statistics.median(ours.seconds / one.seconds for one, ours in pairs),
            statistics.median(ours.processor / one.processor for one, ours in pairs),
        ]
        seconds, processor = (
            statistics.median(values) for values in zip(*((r.seconds, r[2]) for r in runs), strict=True)
        )
        yield f"| {work} | {side.name} | {seconds:.2f} | {processor:.2f} | {ratios[0]:.2f} | {ratios[1]:.2f} |"


def list_(place: Place, programs: Programs, given: argparse.Namespace) -> Iterator[Side]:
    length, paths = generated.LENGTH, generated.PATHS
    generated.LENGTH, generated.PATHS = 3, tuple(path[:3] for path in paths)
    journal = journal_of(place, given, "sequences", 3 * min(SEQUENCES, given.events))
    generated.LENGTH, generated.PATHS = length, paths
    for name, command in programs.sides("--url", journal, "list"):
        yield Side(name, command)


def verify(place: Place, programs: Programs, given: argparse.Namespace) -> Iterator[Side]:
    journal = journal_of(place, given, "events", given.events)
    for name, command in programs.sides("--url", journal, "verify", "-q"):
        yield Side(name, command)
    yield Side("esjournal, --quick", programs.ours("--url", journal, "verify", "-q", "--quick"))
    for check in ("integrity_check", "quick_check"):
        yield Side(f"sqlite3, {check}", ["sqlite3", str(journal), f"PRAGMA {check}"])


def export(place: Place, programs: Programs, given: argparse.Namespace) -> Iterator[Side]:
    journal, exported = journal_of(place, given, "events", given.events), place.runs / "exported"
    for name, command in programs.sides("--url", journal, "export", "-q", "-o", exported):
        yield Side(name, command, place.clear)
    query = f"SELECT {COLUMNS} FROM stored_events ORDER BY global_position"
    yield Side("sqlite3 -json", ["sqlite3", "-json", str(journal), query], place.clear, exported)


def copy_(place: Place, programs: Programs, given: argparse.Namespace) -> Iterator[Side]:
    data = flights(place, given)
    target = place.runs / "target.db"
    emptied = partial(copy, place.empty, target)
    yield Side("esjournal, --no-verify", programs.ours("copy", "-q", "--no-verify", data.journal, target), emptied)
    for name, command in programs.sides("copy", "-q", data.journal, target, options=", with its proof"):
        yield Side(name, command, emptied)


def import_postgresql(place: Place, programs: Programs, given: argparse.Namespace) -> Iterator[Side]:
    data, postgres = flights(place, given), place.postgres
    if postgres.missing:
        raise SystemExit(postgres.missing)
    schema = postgres.schema("target")
    url, table = postgres.url(schema), f"{schema}.stored_events"

    def ready() -> None:
        postgres.empty(schema)
        warm(data.ndjson)
        warm(data.rows)

    for name, command in programs.sides("--url", url, "import", "-q", data.ndjson):
        yield Side(name, command, ready)
    locking = programs.ours("--url", url, "import", "-q", "--lock-readers", data.ndjson)
    yield Side("esjournal, --lock-readers", locking, ready)
    copied = f"\\copy {table} ({COLUMNS}) from '{data.rows}' csv"
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", postgres.server]
    yield Side("psql \\copy of CSV", [*psql, "-c", copied], ready)
    script = place.folder / "indexes-last.sql"
    script.write_text(
        f"BEGIN;\nALTER TABLE {table} DROP CONSTRAINT stored_events_pkey;\n"
        f"DROP INDEX {schema}.stored_events_recorded_at;\n{copied}\n"
        f"ALTER TABLE {table} ADD CONSTRAINT stored_events_pkey PRIMARY KEY (originator_id, originator_version);\n"
        f"CREATE INDEX stored_events_recorded_at ON {table} (recorded_at, global_position);\nCOMMIT;\n"
    )
    yield Side("psql, indexes last", [*psql, "-f", str(script)], ready)


def journal_of(place: Place, given: argparse.Namespace, name: str, events: int) -> Path:
    """Return a journal of generated events, which is made when it is first used."""
    journal = (given.kept or place.folder) / f"{name}-{events}.db"
    if not journal.exists():
        file = write_events(place.folder / f"{name}.ndjson", events)
        shutil.move(place.imported(name, file), journal)
        file.unlink()
    return journal


def flights(place: Place, given: argparse.Namespace) -> Data:
    """Return the flights, or as many generated events."""
    file = place.folder / "flights.ndjson"
    if given.flights is None:
        return Data("flights", write_events(file, EVENTS_OF_FLIGHTS), place)
    opened = gzip.open if given.flights.suffix == ".gz" else open
    with opened(given.flights, "rb") as packed, file.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return Data("flights", file, place)


WORKS: dict[str, Callable[[Place, Programs, argparse.Namespace], Iterator[Side]]] = {
    "list": list_,
    "verify": verify,
    "export": export,
    "copy": copy_,
    "import-postgresql": import_postgresql,
}


if __name__ == "__main__":
    main()

"""Compare import and export of whole journals with other programs that can do the same, in one run.

Every side runs as a whole process on its own files, and the order of the sides changes from round to round. A ratio is
the other's median time divided by ours: 1.5 means that esjournal is one and a half times as fast. A full run writes its
tables into docs/performance.md, which explains them; it takes a while, and about 8 GB under TMPDIR.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import peers
from generated import write_events
from growth import QUICK_SIZES, SIZES, growth_tables, measure_growth
from journals import COLUMNS, Data, Place, Postgres
from measuring import copy, esjournal, lines_in, remove, rows_in, run, stored_in, warm

ROOT = Path(__file__).parents[1]
FLIGHTS = ROOT.parent / "shared" / "data" / "flights.ndjson.gz"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- made by python benchmarks/bulk.py -->\n", "<!-- until here -->\n"
HEADER = "| what | events | esjournal, s | beside | s | ratio | in single rounds | target |\n" + "|---" * 8 + "|"
SLOW_ROUNDS = 3


class Side(NamedTuple):
    """A command, how to prepare for it, and how to find out what it did; only the command is measured."""

    prepare: Callable[[], object]
    command: list[str]
    found: Callable[[], tuple[int, ...]]
    reads: Path | None = None
    output: Path | None = None


class Library(NamedTuple):
    """A Python library that imports are compared with, in an environment of its own."""

    requirement: str
    module: str
    title: str
    target: float


LIBRARIES = (
    Library("sqlite-utils", "sqlite_utils", "sqlite-utils `insert --nl`", 10.0),
    Library("eventsourcing==9.5.*", "eventsourcing.sqlite", "eventsourcing's recorder", 1.5),
)


class Comparison(NamedTuple):
    """Two sides that do the same work: one row of the table."""

    what: str
    peer: str
    target: float
    stored: int
    ours: Side
    theirs: Side
    missing: str = ""
    rounds: int = sys.maxsize


def lacking(program: str) -> str:
    return "" if shutil.which(program) else f"{program} is not in PATH"


@cache
def python_with(library: Library) -> str:
    """Return the interpreter that has a library, or "" if the library cannot be installed."""
    try:
        return peers.peer_python(library.requirement, library.module)
    except subprocess.CalledProcessError:
        return ""


def into_sqlite(data: Data, template: Path, found: Callable[[Path], tuple[int, ...]] = stored_in) -> Side:
    """Return our side of an import into a SQLite file."""
    file = data.place.runs / "ours.db"
    command = esjournal(file, "import", data.ndjson)
    return Side(partial(copy, template, file), command, partial(found, file), data.ndjson)


def import_into_sqlite(data: Data) -> Iterator[Comparison]:
    yield beside_dot_import(data, "import into an empty SQLite journal", data.place.empty, data.rows, 0, 1.5)


def import_behind_others(data: Data) -> Iterator[Comparison]:
    others, rows = data.place.others_count, data.rows_behind_others
    what = f"import into a SQLite journal of {others:,} other events"
    yield beside_dot_import(data, what, data.place.others, rows, others, 1.1)


def beside_dot_import(data: Data, what: str, template: Path, rows: Path, others: int, target: float) -> Comparison:
    file = data.place.runs / "theirs.db"
    command = ["sqlite3", str(file), f".import --csv '{rows}' stored_events"]
    theirs = Side(partial(copy, template, file), command, partial(stored_in, file), rows)
    ours = into_sqlite(data, template)
    return Comparison(what, "sqlite3 `.import` of CSV", target, data.count + others, ours, theirs, lacking("sqlite3"))


def import_beside_libraries(data: Data) -> Iterator[Comparison]:
    file, what = data.place.runs / "theirs.db", "import into an empty SQLite journal"
    ours = into_sqlite(data, data.place.empty, rows_in)
    for library in LIBRARIES:
        python = python_with(library)
        command = [python, peers.__file__, str(file), str(data.ndjson)]
        if library.module == "sqlite_utils":
            command = [python, "-m", "sqlite_utils", "insert", str(file), "stored_events", str(data.ndjson), "--nl"]
        theirs = Side(partial(remove, file), command, partial(rows_in, file), data.ndjson)
        missing = "" if python else f"{library.requirement} cannot be installed"
        yield Comparison(what, library.title, library.target, data.count, ours, theirs, missing, SLOW_ROUNDS)


def into_postgres(data: Data, schema: str, command: list[str], reads: Path) -> Side:
    postgres = data.place.postgres
    return Side(partial(postgres.empty, schema), command, partial(postgres.stored_in, schema), reads)


def imported_into_postgres(data: Data) -> Side:
    """Return our side of an import into PostgreSQL."""
    postgres = data.place.postgres
    schema = postgres.schema("ours")
    return into_postgres(data, schema, esjournal(postgres.url(schema), "import", data.ndjson), data.ndjson)


def psql(data: Data, meta_command: str) -> list[str]:
    return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", data.place.postgres.server, "-c", meta_command]


def import_into_postgres(data: Data) -> Iterator[Comparison]:
    postgres = data.place.postgres
    missing = postgres.missing or lacking("psql")
    rows = data.ndjson if missing else data.rows
    schema = postgres.schema("theirs")
    theirs = into_postgres(data, schema, psql(data, f"\\copy {schema}.stored_events from '{rows}' csv"), rows)
    what = "import into an empty PostgreSQL journal"
    yield Comparison(what, "psql `\\copy` from CSV", 1.1, data.count, imported_into_postgres(data), theirs, missing)


def export_from_sqlite(data: Data) -> Iterator[Comparison]:
    place, journal = data.place, data.journal
    exported, printed = place.runs / "ours.ndjson", place.runs / "theirs.json"
    query = f"SELECT {COLUMNS} FROM stored_events ORDER BY global_position"
    command = ["sqlite3", "-json", str(journal), query]
    ours = Side(place.clear, esjournal(journal, "export", "-o", exported), partial(lines_in, exported), journal)
    theirs = Side(place.clear, command, partial(lines_in, printed), journal, printed)
    yield Comparison("export from SQLite", "`sqlite3 -json`", 0.75, data.count, ours, theirs, lacking("sqlite3"))


def export_from_postgres(data: Data) -> Iterator[Comparison]:
    postgres, exported, printed = data.place.postgres, data.place.runs / "ours.ndjson", data.place.runs / "theirs.csv"
    missing = postgres.missing or lacking("psql")
    schema = "" if missing else data.schema
    query = f"SELECT {COLUMNS} FROM {schema}.stored_events ORDER BY global_position"
    command = psql(data, f"\\copy ({query}) to '{printed}' csv")

    def ready() -> None:
        data.place.clear()
        # Counting reads the whole table.
        postgres.stored_in(schema)

    ours = Side(ready, esjournal(postgres.url(schema), "export", "-o", exported), partial(lines_in, exported))
    theirs = Side(ready, command, partial(lines_in, printed))
    yield Comparison("export from PostgreSQL", "psql `\\copy` to CSV", 0.75, data.count, ours, theirs, missing)


def import_again(data: Data) -> Iterator[Comparison]:
    postgres, journal, peer = data.place.postgres, data.journal, "import of the same into an empty one"
    command = esjournal(journal, "import", data.ndjson)
    again = Side(partial(warm, journal), command, partial(stored_in, journal), data.ndjson)
    what = "import of what is there already, SQLite"
    yield Comparison(what, peer, 1.0, data.count, again, into_sqlite(data, data.place.empty))

    schema = "" if postgres.missing else data.schema
    ready = partial(postgres.stored_in, schema)
    again = Side(ready, esjournal(postgres.url(schema), "import", data.ndjson), ready, data.ndjson)
    what = "import of what is there already, PostgreSQL"
    yield Comparison(what, peer, 1.0, data.count, again, imported_into_postgres(data), postgres.missing)


ROWS: dict[str, Callable[[Data], Iterator[Comparison]]] = {
    "import-sqlite": import_into_sqlite,
    "import-behind-others": import_behind_others,
    "import-libraries": import_beside_libraries,
    "import-postgresql": import_into_postgres,
    "export-sqlite": export_from_sqlite,
    "export-postgresql": export_from_postgres,
    "import-again": import_again,
}


def measure(comparison: Comparison, data: Data, rounds: int) -> str:
    """Run all rounds of a comparison, and return its row."""
    begin = f"| {comparison.what} | {data.count:,} {data.name} |"
    if comparison.missing:
        return f"{begin} | {comparison.peer} | | not measured: {comparison.missing} | | {comparison.target} |"
    sides = (comparison.ours, comparison.theirs)
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(min(rounds, comparison.rounds)):
        found = {}
        for at in (number % 2, 1 - number % 2):
            sides[at].prepare()
            warm(sides[at].reads)
            seconds[at].append(run(sides[at].command, sides[at].output).seconds)
            found[at] = sides[at].found()
        assert found[0] == found[1], f"{comparison.what}: {found}"
        assert found[0][0] == comparison.stored, f"{comparison.what}: {found}"
    data.place.clear()
    ours, theirs = map(statistics.median, seconds)
    single = sorted(their / our for our, their in zip(*seconds, strict=True))
    return (
        f"{begin} {ours:.2f} | {comparison.peer} | {theirs:.2f} | **{theirs / ours:.2f}** "
        f"| {single[0]:.2f} to {single[-1]:.2f} | {comparison.target} |"
    )


def environment(postgres: Postgres, rounds: int, libraries: bool) -> Iterator[str]:
    """Describe the machine, the versions and the number of rounds."""
    yield f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}; Python {platform.python_version()} with"
    yield f"SQLite {sqlite3.sqlite_version}; esjournal {version('esjournal')};"
    if not lacking("sqlite3"):
        said = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True, check=True).stdout
        yield f"sqlite3 {said.split()[0]};"
    if not postgres.missing:
        number = postgres.execute("SELECT current_setting('server_version_num')")[0]
        yield f"PostgreSQL {number // 10_000}.{number % 10_000};"
    if not lacking("psql"):
        yield subprocess.run(["psql", "--version"], capture_output=True, text=True, check=True).stdout.strip() + ";"
    for library in LIBRARIES if libraries else ():
        package = library.requirement.partition("=")[0]
        if python := python_with(library):
            yield f"{package} {peers.version_of(python, package)};"
    yield f"medians of {rounds} rounds, beside sqlite-utils and eventsourcing of {min(rounds, SLOW_ROUNDS)}."


def data_sets(options: argparse.Namespace, place: Place, million: int) -> Iterator[Data]:
    """Yield the flights, if the file exists, and generated events."""
    if options.flights.exists():
        opened = gzip.open if options.flights.suffix == ".gz" else open
        with opened(options.flights, "rb") as packed, (place.folder / "flights.ndjson").open("wb") as plain:
            if options.quick:
                plain.writelines(line for line, _ in zip(packed, range(million), strict=False))
            else:
                shutil.copyfileobj(packed, plain)
        yield Data("flights", place.folder / "flights.ndjson", place)
    yield Data("generated", write_events(place.folder / "generated.ndjson", million), place)


def measure_all(options: argparse.Namespace, place: Place) -> Iterator[str]:
    """Yield the lines of the report, each as soon as it is measured."""
    names = options.only or [*ROWS, "growth"]
    yield from environment(place.postgres, options.rounds, "import-libraries" in names)
    if any(name in ROWS for name in names):
        yield f"\n{HEADER}"
        for data in data_sets(options, place, place.others_count):
            for name in ROWS:
                for comparison in ROWS[name](data) if name in names else ():
                    yield measure(comparison, data, options.rounds)
    if "growth" in names:
        sizes = QUICK_SIZES if options.quick else SIZES
        yield ""
        yield from growth_tables(measure_growth(place, options.rounds, sizes), sizes)


def outside_of_figures(page: str) -> tuple[str, str]:
    """Return the text before the figures, and the text after them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has lost its markers: {BEGIN.strip()} and {END.strip()}")
    return before, after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=Path, default=FLIGHTS, help="real events, as .ndjson or .ndjson.gz")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side runs (default: 5)")
    parser.add_argument("--only", nargs="+", choices=[*ROWS, "growth"], help="these rows; writes no page")
    parser.add_argument("--quick", action="store_true", help="20,000 events: does it work? Writes no page")
    parser.add_argument("--no-write", action="store_true", help="print the tables, and write no page")
    options = parser.parse_args()
    writes = not (options.only or options.quick or options.no_write)
    lines, started = [], time.monotonic()
    # A page without its markers fails now, and not after an hour.
    before, after = outside_of_figures(PAGE.read_text()) if writes else ("", "")
    with tempfile.TemporaryDirectory(prefix="esjournal-bulk-") as name, peers.postgres_server(Path(name)) as server:
        postgres = Postgres(server)
        place = Place(Path(name), postgres, 20_000 if options.quick else 1_000_000)
        try:
            for line in measure_all(options, place):
                print(line, flush=True)
                lines.append(line)
        finally:
            postgres.close()
    lines.append(f"\nThe run took {(time.monotonic() - started) / 60:.0f} minutes.")
    print(lines[-1])
    if writes:
        figures = "\n".join(lines)
        PAGE.write_text(f"{before}{BEGIN}\n{figures}\n\n{END}{after}")


if __name__ == "__main__":
    main()

"""Time and memory of import and export as journals grow."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

from generated import write_events
from journals import Place
from measuring import Run, copy, esjournal, lines_in, rows_in, run

SIZES = (0, 10_000, 100_000, 1_000_000, 3_000_000)
QUICK_SIZES = (0, 200, 2_000, 20_000, 60_000)
MOST_MEMORY, MORE_MEMORY, GROWTH = 150, 20, 1.3

Measured = dict[tuple[str, int], list[Run]]


def measure_growth(place: Place, rounds: int, sizes: tuple[int, ...]) -> Measured:
    """Return the runs of every operation at every size; size 0 is start-up alone."""
    for size in sizes:
        write_events(place.folder / f"growth-{size}.ndjson", size)
    measured: Measured = {}
    for number in range(rounds):
        for size in reversed(sizes) if number % 2 else sizes:
            print(f"growth: round {number + 1}, {size:,} events", file=sys.stderr)
            for operation, ran in [*on_sqlite(place, size), *on_postgres(place, size)]:
                measured.setdefault((operation, size), []).append(ran)
    for size in sizes:
        (place.folder / f"growth-{size}.ndjson").unlink()
    return measured


def on_sqlite(place: Place, size: int) -> Iterator[tuple[str, Run]]:
    journal, exported = place.runs / "growth.db", place.runs / "growth.ndjson"
    copy(place.empty, journal)
    yield "import into SQLite", run(esjournal(journal, "import", place.folder / f"growth-{size}.ndjson"))
    assert rows_in(journal) == (size,)
    yield "export from SQLite", run(esjournal(journal, "export", "-o", exported))
    assert lines_in(exported) == (size,)
    place.clear()


def on_postgres(place: Place, size: int) -> Iterator[tuple[str, Run]]:
    postgres, exported = place.postgres, place.runs / "growth.ndjson"
    if postgres.missing:
        return
    schema = postgres.schema("growth")
    postgres.empty(schema)
    url = postgres.url(schema)
    yield "import into PostgreSQL", run(esjournal(url, "import", place.folder / f"growth-{size}.ndjson"))
    postgres.settle(schema)
    assert postgres.stored_in(schema)[0] == size
    yield "export from PostgreSQL", run(esjournal(url, "export", "-o", exported))
    assert lines_in(exported) == (size,)
    place.clear()


def growth_tables(measured: Measured, sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield the lines of both tables."""
    operations = list(dict.fromkeys(operation for operation, _ in measured))
    small, first, last = sizes[1], sizes[2], sizes[-1]
    yield f"| peak memory of the process, MB | {small:,} events | {last:,} events | more | target |"
    yield "|---|---|---|---|---|"
    for operation in operations:
        peaks = [max(ran.peak for ran in measured[operation, size]) / 1e6 for size in (small, last)]
        target = f"{MORE_MEMORY} more, {MOST_MEMORY} at most"
        yield f"| {operation} | {peaks[0]:.0f} | {peaks[1]:.0f} | {peaks[1] - peaks[0]:+.1f} | {target} |"
    yield ""
    counts = " | ".join(f"{size:,}" for size in sizes[2:])
    yield f"| µs an event, of this many | {counts} | growth | target | start-up, s | growth without start-up |"
    yield "|---|" + "---|" * (len(sizes) + 2)
    for operation in operations:
        seconds = {size: statistics.median(ran.seconds for ran in measured[operation, size]) for size in sizes}
        each = " | ".join(f"{seconds[size] / size * 1e6:.2f}" for size in sizes[2:])
        whole = (seconds[last] / last) / (seconds[first] / first)
        start = seconds[0]
        rest = ((seconds[last] - start) / last) / ((seconds[first] - start) / first)
        yield f"| {operation} | {each} | {whole:.2f} | below {GROWTH} | {start:.2f} | {rest:.2f} |"

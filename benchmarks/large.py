"""Time of one append, one imported event and one question, in journals of many millions of events.

usage: python benchmarks/large.py fill URL NEXT --events N [--ids 4|7]
       python benchmarks/large.py measure URL NEXT

`fill` imports generated events until the journal has N of them, and writes those that come next to the file NEXT. Run
it again with a higher N to go on. It takes long, and may run beside other work. `measure` takes a minute on an idle
machine, and prints a row of the table:

- append: the median of 500 appends of one event, each durable when it returns, to the 5,000 sequences that grow;
- imported event: `esjournal import` of the next 500,000 events, its start-up included;
- the questions: the medians of 500 each: the event at a random position, and all 10 events of the sequence of another.

--ids says whether the ids of sequences are random (4, UUIDv4), or begin with the time (7, UUIDv7).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path

from generated import lines
from measuring import esjournal, run, warm

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.journal import Journal, initialise, open_journal

MOST_EVENTS = 1_000_000_000
PIECE, IMPORTED, TIMES = 1_000_000, 500_000, 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fill", "measure"))
    parser.add_argument("url")
    parser.add_argument("next", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--ids", type=int, choices=(4, 7), default=4)
    given = parser.parse_args()
    if given.what == "fill":
        fill(given.url, given.next.resolve(), given.events, given.ids)
    else:
        measure(given.url, given.next.resolve())


def fill(url: str, following: Path, events: int, version: int) -> None:
    initialise(url)
    with open_journal(url) as journal:
        there = journal.events.last_global_position()
    more = islice(lines(MOST_EVENTS, version, timed=version == 7), there, None)
    while (count := min(PIECE, events - there)) > 0:
        write(following, islice(more, count))
        seconds = run(esjournal(url, "import", following)).seconds
        there += count
        print(f"{there:,} events, the last {count:,} at {seconds / count * 1e6:.2f} µs", flush=True)
    write(following, islice(more, TIMES + IMPORTED))


def write(file: Path, some: Iterable[str]) -> None:
    with file.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as stream:
        stream.writelines(some)


def measure(url: str, following: Path) -> None:
    with following.open(encoding="utf-8") as some, open_journal(url) as journal:
        events = journal.events.last_global_position()
        questions = answered(journal, events)
        append = timed(partial(journal.events.append, event_of(line)) for line in islice(some, TIMES))
        write(rest := following.with_suffix(".rest.ndjson"), some)
    warm(rest)
    each = run(esjournal(url, "import", rest)).seconds / IMPORTED * 1e6
    rest.unlink()
    cells = [f"{events:,}", f"{append:.0f}", f"{each:.2f}", *(f"{found:.0f}" for found in questions)]
    print("| events | append, µs | imported event, µs | event at a position, µs | a sequence, µs |")
    print("|---" * len(cells) + "|")
    print("| " + " | ".join(cells) + " |", flush=True)


def answered(journal: Journal, events: int) -> list[float]:
    """Return the median microseconds of each question."""
    dice = random.Random(1)
    found: list[str] = []

    def look_up(position: int) -> None:
        [[event]] = journal.events.pages(after=position - 1, until=position)
        found.append(event[0])

    at_positions = timed(partial(look_up, dice.randint(1, events)) for _ in range(TIMES))
    # Those of other positions, which are not in memory yet.
    for _ in range(TIMES):
        look_up(dice.randint(1, events))
    sequences = timed(partial(journal.events.get_items, each) for each in found[TIMES:])
    return [at_positions, sequences]


def event_of(line: str) -> RecordedEvent:
    given = json.loads(line)
    state = line.partition('"state":')[2].rpartition(',"recorded_at"')[0]
    return RecordedEvent(given["originator_id"], given["originator_version"], given["event_type"], state)


def timed(calls: Iterable[Callable[[], object]]) -> float:
    """Return the median microseconds of calls."""
    seconds = []
    for call in calls:
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1e6


if __name__ == "__main__":
    main()

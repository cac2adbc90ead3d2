"""Compare `append --each -` with the library: durable appends of one event each, one after the other.

usage: python benchmarks/each.py [--events N] [--rounds N] [FOLDER]

A program writes a line to the command, waits for the answer, and writes the next one; the library appends the same
events in this process, `store.append` for each. Each round runs both on an empty SQLite journal, and the order changes
from round to round. The first event is not counted, so start-up is not. The ratio is the median of the ratios of single
rounds, the command's events a second by the library's.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from measuring import esjournal

from esjournal import DomainEvent, open_event_store

EVENTS, ROUNDS = 3_000, 5


class Happened(DomainEvent):
    """What the library appends."""

    foo: str


def by_library(file: Path, sequence: UUID, count: int) -> float:
    """Append events with the library, and return how many a second."""
    with open_event_store(str(file), create=True) as store:
        return rate(lambda version: store.append(happened(sequence, version)), count)


def by_command(file: Path, sequence: UUID, count: int) -> float:
    """Append events through one process of the command, and return how many a second."""
    open_event_store(str(file), create=True).close()
    command = subprocess.Popen(esjournal(file, "append", "--each", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert command.stdin is not None
    assert command.stdout is not None
    stdin, stdout = command.stdin, command.stdout

    def append(version: int) -> None:
        place = f'"originator_id":"{sequence}","originator_version":{version}'
        line = f'{{{place},"event_type":"a#B","state":{{"foo":"bar"}}}}\n'
        stdin.write(line.encode())
        stdin.flush()
        answer = stdout.readline()
        if answer != b"%d\n" % (version + 1):
            raise SystemExit(f"the answer to version {version} is {answer!r}")

    result = rate(append, count)
    stdin.close()
    if command.wait():
        raise SystemExit(f"the command ended with {command.returncode}")
    return result


def happened(sequence: UUID, version: int) -> Happened:
    return Happened(originator_id=sequence, originator_version=version, foo="bar")


def rate(append: Callable[[int], object], count: int) -> float:
    append(0)
    started = time.perf_counter()
    for version in range(1, count):
        append(version)
    return (count - 1) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("folder", type=Path, nargs="?", default=None)
    given = parser.parse_args()
    sides = {"library": by_library, "append --each": by_command}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(given.rounds):
        for name, side in list(sides.items())[:: 1 if number % 2 else -1]:
            with tempfile.TemporaryDirectory(prefix="esjournal-", dir=given.folder) as folder:
                rates[name].append(side(Path(folder) / "journal.db", uuid4(), given.events))
    ratios = [one / other for one, other in zip(rates["append --each"], rates["library"], strict=True)]
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):,.0f} events/s")
    low, high = min(ratios), max(ratios)
    print(f"ratio {statistics.median(ratios):.2f}, in single rounds {low:.2f} to {high:.2f}; {sys.version.split()[0]}")


if __name__ == "__main__":
    main()

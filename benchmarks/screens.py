"""How much processor time it takes to draw events on a terminal, beside the same events in a pipe.

usage: python benchmarks/screens.py [--events N] [--rounds N] [--columns N] [--commit FOLDER]

Makes journals in SQLite: one of generated events, ten to a sequence; one with a single sequence of as many events for
`get` and `history`; one for `trace`, in which each event of a sequence caused the next; and one with as many sequences
for `list`. Each command is run on a terminal without a pager, and with its output in a pipe. With --commit, the same
commands are also run by the esjournal of another environment, in turns with this one.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import termios
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from generated import write_events
from measuring import esjournal

EVENTS, ROUNDS, COLUMNS = 20_000, 5, 120
SEQUENCE = "8d0f2a9c-6a35-4b0f-9d0e-3c1d7a1f5b52"
# Each with the journal that it reads.
COMMANDS = (
    (["log"], "many"),
    (["log", "--full"], "many"),
    (["get", SEQUENCE], "one"),
    (["history", SEQUENCE], "one"),
    (["trace", "1"], "caused"),
    (["list"], "each"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument("--commit", type=Path, help="the environment of another esjournal")
    given = parser.parse_args()
    sides = {"here": sys.executable}
    if given.commit is not None:
        sides[str(given.commit)] = str(given.commit / "bin" / "python")
    with TemporaryDirectory() as folder:
        write_events(Path(folder) / "many.ndjson", given.events)
        lines = {
            "one": map(_line, range(given.events)),
            "caused": map(_caused_line, range(given.events)),
            "each": (_line(0, str(uuid5(NAMESPACE_URL, str(number)))) for number in range(given.events)),
        }
        for name, of_file in lines.items():
            (Path(folder) / f"{name}.ndjson").write_text("".join(of_file))
        for name in ("many", *lines):
            for arguments in (["init"], ["import", f"{folder}/{name}.ndjson"]):
                subprocess.run(esjournal(f"{folder}/{name}.db", *arguments), check=True, stderr=subprocess.DEVNULL)
        print("| command | esjournal | terminal, s | microseconds a line | pipe, s |\n|---|---|---|---|---|")
        for arguments, journal in COMMANDS:
            taken: dict[str, list[tuple[Shown, float]]] = {name: [] for name in sides}
            for _ in range(given.rounds):
                for name, python in sides.items():
                    command = [python, *esjournal(f"{folder}/{journal}.db", *arguments)[1:]]
                    taken[name].append((on_terminal(command, given.columns), in_pipe(command)))
            for name, times in taken.items():
                terminal = statistics.median(shown.seconds for shown, _ in times)
                pipe = statistics.median(seconds for _, seconds in times)
                a_line = terminal / times[0][0].lines * 1e6
                name_of_command = " ".join(arguments).replace(f" {SEQUENCE}", "")
                print(f"| {name_of_command} | {name} | {terminal:.2f} | {a_line:.0f} | {pipe:.2f} |", flush=True)
        print(f"\n{given.events:,} events, {given.columns} columns; load of the machine: {os.getloadavg()[0]:.1f}")


def _line(version: int, sequence: str = SEQUENCE, more: str = "") -> str:
    return (
        f'{{"originator_id":"{sequence}","originator_version":{version},"event_type":"shop.orders#LineAdded",'
        f'"state":{{"product":"tea-{version % 97}","quantity":{version % 7},"price":{version % 50}.10}},'
        f'"recorded_at":"2026-01-31T12:00:{version % 60:02}Z"{more}}}\n'
    )


def _caused_line(version: int) -> str:
    causes = f'{{"correlation_id":"{SEQUENCE}","causation_id":"{SEQUENCE}/{version - 1}"}}'
    return _line(version, more=f',"metadata":{causes}')


class Shown(NamedTuple):
    """The seconds of processor that a command took, and the lines that a terminal got."""

    seconds: float
    lines: int


def on_terminal(command: list[str], columns: int) -> Shown:
    """Run a command on a terminal, and measure it."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "PAGER": "cat", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, stdin=secondary, stdout=secondary, stderr=secondary, env=environment, cwd=Path(sys.executable).parent
    )
    os.close(secondary)
    lines = 0
    try:
        while shown := os.read(primary, 1 << 16):
            lines += shown.count(b"\n")
    except OSError:
        # Nothing writes to it any more.
        pass
    os.close(primary)
    return Shown(_processor(process), lines)


def in_pipe(command: list[str]) -> float:
    """Run a command with its output in a pipe, and return the seconds of processor that it took."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(sys.executable).parent)
    assert process.stdout is not None
    while process.stdout.read(1 << 16):
        pass
    return _processor(process)


def _processor(process: subprocess.Popen[bytes]) -> float:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()

"""What every bulk benchmark needs: processes with their time and memory, and counts of what they wrote."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

# A small process starts the measured one, because a child's peak memory starts at the memory of its parent.
LAUNCHER = """
import json, os, sys, time
output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
started = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, output, 1)])
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - started
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
processor = usage.ru_utime + usage.ru_stime
print(json.dumps([seconds, peak, processor, os.waitstatus_to_exitcode(status)]))
"""
# The states are counted too, because a row whose state was cut short still counts as a row.
COUNT = "SELECT count(*), coalesce(sum(length(state)), 0) FROM"


class Run(NamedTuple):
    """The time, memory and processor time that one process took, the last with that of its own children."""

    seconds: float
    peak: int
    processor: float


def run(command: list[str], output: Path | None = None, *, code: int = 0) -> Run:
    """Run a command with its standard output in a file, and measure it; it must end with the given exit code."""
    # Otherwise this command's fsync would also wait for what others wrote.
    os.sync()
    # As on a user's machine: bytecode is kept, and output is buffered.
    unusual = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    environment = {name: value for name, value in os.environ.items() if name not in unusual}
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(output or os.devnull), *command]
    # A folder without modules, because `python -m` looks in the working folder first.
    ended = subprocess.run(
        launcher, capture_output=True, text=True, check=False, env=environment, cwd=Path(sys.executable).parent
    )
    seconds, peak, processor, ended_with = json.loads(ended.stdout or "[0, 0, 0, -1]")
    if ended_with != code:
        raise SystemExit(f"{' '.join(command)} ended with {ended_with}:\n{ended.stderr[-2000:]}")
    return Run(seconds, peak, processor)


def esjournal(url: str | Path, *arguments: str | Path) -> list[str]:
    """Return the command that runs esjournal on a journal."""
    return [sys.executable, "-m", "esjournal", "--url", str(url), *map(str, arguments)]


def warm(file: Path | None) -> None:
    """Read a file, if it exists, so that it is in the page cache."""
    if file is not None:
        lines_in(file)


def lines_in(file: Path) -> tuple[int]:
    """Return the number of lines of a file."""
    with file.open("rb") as stream:
        return (sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b"")),)


def rows_in(file: Path, table: str = "stored_events") -> tuple[int]:
    """Return the number of rows of a table in a SQLite file."""
    with closing(sqlite3.connect(file)) as connection:
        return (connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0],)


def stored_in(file: Path) -> tuple[int, ...]:
    """Return the number of events of a SQLite journal and of characters in their states."""
    with closing(sqlite3.connect(file)) as connection:
        return tuple(connection.execute(f"{COUNT} stored_events").fetchone())


def remove(file: Path) -> None:
    """Remove a SQLite file and the files that belong to it, if they exist."""
    for name in (file, Path(f"{file}-wal"), Path(f"{file}-shm"), Path(f"{file}-journal")):
        name.unlink(missing_ok=True)


def copy(template: Path, file: Path) -> None:
    """Copy a SQLite file that no process has open over another one."""
    remove(file)
    shutil.copyfile(template, file)

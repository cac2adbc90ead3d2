"""Faults that strike a process while it fills a journal, and what must hold afterwards."""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from tests.helpers.concurrency.cases import EVENTS, THERE_ALREADY, TOTALS, Case
from tests.helpers.concurrency.journals import at_server, sqlite_path
from tests.helpers.program import COMMAND, environment, run, wait_until_it_takes_signals

PATIENCE = 60.0
STORE = 5
MORE_ROUNDS = 10
# This name tells the server's connections of the struck process from all others.
APPLICATION = "struck-by-a-fault"
# Other processes of the tests strike in other databases of the same server.
STRUCK = "application_name = %s AND datname = current_database()"

INTERRUPTED = "esjournal: interrupted; uncommitted changes were rolled back\n"
# Before the answer to COMMIT, nobody knows whether the transaction was committed.
INTERRUPTED_IN_COMMIT = re.compile(
    r"esjournal: [^\n]+: not known whether it was written, because it was interrupted before COMMIT was answered; "
    r"run the same command again: it skips what is there, and writes the rest\n"
)
ONE_LINE = re.compile(r"esjournal: [^\n]+\n")

# The program, except that SQLite reports a full disk as soon as the file has a certain number of pages.
WITH_FEW_PAGES = """
import sqlite3, sys
from esjournal.__main__ import main

class Connection(sqlite3.Connection):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.execute(f"PRAGMA max_page_count={limit}")

limit = int(sys.argv.pop(1))
connect = sqlite3.connect
sqlite3.connect = lambda *arguments, **options: connect(*arguments, factory=Connection, **options)
main()
"""


@dataclass
class Landed:
    """When faults struck: in how many rounds before the first event was read, in the middle, or too late."""

    what: str
    rounds: Counter[str] = field(default_factory=Counter)
    partly: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{self.rounds[where]} {where}" for where in ("before", "in the middle", "too late"))
        return f"{self.what}: {self.rounds.total()} rounds: {counts}; {self.partly} left a part of the chunks"


@dataclass
class Ended:
    """A process that has ended: when the fault was to strike it, and after how many seconds it ended without one."""

    code: int
    stderr: str
    at: float | None = None
    seconds: float | None = None


def times(case: Case, round_: int, dice: random.Random, count: int) -> float | None:
    """A random time: in half of the rounds in the whole run, in the others after start-up; none in those added."""
    return dice.uniform(case.start_up if round_ % 2 == 0 else 0, case.seconds) if round_ < count else None


@contextmanager
def running(
    case: Case, url: str, *, pages: int | None = None, file_size: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the command of a case, on a disk that is nearly full if a limit is given."""
    command = COMMAND if pages is None else [sys.executable, "-c", WITH_FEW_PAGES, str(pages)]
    limited = None if file_size is None else with_file_size(file_size)
    if not sqlite_path(url):
        url = f"{url}&application_name={APPLICATION}"
    with subprocess.Popen(
        [*command, *case.command(url)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def struck(case: Case, url: str, at: float | None, strike: Callable[[subprocess.Popen[str]], None]) -> Ended:
    """Run the command, strike it at a time, and wait for its end; without a time, strike as soon as it writes."""
    begun = time.monotonic()
    with running(case, url) as process:
        if at is None:
            wait_until_it_writes(url, process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, begun + (at or 0.0) - time.monotonic()))
            return replace(ended(process, at), seconds=time.monotonic() - begun)
        strike(process)
        return ended(process, at)


def wait_until_it_writes(url: str, process: subprocess.Popen[str]) -> None:
    """Wait until a process has begun to write to a journal, or has ended."""
    if path := sqlite_path(url):
        wal = Path(f"{path}-wal")
        before = wal.stat().st_size if wal.exists() else 0
        while process.poll() is None and not (wal.exists() and wal.stat().st_size > before):
            time.sleep(0.001)
        return
    writing = f"SELECT count(*) FROM pg_stat_activity WHERE {STRUCK} AND backend_xid IS NOT NULL"
    with at_server(url) as connection:
        while process.poll() is None and connection.execute(writing, (APPLICATION,)).fetchone() == (0,):
            time.sleep(0.001)


def ended(process: subprocess.Popen[str], at: float | None = None) -> Ended:
    stderr = process.communicate(timeout=PATIENCE)[1]
    return Ended(process.returncode, stderr, at)


def settle(case: Case, url: str, end: Ended, landed: Landed) -> None:
    """Check the journal after a fault, run the command again, and check that it succeeds.

    A command that ended with 0 before the fault must have done all of its work.
    """
    wait_for_server(url)
    there = case.check(url)
    assert end.code != 0 or there == len(case.all)
    # A process that prints nothing when it is interrupted was still loading the program.
    early = (end.at is not None and end.at < case.start_up) or (end.code, end.stderr) == (130, "")
    landed.rounds["too late" if end.code == 0 else "before" if early else "in the middle"] += 1
    landed.partly += len(case.before) < there < len(case.all)
    if end.code == 0 and end.seconds is not None:
        # The machine is not as busy as when the case was measured: from now on, strike earlier.
        case.seconds, case.start_up = end.seconds, case.start_up * end.seconds / case.seconds

    again = run(*case.command(url))
    totals = case.done.fullmatch(again.stderr)
    assert again.returncode == 0, again.stderr
    assert totals, again.stderr
    of_the_file = there - len(case.before) + (THERE_ALREADY if case.before else 0)
    assert [int(count.replace(",", "")) for count in totals.groups()] == [EVENTS, EVENTS - of_the_file, of_the_file]
    assert case.check(url) == len(case.all)


def rounds(cases: list[Case], url: str, dice: random.Random, count: int, landed: Landed) -> Iterator[tuple[int, Case]]:
    """Yield rounds, each with a new journal, case by case; add a few if no fault has struck in the middle yet.

    On a busy machine, a command may take several times as long as when it was measured, or a part of that.
    """
    if not cases[0].seconds:
        start_up = cases[0].measure_start_up(url)
        for case in cases:
            case.measure(url, start_up)
    first = dice.randrange(len(cases))
    for round_ in range(count + MORE_ROUNDS):
        if round_ >= count and landed.rounds["in the middle"]:
            break
        case = cases[(first + round_) % len(cases)]
        case.make(url)
        print(f"round {round_}: {case.name}")  # noqa: T201
        yield round_, case


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Interrupt a process as a terminal does, together with the processes that it started."""
    wait_until_it_takes_signals(process)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)


def check_interruption(case: Case, end: Ended) -> None:
    """Check for exit code 130 and one line; while the program is being loaded, it prints nothing."""
    if end.code == 0:
        assert case.done.fullmatch(end.stderr), end
    else:
        assert end.code == 130, end
        message = _behind_totals(case, end)
        assert message in ("", INTERRUPTED) or INTERRUPTED_IN_COMMIT.fullmatch(message), end


def check_store_error(case: Case, end: Ended) -> None:
    """Check for exit code 5 and one line after the totals of what was committed, unless the command succeeded first."""
    assert end.code in (0, STORE), end
    if end.code:
        assert ONE_LINE.fullmatch(_behind_totals(case, end)), end
    else:
        assert case.done.fullmatch(end.stderr), end


def _behind_totals(case: Case, end: Ended) -> str:
    """Return what the command printed after its totals."""
    return TOTALS.sub("", case.done.sub("", end.stderr, count=1), count=1)


def wait_for_server(url: str) -> None:
    """Wait until the server has noticed that the struck process is gone, and has rolled back its transaction."""
    if sqlite_path(url):
        return
    deadline = time.monotonic() + PATIENCE
    with at_server(url) as connection:
        query = f"SELECT count(*) FROM pg_stat_activity WHERE {STRUCK}"
        while connection.execute(query, (APPLICATION,)).fetchone() != (0,):
            assert time.monotonic() < deadline, "the server does not notice that the struck process is gone"
            time.sleep(0.01)


def cut_connections(connection: psycopg.Connection, after: float, process: subprocess.Popen[str]) -> None:
    """Make the server end the connections of the process, some seconds after the first one is there."""
    pids = f"SELECT pid FROM pg_stat_activity WHERE {STRUCK}"
    while not connection.execute(pids, (APPLICATION,)).fetchall() and process.poll() is None:
        time.sleep(0.001)
    time.sleep(after)
    connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({pids}) AS struck", (APPLICATION,))


def with_file_size(limit: int) -> Callable[[], None]:
    """Return a function to call in a new process, which limits the size of the files that it writes."""

    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return set_limit

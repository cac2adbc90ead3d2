"""An import that is struck by a fault: the journal before, the process, and what must hold after."""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg

from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.journal.opening import initialise
from tests.events import MOMENT
from tests.program import COMMAND, environment, file_with, journal_with, run, stored

PATIENCE = 60.0
STORE = 5
MORE_ROUNDS = 10
EVENTS = 12_000
CHUNK = 1_100
# What the journal that is not empty holds: events of others, and the first of the file.
OTHERS = 1_200
THERE_ALREADY = 700
# By this name the server knows the import from all others.
APPLICATION = "struck-by-a-fault"

INTERRUPTED = "esjournal: interrupted; what was not committed is not there\n"
ONE_LINE = re.compile(r"esjournal: [^\n]+\n")
TOTALS = re.compile(r"esjournal: (\d+) read, (\d+) appended, (\d+) already there, [^\n]+ events/s\n")
# In a traceback; Python's own site has a function main, too.
OUR_MAIN = re.compile(r'__main__\.py", line \d+, in main\b')

_measured: dict[tuple[str, str], list[Case]] = {}

# SQLite's own way of saying that a disk is full, in a process that is the program in all else.
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


def random_events(count: int, dice: random.Random, *, of: int = 0) -> list[RecordedEvent]:
    """Events turn by turn of 200 sequences, each with a nonce, and a state that others would spell differently."""
    events = []
    for index in range(count):
        version, number = divmod(index, 200)
        padding = "é\\u00e9 " * dice.randrange(50)
        state = f'{{"nonce": "{dice.getrandbits(64):016x}","price":{index}.10,"padding":"{padding}"}}'
        events.append(RecordedEvent(str(UUID(int=of + number + 1)), version, "fault#Struck", state, MOMENT))
    return events


@dataclass
class Case:
    """A way to import: the command's options, and what the journal holds before.

    `seconds` is how long a whole run takes that no fault strikes, `start_up` how long it takes until it reads events,
    `done` is all that it says when it comes to its end.
    """

    done = TOTALS

    name: str
    options: list[str]
    before: list[RecordedEvent]
    all: list[RecordedEvent]
    chunk: int
    file: Path
    seconds: float = 0.0
    start_up: float = 0.0
    bytes_before: int = 0
    bytes_after: int = 0

    def command(self, url: str) -> list[str]:
        return ["--url", url, "import", *self.options, str(self.file)]

    def command_of_nothing(self, url: str) -> list[str]:
        """The same command where there is nothing to import."""
        empty = self.file.with_name("empty.ndjson")
        empty.touch()
        return ["--url", url, "import", str(empty)]

    def make(self, url: str) -> None:
        """Make the journal anew, as it is before the import."""
        if path := sqlite_path(url):
            for old in path.parent.glob(f"{path.name}*"):
                old.unlink()
        else:
            with at_server(url) as connection:
                connection.execute(f'DROP SCHEMA IF EXISTS "{schema_of(url)}" CASCADE')
        journal_with(url, self.before) if self.before else initialise(url)

    def measure(self, url: str) -> None:
        """Find out how long the command runs, and how large the journal gets, when nothing is in its way."""
        self.make(url)
        self.bytes_before = size(url)
        self.start_up = _seconds(*self.command_of_nothing(url))
        self.seconds = max(_seconds(*self.command(url)), self.start_up + 0.05)
        self.bytes_after = size(url)
        assert self.check(url) == len(self.all)

    def check(self, url: str) -> int:
        """Check that the journal is whole, and return how many events it has: those before, and whole chunks."""
        found = stored(url)
        for position, (event, expected) in enumerate(zip(found, self.all, strict=False), 1):
            assert event == expected._replace(global_position=position)
        assert len(self.before) <= len(found) <= len(self.all)
        if len(found) < len(self.all):
            assert (len(found) - len(self.before)) % self.chunk == 0
        check_index(url)
        return len(found)


def cases(folder: Path, dice: random.Random) -> list[Case]:
    """One transaction into an empty journal and into one that holds events, and many transactions."""
    events = random_events(EVENTS, dice)
    file = file_with(folder / "events.ndjson", events)
    before = [*random_events(OTHERS, dice, of=1_000), *events[:THERE_ALREADY]]
    return [
        Case("empty", [], [], events, EVENTS, file),
        Case("in parts", ["--commit-every", str(CHUNK)], [], events, CHUNK, file),
        Case("holds events", [], before, [*before, *events[THERE_ALREADY:]], EVENTS, file),
    ]


@dataclass
class Landed:
    """Where faults struck: in how many rounds before the import read its first event, in the middle, or too late."""

    what: str
    rounds: Counter[str] = field(default_factory=Counter)
    partly: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{self.rounds[where]} {where}" for where in ("before", "in the middle", "too late"))
        return f"{self.what}: {self.rounds.total()} rounds: {counts}; {self.partly} left a part of the chunks"


@dataclass
class Ended:
    """A process that has ended, and when it was struck."""

    code: int
    stderr: str
    moment: float | None = None


def moments(case: Case, round_: int, dice: random.Random) -> float:
    """A random moment: in every other round of the whole run, else of what comes behind the start-up."""
    return dice.uniform(case.start_up if round_ % 2 == 0 else 0, case.seconds)


@contextmanager
def importing(
    case: Case, url: str, *, pages: int | None = None, file_size: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The import as a process, on a disk that is nearly full where a limit is given."""
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


def struck(case: Case, url: str, moment: float | None, strike: Callable[[subprocess.Popen[str]], None]) -> Ended:
    """Run the import, strike it at a moment, and wait for its end; without a moment, the strike chooses its own."""
    begun = time.monotonic()
    with importing(case, url) as process:
        time.sleep(max(0.0, begun + (moment or 0.0) - time.monotonic()))
        strike(process)
        return ended(process, moment)


def ended(process: subprocess.Popen[str], moment: float | None = None) -> Ended:
    stderr = process.communicate(timeout=PATIENCE)[1]
    return Ended(process.returncode, stderr, moment)


def settle(case: Case, url: str, end: Ended, landed: Landed) -> None:
    """Check the journal after a fault, run the command again, and check that it comes to its end.

    A fault that the import came before, and ended with 0, must find all that it was to import.
    """
    wait_for_server(url)
    there = case.check(url)
    assert end.code != 0 or there == len(case.all)
    # Who is interrupted and says nothing was still loading the program.
    early = (end.moment is not None and end.moment < case.start_up) or (end.code, end.stderr) == (130, "")
    landed.rounds["too late" if end.code == 0 else "before" if early else "in the middle"] += 1
    landed.partly += len(case.before) < there < len(case.all)

    again = run(*case.command(url))
    totals = case.done.fullmatch(again.stderr)
    assert again.returncode == 0, again.stderr
    assert totals, again.stderr
    of_the_file = there - len(case.before) + (THERE_ALREADY if case.before else 0)
    assert [int(count) for count in totals.groups()] == [EVENTS, EVENTS - of_the_file, of_the_file]
    assert case.check(url) == len(case.all)


def rounds_of(
    make_cases: Callable[[], list[Case]], url: str, dice: random.Random, count: int, landed: Landed
) -> Iterator[tuple[int, Case]]:
    """Every round with a journal made anew, case by case; a few more where none has struck in the middle yet."""
    kind = (make_cases.__module__, url.partition(":")[0])
    if kind not in _measured:
        measured = make_cases()
        for case in measured:
            case.measure(url)
        _measured[kind] = measured
    found = _measured[kind]
    first = dice.randrange(len(found))
    for round_ in range(count + MORE_ROUNDS):
        if round_ >= count and landed.rounds["in the middle"]:
            break
        case = found[(first + round_) % len(found)]
        case.make(url)
        print(f"round {round_}: {case.name}")  # noqa: T201
        yield round_, case


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Interrupt a process as a terminal does: with all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)


def check_interruption(case: Case, end: Ended) -> None:
    """It is 130 and one line; while Python loads the program there is no line yet, and before that no program."""
    # Python's own words, before it has read a line of ours.
    not_begun = ("Could not import runpy module", "Fatal Python error: init_")
    if end.code == -signal.SIGINT or end.stderr.startswith(not_begun):
        assert not OUR_MAIN.search(end.stderr), end
    elif end.code == 0:
        assert case.done.fullmatch(end.stderr), end
    else:
        assert end.code == 130, end
        assert TOTALS.sub("", end.stderr) in ("", INTERRUPTED), end


def check_store_error(case: Case, end: Ended) -> None:
    """It is 5 and one line, behind the totals of what was committed, or the end came before the fault."""
    assert end.code in (0, STORE), end
    if end.code:
        assert ONE_LINE.fullmatch(end.stderr) or ONE_LINE.fullmatch(TOTALS.sub("", end.stderr, count=1)), end
    else:
        assert case.done.fullmatch(end.stderr), end


def check_index(url: str) -> None:
    """Check that the indexes are there, that of places unique, and on SQLite that the file is sound."""
    path = sqlite_path(url)
    if path is None:
        with at_server(url) as connection:
            query = (
                "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(%s) "
                "AND indisunique AND indisvalid AND indisready"
            )
            assert connection.execute(query, (f'"{schema_of(url)}".stored_events',)).fetchone() == (2,)
        return
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        indices = connection.execute("PRAGMA index_list(stored_events)").fetchall()
        unique_by_name = {name: unique for _, name, unique, *_ in indices}
        assert unique_by_name == {"stored_events_place": 1, "stored_events_recorded_at": 0}
        assert connection.execute("SELECT count(*) FROM stored_events INDEXED BY stored_events_place").fetchone() == (
            connection.execute("SELECT count(*) FROM stored_events NOT INDEXED").fetchone()
        )


def wait_for_server(url: str) -> None:
    """Wait until the server has noticed that an import is gone, and has ended what that one had begun."""
    if sqlite_path(url):
        return
    deadline = time.monotonic() + PATIENCE
    with at_server(url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        while connection.execute(query, (APPLICATION,)).fetchone() != (0,):
            assert time.monotonic() < deadline, "the server does not notice that an import is gone"
            time.sleep(0.01)


def cut_connections(connection: psycopg.Connection, after: float, process: subprocess.Popen[str]) -> None:
    """Have the server end the connections of the import, so many seconds after it has one."""
    pids = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
    while not connection.execute(pids, (APPLICATION,)).fetchall() and process.poll() is None:
        time.sleep(0.001)
    time.sleep(after)
    connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({pids}) AS importing", (APPLICATION,))


@contextmanager
def at_server(url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(re.split("[?&]schema=", url)[0], autocommit=True)) as connection:
        yield connection


def sqlite_path(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def schema_of(url: str) -> str:
    return url.rsplit("schema=", 1)[1]


def size(url: str) -> int:
    """How many bytes the largest file of a journal has that no process has open."""
    if path := sqlite_path(url):
        return path.stat().st_size
    with at_server(url) as connection:
        table = f'"{schema_of(url)}".stored_events'
        [found] = connection.execute("SELECT pg_relation_size(to_regclass(%s))", (table,)).fetchone() or (0,)
        return int(found)


def with_file_size(limit: int) -> Callable[[], None]:
    """What is to be done in a process so that none of its files gets larger."""

    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return set_limit


def _seconds(*command: str) -> float:
    begun = time.monotonic()
    assert run(*command).returncode == 0
    return time.monotonic() - begun

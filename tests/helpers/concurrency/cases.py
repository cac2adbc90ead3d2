"""Ways to fill a journal while faults strike: its content before, the command, and its content afterwards."""

from __future__ import annotations

import random
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.journal import initialise
from tests.helpers.concurrency.journals import at_server, check_index, schema_of, size, sqlite_path
from tests.helpers.events import TIME
from tests.helpers.program import COMMAND, run
from tests.helpers.stores import file_with, journal_with, stored

EVENTS = 12_000
CHUNK = 1_100
# What a journal that is not empty holds: events of others, and the first events of the source.
OTHERS = 1_200
THERE_ALREADY = 700

TOTALS = re.compile(r"esjournal: ([\d,]+) read, ([\d,]+) appended, ([\d,]+) already there, [^\n]+/s\n")
PROVEN = re.compile(TOTALS.pattern + rf"esjournal: proven: {EVENTS:,} events, sha256 [0-9a-f]{{64}} on both sides\n")


def random_events(count: int, dice: random.Random, *, of: int = 0) -> list[RecordedEvent]:
    """Events of 200 sequences in turn, each with a nonce and a state that other programs would write differently."""
    events = []
    for index in range(count):
        version, number = divmod(index, 200)
        padding = "é\\u00e9 " * dice.randrange(50)
        state = f'{{"nonce": "{dice.getrandbits(64):016x}","price":{index}.10,"padding":"{padding}"}}'
        events.append(RecordedEvent(str(UUID(int=of + number + 1)), version, "fault#Struck", state, TIME))
    return events


@dataclass
class Case(ABC):
    """A way to fill a journal: the command's options, and the events that the journal holds before.

    `seconds` is how long an undisturbed run takes, `start_up` how long it takes until the first event is read, and
    `done` matches everything that it prints when it succeeds.
    """

    done: ClassVar[re.Pattern[str]]

    name: str
    options: list[str]
    before: list[RecordedEvent]
    all: list[RecordedEvent]
    chunk: int
    source: str
    seconds: float = 0.0
    start_up: float = 0.0
    bytes_before: int = 0
    bytes_after: int = 0

    @abstractmethod
    def command(self, url: str) -> list[str]:
        """Return the command that fills the journal."""

    @abstractmethod
    def command_of_nothing(self, url: str) -> list[str]:
        """Return the same command with an empty source."""

    def make(self, url: str) -> None:
        """Make the journal again, as it is before the command."""
        if path := sqlite_path(url):
            for old in path.parent.glob(f"{path.name}*"):
                old.unlink()
        else:
            with at_server(url) as connection:
                connection.execute(f'DROP SCHEMA IF EXISTS "{schema_of(url)}" CASCADE')
        journal_with(url, self.before) if self.before else initialise(url)

    def measure_start_up(self, url: str) -> float:
        """Return how long it takes until the first event would be read; it is the same for all cases of a command."""
        self.make(url)
        return _seconds(*self.command_of_nothing(url))

    def measure(self, url: str, start_up: float) -> None:
        """Measure how long the command runs undisturbed, and how large the journal gets."""
        self.start_up = start_up
        self.make(url)
        self.bytes_before = size(url)
        self.seconds = max(_seconds(*self.command(url)), self.start_up + 0.05)
        self.bytes_after = size(url)
        assert self.check(url) == len(self.all)

    def check(self, url: str) -> int:
        """Check that the journal is whole and holds the events from before and whole chunks, and count its events."""
        found = stored(url)
        for position, (event, expected) in enumerate(zip(found, self.all, strict=False), 1):
            assert event == expected._replace(global_position=position)
        assert len(self.before) <= len(found) <= len(self.all)
        if len(found) < len(self.all):
            assert (len(found) - len(self.before)) % self.chunk == 0
        check_index(url)
        return len(found)


class ImportCase(Case):
    """A way to import: the source is a file."""

    done = TOTALS

    def command(self, url: str) -> list[str]:
        return ["--url", url, "import", *self.options, self.source]

    def command_of_nothing(self, url: str) -> list[str]:
        empty = Path(self.source).with_name("empty.ndjson")
        empty.touch()
        return ["--url", url, "import", str(empty)]


@dataclass
class CopyCase(Case):
    """A way to copy: the source is a journal."""

    done = PROVEN

    empty: str = ""

    def command(self, url: str) -> list[str]:
        return ["copy", *self.options, self.source, url]

    def command_of_nothing(self, url: str) -> list[str]:
        initialise(self.empty)
        return ["copy", self.empty, url]


def import_cases(folder: Path, dice: random.Random) -> list[Case]:
    """Return imports of a file in a folder."""
    events = random_events(EVENTS, dice)
    return _cases(ImportCase, events, str(file_with(folder / "events.ndjson", events)), dice)


def copy_cases(folder: Path, dice: random.Random, source: str | None = None) -> list[Case]:
    """Return copies of a journal, by default of a SQLite journal in a folder."""
    events = random_events(EVENTS, dice)
    url = journal_with(source or f"sqlite:///{folder / 'source.db'}", events)
    return _cases(partial(CopyCase, empty=str(folder / "empty.db")), events, url, dice)


def _cases(make: Callable[..., Case], events: list[RecordedEvent], source: str, dice: random.Random) -> list[Case]:
    """Return cases with one transaction, into an empty journal and into one with events, and a case with many."""
    before = [*random_events(OTHERS, dice, of=1_000), *events[:THERE_ALREADY]]
    return [
        make("empty", [], [], events, EVENTS, source),
        make("in parts", ["--commit-every", str(CHUNK)], [], events, CHUNK, source),
        make("holds events", [], before, [*before, *events[THERE_ALREADY:]], EVENTS, source),
    ]


def _seconds(*command: str) -> float:
    # Loading the program is part of what faults strike.
    begun = time.monotonic()
    assert run(*command, program=COMMAND).returncode == 0
    return time.monotonic() - begun

"""Faults at random moments of a copy: the target is whole after each, and the same command completes and proves it.

`--faults 50` strikes 50 times with each fault, and prints where the faults struck.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from esjournal.journal.opening import initialise
from tests.concurrency.faults import (
    APPLICATION,
    CHUNK,
    EVENTS,
    OTHERS,
    THERE_ALREADY,
    TOTALS,
    Case,
    Landed,
    at_server,
    check_interruption,
    check_store_error,
    cut_connections,
    moments,
    press_ctrl_c,
    random_events,
    rounds_of,
    settle,
    sqlite_path,
    struck,
)
from tests.concurrency.server import OwnServer
from tests.program import journal_with

PROVEN = re.compile(TOTALS.pattern + rf"esjournal: proven: {EVENTS} events, sha256 [0-9a-f]{{64}} on both sides\n")


class CopyCase(Case):
    """A way to copy: `file` is the source when it is one of SQLite."""

    done = PROVEN
    source: str

    def command(self, url: str) -> list[str]:
        return ["copy", *self.options, self.source, url]

    def command_of_nothing(self, url: str) -> list[str]:
        empty = str(self.file.with_name("empty.db"))
        initialise(empty)
        return ["copy", empty, url]


def copies(folder: Path, source: str) -> list[Case]:
    """One transaction into an empty journal and into one that holds events, and many transactions."""
    dice = random.Random(1)
    events = random_events(EVENTS, dice)
    journal_with(source, events)
    before = [*random_events(OTHERS, dice, of=1_000), *events[:THERE_ALREADY]]
    found = [
        CopyCase("empty", [], [], events, EVENTS, folder / "source.db"),
        CopyCase("in parts", ["--commit-every", str(CHUNK)], [], events, CHUNK, folder / "source.db"),
        CopyCase("holds events", [], before, [*before, *events[THERE_ALREADY:]], EVENTS, folder / "source.db"),
    ]
    for case in found:
        case.source = source
    return list(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


def rounds(url: str, folder: Path, dice: random.Random, count: int, landed: Landed) -> Iterator[tuple[int, Case]]:
    kind = "sqlite" if sqlite_path(url) else "postgresql"
    return rounds_of(lambda: copies(folder, str(folder / f"to-{kind}.db")), url, dice, count, landed)


def test_a_killed_copy_is_completed_by_the_next(
    store_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(store_url, folder, dice, faults, landed):
        end = struck(case, store_url, moments(case, round_, dice), subprocess.Popen.kill)
        assert end.code in (0, -signal.SIGKILL), end
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_interrupted_copy_says_so_and_is_completed_by_the_next(
    store_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(store_url, folder, dice, faults, landed):
        end = struck(case, store_url, moments(case, round_, dice), press_ctrl_c)
        check_interruption(case, end)
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_copy_that_loses_its_targets_connection_says_so_and_is_completed_by_the_next(
    postgres_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for _, case in rounds(postgres_url, folder, dice, faults, landed):
        with at_server(postgres_url) as connection:
            after = dice.uniform(0, case.seconds - case.start_up)
            end = struck(case, postgres_url, None, partial(cut_connections, connection, after))
        check_store_error(case, end)
        settle(case, postgres_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_copy_whose_server_crashes_says_so_and_is_completed_by_the_next(
    own_server: OwnServer, own_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(own_url, folder, dice, faults, landed):
        end = struck(case, own_url, moments(case, round_, dice), lambda process: own_server.crash())
        own_server.recover()
        check_store_error(case, end)
        settle(case, own_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_copy_that_loses_its_sources_connection_says_so_and_is_completed_by_the_next(
    postgres_url: str, sqlite_url: str, tmp_path: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    # Of this test alone: the schema that it is copied from goes with it.
    found = copies(tmp_path, f"{postgres_url}&application_name={APPLICATION}")
    for case in found:
        case.measure(sqlite_url)
    for round_ in range(faults):
        case = found[round_ % len(found)]
        case.make(sqlite_url)
        with at_server(postgres_url) as connection:
            after = dice.uniform(0, case.seconds - case.start_up)
            end = struck(case, sqlite_url, None, partial(cut_connections, connection, after))
        check_store_error(case, end)
        settle(case, sqlite_url, end, landed)
    assert landed.rounds["in the middle"]

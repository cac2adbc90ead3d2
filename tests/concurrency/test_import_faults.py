"""Faults at random moments of an import: the journal is whole after each, and the same command completes it.

`--faults 50` strikes 50 times with each fault on each database, and prints where the faults struck.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.concurrency.faults import (
    Case,
    Landed,
    at_server,
    cases,
    check_interruption,
    check_store_error,
    cut_connections,
    ended,
    importing,
    moments,
    press_ctrl_c,
    rounds_of,
    settle,
    struck,
)
from tests.concurrency.server import OwnServer

PAGE = 4096
# Below these SQLite cannot share its memory, and PostgreSQL cannot write its log.
SQLITE_FILES = 64 * 1024
SERVER_FILES = 1100 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


def rounds(url: str, folder: Path, dice: random.Random, count: int, landed: Landed) -> Iterator[tuple[int, Case]]:
    return rounds_of(lambda: cases(folder, random.Random(1)), url, dice, count, landed)


def test_a_killed_import_is_completed_by_the_next(
    store_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(store_url, folder, dice, faults, landed):
        end = struck(case, store_url, moments(case, round_, dice), subprocess.Popen.kill)
        assert end.code in (0, -signal.SIGKILL), end
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_interrupted_import_says_so_and_is_completed_by_the_next(
    store_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(store_url, folder, dice, faults, landed):
        end = struck(case, store_url, moments(case, round_, dice), press_ctrl_c)
        check_interruption(case, end)
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_import_whose_disk_is_full_says_so_and_is_completed_by_the_next(
    sqlite_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(sqlite_url, folder, dice, faults, landed):
        # In turns what SQLite takes for a full disk, and what the kernel refuses to write.
        if round_ % 2:
            limit = {"file_size": dice.randrange(max(SQLITE_FILES, case.bytes_before), case.bytes_after)}
        else:
            limit = {"pages": dice.randrange(case.bytes_before // PAGE, case.bytes_after // PAGE)}
        print(limit)  # noqa: T201
        with importing(case, sqlite_url, **limit) as process:
            end = ended(process)
        check_store_error(case, end)
        settle(case, sqlite_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_import_whose_server_cannot_grow_says_so_and_is_completed_by_the_next(
    own_server: OwnServer, own_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    # To fill a disk takes root. A server that may not write beyond a size fails where a full disk would make it fail.
    for _, case in rounds(own_url, folder, dice, faults, landed):
        file_size = dice.randrange(SERVER_FILES, case.bytes_after)
        print(file_size)  # noqa: T201
        own_server.stop()
        own_server.start(file_size)
        with importing(case, own_url) as process:
            end = ended(process)
        own_server.stop()
        own_server.start()
        check_store_error(case, end)
        settle(case, own_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_import_that_loses_its_connection_says_so_and_is_completed_by_the_next(
    postgres_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for _, case in rounds(postgres_url, folder, dice, faults, landed):
        with at_server(postgres_url) as connection:
            after = dice.uniform(0, case.seconds - case.start_up)
            end = struck(case, postgres_url, None, partial(cut_connections, connection, after))
        check_store_error(case, end)
        settle(case, postgres_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_import_whose_server_crashes_says_so_and_is_completed_by_the_next(
    own_server: OwnServer, own_url: str, folder: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(own_url, folder, dice, faults, landed):
        end = struck(case, own_url, moments(case, round_, dice), lambda process: own_server.crash())
        own_server.recover()
        check_store_error(case, end)
        settle(case, own_url, end, landed)
    assert landed.rounds["in the middle"]

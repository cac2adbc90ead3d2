"""Faults at random times of an import or a copy: the journal stays whole, and the same command completes it.

`--faults 50` strikes 50 times with each fault on each database, and prints when the faults struck.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.concurrency.cases import Case, copy_cases, import_cases
from tests.helpers.concurrency.faults import (
    APPLICATION,
    Landed,
    check_interruption,
    check_store_error,
    cut_connections,
    ended,
    press_ctrl_c,
    rounds,
    running,
    settle,
    struck,
    times,
)
from tests.helpers.concurrency.journals import at_server
from tests.helpers.concurrency.server import OwnServer

pytestmark = pytest.mark.long

# Ways to fill a journal: the cases of one command, which are measured once on each database.
CasesOn = Callable[[str], list[Case]]

PAGE = 4096
# With smaller limits SQLite cannot share its memory, and PostgreSQL cannot write its log.
SQLITE_FILES = 64 * 1024
SERVER_FILES = 1100 * 1024


@pytest.fixture(scope="module", params=[import_cases, copy_cases], ids=["import", "copy"])
def cases_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CasesOn:
    found: dict[str, list[Case]] = {}

    def cases_on(url: str) -> list[Case]:
        kind = url.partition(":")[0]
        if kind not in found:
            found[kind] = request.param(tmp_path_factory.mktemp("faults"), random.Random(1))
        return found[kind]

    return cases_on


def test_a_killed_transfer_is_completed_by_the_next(
    cases_on: CasesOn, store_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(cases_on(store_url), store_url, dice, faults, landed):
        end = struck(case, store_url, times(case, round_, dice, faults), subprocess.Popen.kill)
        assert end.code in (0, -signal.SIGKILL), end
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_an_interrupted_transfer_reports_it_and_the_next_completes_it(
    cases_on: CasesOn, store_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(cases_on(store_url), store_url, dice, faults, landed):
        end = struck(case, store_url, times(case, round_, dice, faults), press_ctrl_c)
        check_interruption(case, end)
        settle(case, store_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_transfer_on_a_full_disk_reports_it_and_the_next_completes_it(
    cases_on: CasesOn, sqlite_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(cases_on(sqlite_url), sqlite_url, dice, faults, landed):
        # In turn: SQLite reports a full disk, or the kernel refuses to write.
        if round_ % 2:
            limit = {"file_size": dice.randrange(max(SQLITE_FILES, case.bytes_before), case.bytes_after)}
        else:
            limit = {"pages": dice.randrange(case.bytes_before // PAGE, case.bytes_after // PAGE)}
        print(limit)  # noqa: T201
        with running(case, sqlite_url, **limit) as process:
            end = ended(process)
        check_store_error(case, end)
        settle(case, sqlite_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_transfer_into_a_server_that_cannot_grow_reports_it_and_the_next_completes_it(
    cases_on: CasesOn, own_server: OwnServer, own_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    # Filling a disk takes root. A server whose files may not grow fails in the same places as on a full disk.
    for _, case in rounds(cases_on(own_url), own_url, dice, faults, landed):
        file_size = dice.randrange(SERVER_FILES, case.bytes_after)
        print(file_size)  # noqa: T201
        own_server.stop()
        own_server.start(file_size)
        with running(case, own_url) as process:
            end = ended(process)
        own_server.stop()
        own_server.start()
        check_store_error(case, end)
        settle(case, own_url, end, landed)
    assert landed.rounds["in the middle"]


def test_a_transfer_that_loses_the_connection_reports_it_and_the_next_completes_it(
    cases_on: CasesOn, postgres_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    for _, case in rounds(cases_on(postgres_url), postgres_url, dice, faults, landed):
        lose_connection(case, postgres_url, postgres_url, dice, landed)
    assert landed.rounds["in the middle"]


def test_a_copy_that_loses_its_sources_connection_reports_it_and_the_next_completes_it(
    postgres_url: str, sqlite_url: str, tmp_path: Path, dice: random.Random, faults: int, landed: Landed
) -> None:
    cases = copy_cases(tmp_path, random.Random(1), f"{postgres_url}&application_name={APPLICATION}")
    for _, case in rounds(cases, sqlite_url, dice, faults, landed):
        lose_connection(case, sqlite_url, postgres_url, dice, landed)
    assert landed.rounds["in the middle"]


def test_a_transfer_into_a_server_that_crashes_reports_it_and_the_next_completes_it(
    cases_on: CasesOn, own_server: OwnServer, own_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    for round_, case in rounds(cases_on(own_url), own_url, dice, faults, landed):
        end = struck(case, own_url, times(case, round_, dice, faults), lambda process: own_server.crash())
        # It is not struck if the command ended earlier.
        if end.seconds is None:
            own_server.recover()
        check_store_error(case, end)
        settle(case, own_url, end, landed)
    assert landed.rounds["in the middle"]


def lose_connection(case: Case, url: str, server_url: str, dice: random.Random, landed: Landed) -> None:
    with at_server(server_url) as connection, running(case, url) as process:
        after = dice.uniform(0, case.seconds - case.start_up)
        cut_connections(connection, after, process)
        end = ended(process)
    if end.code == 0:
        case.seconds = case.start_up + after
    check_store_error(case, end)
    settle(case, url, end, landed)

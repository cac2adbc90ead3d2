"""`init` killed at random times of an upgrade: the journal is whole in either version, and `init` completes it.

`--faults 50` kills it 50 times on each database, and prints when.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

import pytest

from esjournal.infrastructure.sqlalchemy.schema import SCHEMA_VERSION
from esjournal.journal.journal import open_journal
from tests.helpers.concurrency.faults import APPLICATION, MORE_ROUNDS, PATIENCE, STRUCK, Landed, wait_for_server
from tests.helpers.concurrency.journals import at_server, check_index, schema_of, sqlite_path
from tests.helpers.program import run, start
from tests.helpers.version1 import EVENTS, make_version_1

pytestmark = pytest.mark.long

MORE = 40_000


class Upgrades:
    """Upgrades of one journal of version 1, which is made again for each."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template = Path(f"{path}.version1") if (path := sqlite_path(url)) else None
        if self._template is not None:
            make_version_1(f"sqlite:///{self._template}", MORE)
        self.make()
        self.digest = self.digest_of_version(1)

    def make(self) -> None:
        if (path := sqlite_path(self._url)) is None:
            with at_server(self._url) as connection:
                connection.execute(f'DROP SCHEMA IF EXISTS "{schema_of(self._url)}" CASCADE')
            make_version_1(self._url, MORE)
        else:
            for old in path.parent.glob(f"{path.name}-*"):
                old.unlink()
            shutil.copy(str(self._template), path)

    @contextmanager
    def running(self) -> Iterator[Popen[bytes]]:
        """Run `init`, until its transaction has begun."""
        url = self._url if sqlite_path(self._url) else f"{self._url}&application_name={APPLICATION}"
        with start("init", url=url, stderr=DEVNULL) as process:
            self._wait_until(lambda: self._is_writing() or process.poll() is not None)
            yield process

    def seconds(self) -> float:
        """Return how long the transaction of an upgrade takes."""
        with self.running() as process:
            begun = time.monotonic()
            self._wait_until(lambda: not self._is_writing())
            taken = time.monotonic() - begun
            assert process.wait(PATIENCE) == 0
        return taken

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def _is_writing(self) -> bool:
        path = sqlite_path(self._url)
        if path is None:
            with at_server(self._url) as connection:
                query = f"SELECT count(*) FROM pg_stat_activity WHERE {STRUCK} AND backend_xid IS NOT NULL"
                return connection.execute(query, (APPLICATION,)).fetchone() != (0,)
        try:
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return True
        return False

    def version(self) -> int:
        wait_for_server(self._url)
        with open_journal(self._url) as journal:
            return journal.events.session.identity().schema_version

    def digest_of_version(self, version: int) -> str:
        """Return the digest of all events, which does not depend on the version, and check that they are sound."""
        assert self.version() == version
        verified = run("verify", "--digest", url=self._url)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        return verified.stdout


def test_a_killed_upgrade_leaves_either_version_and_init_completes_it(
    store_url: str, dice: random.Random, faults: int, landed: Landed
) -> None:
    upgrades = Upgrades(store_url)
    seconds = upgrades.seconds()
    check_upgraded(upgrades, store_url)
    for round_ in range(faults + MORE_ROUNDS):
        if round_ >= faults and landed.rounds["in the middle"]:
            break
        upgrades.make()
        with upgrades.running() as process:
            at = dice.uniform(0, seconds)
            try:
                process.wait(at)
                seconds = at
            except TimeoutExpired:
                process.kill()
        version = upgrades.version()
        assert version in (1, SCHEMA_VERSION)
        assert upgrades.digest_of_version(version) == upgrades.digest
        landed.rounds["in the middle" if version == 1 else "too late"] += 1
        assert run("init", url=store_url).returncode == 0
        check_upgraded(upgrades, store_url)
    assert landed.rounds["in the middle"]


def check_upgraded(upgrades: Upgrades, url: str) -> None:
    assert upgrades.digest_of_version(SCHEMA_VERSION) == upgrades.digest
    check_index(url)
    assert run("append", "order-1", "0", "a#B", "{}", url=url).stdout == f"{EVENTS + MORE + 1}\n"

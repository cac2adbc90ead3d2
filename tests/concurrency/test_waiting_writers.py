"""Writers of a SQLite file that wait for its lock: one at a time looks for it, and none holds the others for long."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.sqlite.waiting import looks
from esjournal.journal.journal import initialise
from esjournal.journal.journalstore import open_event_store
from tests.helpers.loaded import command_of_nobody
from tests.helpers.program import environment, start
from tests.helpers.stores import stored

PATIENCE = 30.0
# Much longer than a writer waits for its turn, much shorter than its timeout.
SOON = 3.0

FORKED = """
import os, sys, time
from esjournal.infrastructure.sqlalchemy.sqlite.waiting import looks
waiting = looks(sys.argv[1], 10)
next(waiting)
child = os.fork()
if not child:
    os.close(1)
    time.sleep(600)
waiting.close()
print(child, flush=True)
"""


def event() -> StoredEvent:
    return StoredEvent(uuid4(), 0, "a#B", "{}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def journal(folder: Path) -> Path:
    initialise(str(folder / "journal.db"))
    return folder / "journal.db"


@contextmanager
def locked(journal: Path) -> Iterator[None]:
    """Hold the write lock of a file, as another program does."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def is_someones_turn(folder: Path) -> bool:
    queue = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(queue)
    return False


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_second_looks_when_the_first_has_found_the_lock(folder: Path) -> None:
    first = looks(str(folder), PATIENCE)
    next(first)
    looked: list[float] = []

    def look() -> None:
        with closing(looks(str(folder), PATIENCE)) as second:
            next(second)
            looked.append(time.monotonic())

    waiting = threading.Thread(target=look)
    waiting.start()
    time.sleep(0.1)
    next(first)
    # Before it is closed: the other one may look before this thread goes on.
    closing_begins = time.monotonic()
    first.close()
    waiting.join()
    assert closing_begins < looked[0]
    assert not is_someones_turn(folder)
    assert list(folder.iterdir()) == []


def test_whoever_waits_looks_at_least_once_and_then_until_the_timeout(folder: Path) -> None:
    assert len(list(looks(str(folder), 0))) == 1
    begun = time.monotonic()
    assert len(list(looks(str(folder), 0.2))) > 10
    assert 0.2 <= time.monotonic() - begun < SOON
    with closing(looks(str(folder), PATIENCE)) as first:
        next(first)
        assert len(list(looks(str(folder), 0.1))) == 1


@pytest.mark.parametrize("strike", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_writer_that_stops_in_its_turn_does_not_keep_others_from_writing(
    journal: Path, strike: signal.Signals
) -> None:
    with (
        open_event_store(str(journal)) as store,
        start("append", "new", "0", "a#B", "{}", url=f"sqlite:///{journal}?timeout=600") as struck,
    ):
        with locked(journal):
            wait_until(lambda: is_someones_turn(journal.parent))
            struck.send_signal(strike)
            if strike is signal.SIGKILL:
                struck.wait()
                assert not is_someones_turn(journal.parent)
            other = threading.Thread(target=store.active_record_strategy.append, args=(event(),))
            other.start()
            # Long enough to find the lock taken, too short to lose patience.
            time.sleep(0.1)
        begun = time.monotonic()
        other.join()
        assert time.monotonic() - begun < SOON
        assert len(stored(str(journal))) == 1
        if strike is signal.SIGSTOP:
            struck.send_signal(signal.SIGCONT)
            assert struck.wait(PATIENCE) == 0
            assert len(stored(str(journal))) == 2


def test_a_process_that_was_forked_meanwhile_does_not_keep_the_turn(folder: Path) -> None:
    forked = subprocess.run([sys.executable, "-c", FORKED, str(folder)], stdout=subprocess.PIPE, env=environment())
    try:
        assert not is_someones_turn(folder)
    finally:
        os.kill(int(forked.stdout), signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")
def test_a_writer_that_may_not_read_the_folder_waits_without_a_turn(journal: Path) -> None:
    # The file and its folder belong to a group that may write, but not list the folder.
    for path, mode in ((journal, 0o666), (journal.parent, 0o733)):
        path.chmod(mode)
    # With several processes of pytest, there is one folder more above.
    for parent in journal.parent.parents[:4]:
        parent.chmod(parent.stat().st_mode | 0o011)
    command = [*command_of_nobody(), "--url", str(journal), "append", "new", "0", "a#B", "{}"]
    with locked(journal):
        writer = subprocess.Popen(command, env=environment(), cwd=Path.cwd())
        time.sleep(2)
        assert writer.poll() is None
        assert not is_someones_turn(journal.parent)
    assert writer.wait(PATIENCE) == 0
    assert len(stored(str(journal))) == 1


def test_threads_that_append_at_once_all_do(journal: Path) -> None:
    with open_event_store(str(journal)) as store:
        strategy = store.active_record_strategy
        with locked(journal):
            threads = [threading.Thread(target=strategy.append, args=(event(),)) for _ in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(0.5)
        for thread in threads:
            thread.join()
    assert len(stored(str(journal))) == 8

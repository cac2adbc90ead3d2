"""Disk errors during SQLite's COMMIT: what is reported never contradicts what is stored, also after a crash."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.events import ID, sequence
from tests.helpers.program import COMMAND, environment, run
from tests.helpers.stores import file_with

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed, so no disk error is simulated"),
]

FIND_OUT = "find out with `esjournal (?P<command>[^`]*)`[^\n]* before you append it again"
AGAIN = "run the same command again: it skips what is there, and writes the rest"
WRITING = {
    "append": (["append", ID, "0", "a.b#C", "{}"], FIND_OUT),
    "append -": (["append", "-"], FIND_OUT),
    "import": (["import", "events.ndjson"], AGAIN),
    "copy": (["copy", "events.ndjson", "journal.db"], AGAIN),
}
EVENTS = 3
# A program that dies without closing the journal, after an append has failed.
LIBRARY = """
import os, signal, sys
from uuid import UUID
from esjournal.exceptions import StoreError
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.journal.journalstore import open_event_store
with open_event_store("journal.db") as store:
    try:
        store.active_record_strategy.append(
            [StoredEvent(UUID(sys.argv[1]), version, "a#B", "{}") for version in range(int(sys.argv[2]))]
        )
    except StoreError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=["WAL", "rollback journal"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with an empty journal and a file of events."""
    file_with(tmp_path / "events.ndjson", sequence(EVENTS))
    assert run("init", url="journal.db", cwd=tmp_path).returncode == 0
    if request.param != "WAL":
        with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
            assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    return tmp_path


@pytest.fixture
def left_open(folder: Path) -> Iterator[None]:
    """While another program has a journal open, its WAL stays."""
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.execute("SELECT count(*) FROM stored_events").fetchone()
        yield


def is_wal(folder: Path) -> bool:
    with closing(sqlite3.connect((folder / "journal.db").as_uri() + "?mode=ro", uri=True)) as connection:
        return bool(connection.execute("PRAGMA journal_mode").fetchone() == ("wal",))


def failing(
    command: list[str], folder: Path, calls: str, error: str, file: str, when: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder while system calls on one of its files fail, as strace's `inject` says."""
    log = folder / "strace.log"
    inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={when}", "-P", str(folder / file)]
    with (folder / "events.ndjson").open() as lines:
        ended = subprocess.run(
            ["strace", "-f", "-o", str(log), *inject, *command],
            cwd=folder,
            env=environment(),
            stdin=lines,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert "(INJECTED)" in log.read_text(), ended
    return ended


def failing_commit(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command whose sync after the commit itself fails: of the WAL, or of the folder without the journal."""
    # The first sync is that of the WAL's header, or of the folder with the journal.
    return failing(command, folder, "fsync,fdatasync", "EIO", "journal.db-wal" if is_wal(folder) else ".", "2")


def events_after_a_crash(folder: Path) -> int:
    """Return how many events a copy of the files has, as they are now."""
    after = folder / "after"
    after.mkdir()
    for file in folder.glob("journal.db*"):
        # The index of a WAL does not survive a crash.
        if not file.name.endswith("-shm"):
            shutil.copy(file, after)
    with closing(sqlite3.connect(after / "journal.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(connection.execute("SELECT count(*) FROM stored_events").fetchone()[0])


@pytest.mark.usefixtures("left_open")
@pytest.mark.parametrize("writing", WRITING)
def test_a_disk_error_during_commit_leaves_the_outcome_unknown(folder: Path, writing: str) -> None:
    command, advice = WRITING[writing]
    given = command if writing == "copy" else ["--url", "journal.db", *command]
    ended = failing_commit([*COMMAND, *given], folder)
    assert (ended.returncode, ended.stdout) == (5, "")
    because = r"COMMIT failed with a disk I/O error \(SQLITE_IOERR_\w+\)"
    found = re.fullmatch(
        f"esjournal: sqlite:///journal.db: not known whether it was written, because {because}; {advice}\n",
        ended.stderr,
    )
    assert found, ended.stderr
    # To call it a failure would be wrong.
    assert events_after_a_crash(folder) == (1 if writing == "append" else EVENTS)
    if advice == FIND_OUT:
        assert run(*shlex.split(found["command"]), cwd=folder).returncode == (1 if is_wal(folder) else 0)
    else:
        assert run(*given, cwd=folder).returncode == 0
        with closing(sqlite3.connect(folder / "journal.db")) as connection:
            assert connection.execute("SELECT count(*) FROM stored_events").fetchone() == (EVENTS,)


@pytest.mark.parametrize("batch", [1, EVENTS])
def test_the_library_raises_it(folder: Path, batch: int) -> None:
    ended = failing_commit([sys.executable, "-c", LIBRARY, ID, str(batch)], folder)
    assert re.match("OutcomeUnknown: sqlite:///journal.db: not known whether it was written, because ", ended.stdout)
    assert ended.stdout.endswith(f"look at sequence {ID} at position 0 before you append again\n")
    assert events_after_a_crash(folder) == batch


@pytest.mark.parametrize("writing", ["append", "append -"])
def test_a_journal_that_cannot_be_removed_leaves_the_outcome_unknown(folder: Path, writing: str) -> None:
    if is_wal(folder):
        pytest.skip("a WAL is removed after the commit")
    command = [*COMMAND, "--url", "journal.db", *WRITING[writing][0]]
    ended = failing(command, folder, "unlink,unlinkat", "EIO", "journal.db-journal", "1+")
    assert ended.returncode == 5
    assert "not known whether it was written, because COMMIT failed with a disk I/O error" in ended.stderr


@pytest.mark.usefixtures("left_open")
@pytest.mark.parametrize("writing", ["append", "append -"])
@pytest.mark.parametrize("when", ["1+", "4"])
def test_a_full_disk_is_a_plain_failure(folder: Path, writing: str, when: str) -> None:
    file = "journal.db-wal" if is_wal(folder) else "journal.db-journal"
    command = [*COMMAND, "--url", "journal.db", *WRITING[writing][0]]
    ended = failing(command, folder, "pwrite64", "ENOSPC", file, when)
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr == "esjournal: sqlite:///journal.db cannot grow, the disk is full: make room and try again\n"
    assert events_after_a_crash(folder) == 0

"""Opening a SQLite journal that the same process has open: no lock is dropped, and no acknowledged event is lost."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.journal.journalstore import open_event_store
from tests.helpers.concurrency import opener
from tests.helpers.program import append_in_a_shell, environment
from tests.helpers.stores import stored

pytestmark = pytest.mark.long

PATIENCE = 60.0


def event(nonce: str) -> DomainEvent:
    return DomainEvent(originator_id=uuid4(), originator_version=0, nonce=nonce)


def nonces(path: Path) -> list[str]:
    return sorted(json.loads(event.state)["nonce"] for event in stored(str(path)))


def test_a_second_store_in_the_process_leaves_the_first_one_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    one = open_event_store(str(path), create=True)
    one.append(event("0"))
    two = open_event_store(str(path))
    append_in_a_shell(path, "1")
    one.append(event("2"))
    append_in_a_shell(path, "3")
    append_in_a_shell(path, "4")
    one.append(event("5"))
    one.close()
    two.close()
    assert nonces(path) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("command", [["get", str(uuid4())], ["info"], ["verify"], ["stats"], ["export"]])
def test_a_command_inside_the_process_leaves_an_applications_own_connection_its_locks(
    tmp_path: Path, command: list[str]
) -> None:
    path = tmp_path / "journal.db"
    with open_event_store(str(path), create=True) as store:
        store.append(event("0"))
    program = "import sys; from esjournal.cli.app import app; app(sys.argv[1:], standalone_mode=False)"
    holding = f"import sqlite3; own = sqlite3.connect({str(path)!r}); own.execute('SELECT count(*) FROM stored_events')"
    waiting = "sys.stderr.write('open\\n'); sys.stderr.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", f"{holding}; {program}; {waiting}", "--url", str(path), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stderr is not None
        while process.stderr.readline() not in (b"open\n", b""):
            pass
        # A process that believes it is the last one deletes the WAL.
        append_in_a_shell(path, "1")
        assert path.with_name("journal.db-wal").exists()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_nothing_is_lost_while_threads_open_and_close_stores_and_a_shell_appends(
    tmp_path: Path, opening_seconds: float
) -> None:
    path = tmp_path / "journal.db"
    open_event_store(str(path), create=True).close()
    acknowledged: list[str] = []
    said = tmp_path / "said"
    with (
        said.open("w") as output,
        subprocess.Popen(
            [sys.executable, str(Path(opener.__file__)), str(path), str(opening_seconds)],
            stdout=output,
            env=environment(),
        ) as process,
    ):
        while process.poll() is None:
            nonce = str(uuid4())
            append_in_a_shell(path, nonce)
            acknowledged.append(nonce)
    lines = [line.split(maxsplit=1) for line in said.read_text().splitlines()]
    assert [line for line in lines if line[0] != "appended"] == []
    acknowledged += [nonce for _, nonce in lines]
    assert nonces(path) == sorted(acknowledged)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

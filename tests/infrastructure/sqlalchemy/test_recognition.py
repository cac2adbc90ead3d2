"""Whether a file belongs to a SQLite database: SQLite is asked, and nothing is left, waited for or unlocked."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from esjournal.exceptions import UnusableFile
from esjournal.infrastructure.sqlalchemy.sqlite.recognition import database_of
from tests.helpers.otheruser import NOBODY
from tests.helpers.program import environment

ENDINGS = ("", "-wal", "-shm", "-journal")


def made(path: Path, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements or ("CREATE TABLE one (a)",):
        connection.execute(statement)
    return connection


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["a.db", "a b?c%20#d", "a\n", "\udcff"])
def test_a_database_has_four_names(tmp_path: Path, name: str, ending: str) -> None:
    path = tmp_path / name
    made(path).close()
    (tmp_path / "link").symlink_to(f"{path}{ending}")
    assert database_of(f"{path}{ending}") == database_of(str(tmp_path / "link")) == str(path)
    assert {found.name for found in tmp_path.iterdir()} == {name, "link"}


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}\n", b'{"a":1}\n' * 1000, bytes(4096), b"SQLite format 3", b"\x28\xb5\x2f\xfd" + bytes(600)],
)
def test_other_files_belong_to_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "file-wal", "missing", "missing-journal", "pipe", ".", "-wal"):
        assert database_of(str(tmp_path / name)) is None


def test_a_damaged_database_is_still_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made(path).close()
    os.truncate(path, 1000)
    assert database_of(str(path)) == str(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA journal_mode=WAL", "CREATE TABLE one (a)"],
        ["PRAGMA locking_mode=EXCLUSIVE", "CREATE TABLE one (a)"],
        ["CREATE TABLE one (a)", "BEGIN EXCLUSIVE", "INSERT INTO one VALUES (1)"],
        ["BEGIN", "CREATE TABLE one (a)"],
    ],
)
def test_a_database_that_is_being_written_is_one_at_once(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "a.db"
    with closing(made(path, *statements)):
        before = {found.name: found.stat().st_mtime_ns for found in tmp_path.iterdir()}
        assert database_of(str(path)) == str(path)
        assert {found.name: found.stat().st_mtime_ns for found in tmp_path.iterdir()} == before


def test_the_locks_of_this_process_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(made(path, "PRAGMA journal_mode=WAL", "CREATE TABLE one (a)")):
        assert database_of(str(path)) == str(path)
        # A process that believes it is the last one deletes the WAL.
        program = f"import sqlite3; sqlite3.connect({str(path)!r}).execute('SELECT * FROM one').fetchall()"
        subprocess.run([sys.executable, "-c", program], check=True, env=environment())
        assert (tmp_path / "a.db-wal").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_user_without_rights_is_told_what_can_be_known(shared: Path, folder_mode: int) -> None:
    path = shared / "a.db"
    made(path, "PRAGMA journal_mode=WAL", "CREATE TABLE one (a)").close()
    path.chmod(0o644)
    shared.chmod(folder_mode)
    with as_nobody():
        assert database_of(str(path)) == str(path)
    path.chmod(0o600)
    with as_nobody(), pytest.raises(UnusableFile, match="cannot be read to see whether it is a SQLite database"):
        database_of(str(path))
    assert [found.name for found in shared.iterdir()] == ["a.db"]

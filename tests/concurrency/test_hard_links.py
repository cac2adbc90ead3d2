"""A SQLite file with two names: SQLite keeps a WAL for each, so writing is refused and nothing is lost."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.exceptions import StoreChanged, StoreError
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import ID, event, sequence
from tests.helpers.program import ended, invoke, run
from tests.helpers.stores import file_with, journal_with, stored

REFUSED = (
    "sqlite:///{0} cannot be written: its file has 2 hard links, and SQLite keeps a WAL for each name, so events could "
    "be lost; copy it into a new journal with `esjournal copy`, or remove the other names, which "
    "`find FOLDER -samefile {0}` shows"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def link() -> None:
    Path("b.db").hardlink_to("a.db")


def test_two_processes_that_use_two_names_lose_nothing() -> None:
    initialise("a.db")
    acknowledged = []
    with open_journal("a.db") as journal:
        journal.events.append([event(0)])
        acknowledged.append(0)
        link()
        result = run("append", ID, "1", "a#B", "{}", url="b.db")
        if result.returncode == 0:
            acknowledged.append(1)
        with pytest.raises(StoreError, match=REFUSED.format("a.db")):
            journal.events.append([event(2)])
        # As it would be after a crash, or read by another process.
        assert [each.originator_version for each in stored("a.db")] == acknowledged
    assert (result.returncode, result.stdout) == (5, "")
    assert re.fullmatch(f"esjournal: {REFUSED.format('b.db')}\n", result.stderr)
    for name in ("a.db", "b.db"):
        assert [each.originator_version for each in stored(name)] == acknowledged
    Path("b.db").unlink()
    assert run("append", ID, "1", "a#B", "{}", url="a.db").returncode == 0


@pytest.mark.parametrize("name", ["a.db", "b.db"])
@pytest.mark.parametrize(
    "command", ["append new 0 a#B {{}}", "append -", "import e.ndjson", "copy e.ndjson {}", "init"]
)
def test_every_command_that_writes_refuses(command: str, name: str) -> None:
    journal_with("a.db", sequence(2))
    link()
    lines = file_with(Path("e.ndjson"), sequence(3)).read_text()
    words = command.format(name).split()
    result = invoke(*words, url=None if words[0] == "copy" else name, input=lines)
    ended(result, 5, err=f"esjournal: {REFUSED.format(name)}\n")
    assert len(stored(name)) == 2


@pytest.mark.parametrize("name", ["a.db", "b.db"])
def test_reading_is_possible_and_info_warns(name: str, tmp_path: Path) -> None:
    journal_with("a.db", sequence(2))
    link()
    result = invoke("info", url=name)
    assert re.search(f"\nwarning +writing is refused: {REFUSED.format(name).partition(': ')[2]}\n", result.stdout)
    assert invoke("log", url=name).stdout.count("\n") == 2
    assert invoke("verify", url=name).exit_code == 0
    # The advice of the message.
    initialise("new.db")
    ended(invoke("copy", name, "new.db"), 0, err=".*")
    ended(invoke("append", ID, "2", "a#B", "{}", url="new.db"), 0, out="3\n")
    assert not list(tmp_path.glob("[ab].db-*"))


def test_a_checkpoint_through_the_other_name_does_not_mix_two_states() -> None:
    journal_with("a.db", sequence(2_000))
    link()
    with (
        open_journal("b.db") as journal,
        closing(journal.events.session.rows_streamed("SELECT state FROM stored_events", ())) as lists,
        closing(sqlite3.connect("a.db", isolation_level=None)) as other,
    ):
        next(lists)
        other.execute("""UPDATE stored_events SET state = '{"changed":1}'""")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pytest.raises(StoreChanged, match="the file has hard links: try again"):
            next(lists)

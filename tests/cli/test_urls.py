"""URLs as they are typed: before and after the command's name, with ~, and with file names that look like URLs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.events import ID, sequence
from tests.helpers.program import environment, invoke, refused, run
from tests.helpers.stores import file_with, journal_with


@pytest.fixture
def bank(tmp_path: Path) -> str:
    """A file with two tables of the library eventsourcing, with one event each."""
    path = tmp_path / "bank.db"
    with closing(sqlite3.connect(path)) as connection:
        for table in ("stored_events", "bank_events"):
            connection.execute(
                f"CREATE TABLE {table} (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
                "PRIMARY KEY (originator_id, originator_version))"
            )
            connection.execute(f"INSERT INTO {table} VALUES (?, 1, '{table}:X', '{{}}')", (ID.replace("-", ""),))
        connection.commit()
    return str(path)


@pytest.mark.parametrize("table", [None, "bank_events"])
def test_layout_and_table_are_taken_on_both_sides_of_the_command(bank: str, table: str | None) -> None:
    layout, named = ["--layout", "eventsourcing"], ["--table", table] if table else []
    for command in (["get", ID], ["log"], ["export"], ["stats"], ["list"], ["verify", "-F", "ndjson"], ["info"]):
        after = invoke("--url", bank, *command, *layout, *named)
        assert after.exit_code == 0, after.output
        for before, rest in ((layout + named, []), (layout, named), (named, layout)):
            assert (
                invoke("--url", bank, *before, *command, *rest).stdout.splitlines()[:2] == after.stdout.splitlines()[:2]
            )


def test_an_option_after_the_command_wins(bank: str) -> None:
    given = ["--layout", "eventsourcing", "--table", "stored_events"]
    assert "bank_events:X" in invoke("--url", bank, *given, "log", "--table", "bank_events").stdout


def test_a_table_before_the_command_needs_a_layout_too(bank: str) -> None:
    result = invoke("--url", bank, "--table", "bank_events", "log")
    assert (result.exit_code, "--table needs --layout (see" in result.stderr) == (2, True)


def test_commands_of_two_journals_and_init_take_none_of_them(bank: str) -> None:
    for command in (["diff", bank, bank], ["copy", bank, "new.db"]):
        for option, value in (("--url", bank), ("--layout", "eventsourcing"), ("--table", "bank_events")):
            result = invoke(option, value, *command)
            assert (result.exit_code, f"leave out {option}" in result.stderr) == (2, True), result.output
    result = invoke("--url", bank, "--layout", "eventsourcing", "init")
    assert (result.exit_code, "whose tables are made by its own library" in result.stderr) == (2, True)


@pytest.mark.long
def test_a_tilde_is_the_home_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    file_with(tmp_path / "home" / "events.ndjson", sequence(3))
    for name, arguments in (
        ("one", ["--url=~/one"]),
        ("two", ["--url=sqlite:///~/two"]),
        ("three", []),
    ):
        env = environment(HOME=str(tmp_path / "home"), ESJOURNAL_URL="~/three")
        assert run(*arguments, "init", env=env, cwd=tmp_path / "here").returncode == 0
        assert (tmp_path / "home" / name).exists()
        assert run(*arguments, "import", str(tmp_path / "home" / "events.ndjson"), env=env).returncode == 0
    read = run("--url=~/events.ndjson", "log", env=env, cwd=tmp_path / "here")
    assert read.stdout.count("a.b#C") == 3
    assert list((tmp_path / "here").iterdir()) == []


# Every option and argument that names a journal or a file to read or write.
WITH_A_FILE = [
    "--url={} list",
    "--url={} init",
    "list --url {}",
    "--url={}.ndjson log",
    "--url=J export -o {}",
    "--url=J export --cursor-file={}",
    "--url=J import --rejects={} e.ndjson",
    "--url=J import --summary={} e.ndjson",
    "--url=J import {}",
    "--url=J stats --svg={}",
    "--url=J stats --html={}",
    "--url=J log -f --cursor-file={}",
    "--url=J append new 0 a#B @{}",
    "copy {} J",
    "copy J {}",
    "copy e.ndjson {}",
    "copy --rejects={} e.ndjson J",
    "diff {} J",
    "diff J {}",
]


@pytest.mark.parametrize("command", WITH_A_FILE)
def test_the_home_of_no_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    journal_with("J", sequence(3))
    file_with(tmp_path / "e.ndjson", sequence(3))
    names = {found.name for found in tmp_path.iterdir()}
    refused(
        invoke(*command.format("~no-such-user/x").split()),
        2,
        r"~no-such-user/x(.ndjson)? begins with ~, and there is no user no-such-user: "
        r"write the path in full, or \./~no-such-user/x(.ndjson)? if ~ is part of the name",
    )
    assert {found.name for found in tmp_path.iterdir()} == names


def test_a_tilde_is_expanded_for_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    file_with(home / "e.ndjson", [*sequence(3), sequence(1)[0]._replace(event_type="another#Type")])
    (home / "state.json").write_text("{}")
    for code, command in (
        (0, "--url=~/J init"),
        (4, "--url=~/J import --rejects=~/rejects --summary=~/summary ~/e.ndjson"),
        (0, "--url=~/J append new 0 a#B @~/state.json"),
        (0, "--url=~/J stats --svg=~/svg --html=~/html"),
        (0, "--url=~/J export --output=~/out.ndjson --cursor-file=~/cursor"),
        (0, "copy ~/J ~/copy.ndjson"),
        (0, "diff ~/out.ndjson ~/copy.ndjson"),
    ):
        ended = invoke(*command.split())
        assert ended.exit_code == code, ended.stderr
    assert list(here.iterdir()) == []
    written = {"rejects", "summary", "svg", "html", "out.ndjson", "cursor", "copy.ndjson"}
    assert {found.name for found in home.iterdir()} - {"J", "J-wal", "J-shm"} == {"e.ndjson", "state.json", *written}


def test_a_tilde_names_no_second_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    journal_with(str(tmp_path / "J"), sequence(3))
    refused(invoke("--url", str(tmp_path / "J"), "export", "--output=~/J"), 2, "is named twice")


@pytest.mark.long
@pytest.mark.parametrize("name", ["file:x.db", "file:x?mode=memory", "what?.db", "100%41.db", "x&layout=y.db", "a#b"])
def test_a_name_that_looks_like_a_url_is_a_file(tmp_path: Path, name: str) -> None:
    assert run("init", url=name, cwd=tmp_path).returncode == 0
    assert (tmp_path / name).is_file()
    assert run("append", ID, "0", "a.b#C", "{}", url=name, cwd=tmp_path).returncode == 0
    for command in (["log"], ["verify"], ["info"], ["export", "-o", "x.ndjson"]):
        assert run(*command, url=name, cwd=tmp_path).returncode == 0


def test_two_slashes_begin_a_path(tmp_path: Path) -> None:
    journal_with(f"/{tmp_path}/journal.db", sequence(3))
    assert run("log", url=f"/{tmp_path}/journal.db").stdout.count("a.b#C") == 3
    assert run("verify", url=f"/{tmp_path}/journal.db").returncode == 0

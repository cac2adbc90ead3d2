"""`esjournal completion`, and what the scripts ask for while a line is written."""

from __future__ import annotations

import os
import sqlite3
import time
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.domain.choices import Shell
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.infrastructure.sqlalchemy.urlschemes import path_of
from esjournal.journal.journal import open_journal
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.program import ended, environment, invoke, loaded, refused, run
from tests.helpers.stores import damaged_journal_with, journal_with
from tests.helpers.version1 import make_version_1

ROOT = Path(__file__).parents[2]
NAMES = ["order-1001", "order-1002", "über uns"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def journal(folder: Path) -> Path:
    """Return the path of a journal with three named sequences and two others."""
    path = folder / "esjournal.db"
    invoke("init", url=str(path))
    for name in NAMES:
        invoke("append", name, "0", "orders#Placed", "{}", url=str(path))
    invoke("append", NAMES[0], "1", "orders#Paid", "{}", url=str(path))
    invoke("append", ID, "0", "accounts#Opened", "{}", url=str(path))
    invoke("append", OTHER_ID, "0", "accounts#Opened", "{}", url=str(path))
    return path


def values(wanted: str, word: str = "", *words: str, **variables: str) -> list[str]:
    """Ask as a completion script does."""
    asked = run("completion", "values", wanted, word, *words, env=environment(**variables))
    assert (asked.returncode, asked.stderr) == (0, "")
    return asked.stdout.splitlines()


@pytest.mark.parametrize("shell", Shell)
def test_the_script_of_a_shell_is_printed(shell: Shell) -> None:
    script = invoke("completion", shell)
    assert script.exit_code == 0
    assert "completion values" in script.stdout


def test_another_shell_is_refused_with_those_that_there_are() -> None:
    refused(invoke("completion", "csh"), 2, "'csh' is not one of 'bash', 'zsh', 'fish'")
    refused(invoke("completion"), 2, "Missing argument 'SHELL'")


def test_the_wheel_brings_the_scripts_to_where_shells_look() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for shell, path in zip(Shell, wheel["shared-data"], strict=True):
        assert (ROOT / path).read_text() == invoke("completion", shell).stdout


@pytest.mark.parametrize(
    ("wanted", "word", "found"),
    [
        ("types", "", ["accounts#Opened", "orders#Paid", "orders#Placed"]),
        ("types", "orders#P", ["orders#Paid", "orders#Placed"]),
        ("types", "Orders", []),
        ("names", "", NAMES),
        ("names", "order-", NAMES[:2]),
        ("names", "ü", NAMES[2:]),
        ("names", "9b30", []),
        ("sequences", "", NAMES),
        ("sequences", "order-1002", NAMES[1:2]),
        ("sequences", ID[:4], [ID]),
        ("sequences", ID, [ID]),
        ("sequences", id_of_name("order-1001")[:6], [id_of_name("order-1001")]),
    ],
)
def test_values_come_from_the_journal(journal: Path, wanted: str, word: str, found: list[str]) -> None:
    assert values(wanted, word) == found


def test_without_names_an_empty_word_is_completed_by_ids(folder: Path) -> None:
    journal_with("other.db", [event(0), event(0, of=OTHER_ID)])
    assert values("sequences", "", "--url", "other.db") == sorted([ID, OTHER_ID])
    assert values("names", "", "--url", "other.db") == []


def test_the_journal_is_the_one_that_the_line_is_about(journal: Path) -> None:
    journal_with("other.db", [event(0, event_type="a#B")])
    other, default = ["a#B"], values("types")
    assert values("types", "", "--url", "other.db", "log") == other
    assert values("types", "", "log", "--url=other.db") == other
    assert values("types", "", "--url", "nowhere.db", "log", "--url", "sqlite:///other.db") == other
    assert values("types", "", "log", ESJOURNAL_URL="other.db") == other
    assert values("types", "", "log", ESJOURNAL_URL="") == default
    assert values("types", "", "--url", "~/other.db", "log", HOME=str(Path.cwd())) == other
    assert values("types", "", "--url", "~nobody-has-this-name/other.db", "log") == []
    assert values("types", "", "--url", "other.db", "log", "--layout", "eventsourcing") == []
    assert values("types", "", "--url", "sqlite:///other.db?layout=eventsourcing") == []


@pytest.mark.parametrize(
    "url",
    ["a.db", "./a b.db", "sqlite:///a.db", "sqlite:////tmp/a.db", "sqlite:///a%20b.db", "sqlite:///a.db?timeout=2"],
)
def test_a_url_names_the_same_file_as_for_a_command(url: str) -> None:
    assert path_of(url) == StoreURL.parse(url).path


@pytest.mark.parametrize("url", ["postgresql://me@nowhere.invalid/x", "postgres://x", "sqlite://", "mysql:///x"])
def test_a_url_of_no_file_names_none(url: str) -> None:
    assert path_of(url) is None
    assert values("types", "", "--url", url) == []


def _text(path: Path) -> None:
    path.write_text("no journal\n" * 100)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (id)")


def _endless(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM n"
        connection.execute(f"CREATE VIEW sequence_names AS SELECT x AS name FROM ({numbers}) WHERE x < 0")
        connection.execute(
            "CREATE VIEW stored_events AS SELECT x AS global_position, x AS originator_id, 'a' AS event_type "
            f"FROM ({numbers}) WHERE x < 0"
        )


@pytest.mark.parametrize(
    "make",
    [lambda path: None, Path.touch, Path.mkdir, os.mkfifo, _text, _foreign, _endless],
    ids=["nothing", "empty", "folder", "fifo", "text", "foreign", "endless"],
)
@pytest.mark.parametrize("wanted", ["types", "names", "sequences"])
def test_what_is_no_journal_completes_nothing_and_is_left_as_it_is(
    make: Callable[[Path], None], wanted: str, folder: Path
) -> None:
    make(folder / "esjournal.db")
    before = [(path.name, path.lstat().st_mtime_ns) for path in folder.iterdir()]
    began = time.monotonic()
    assert values(wanted, "a") == []
    assert time.monotonic() - began < 5
    assert [(path.name, path.lstat().st_mtime_ns) for path in folder.iterdir()] == before


def test_a_journal_at_rest_gets_no_other_files(journal: Path, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert values("types")
    assert values("sequences", "9")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_what_is_only_in_the_wal_is_found(journal: Path) -> None:
    with open_journal(str(journal)) as opened:
        opened.events.append(event(0, of="00000000-0000-4000-8000-000000000000", event_type="late#One"))
        assert (journal.parent / "esjournal.db-wal").stat().st_size > 0
        assert values("types", "late") == ["late#One"]
        assert values("sequences", "0000") == ["00000000-0000-4000-8000-000000000000"]


def test_nobody_is_waited_for(journal: Path) -> None:
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE sequence_names SET name = name || 'x'")
        began = time.monotonic()
        assert values("names") == []
        assert time.monotonic() - began < 5
        connection.execute("ROLLBACK")
    assert values("names") == NAMES


def test_a_journal_of_version_1_has_types_and_ids(folder: Path) -> None:
    make_version_1(f"sqlite:///{folder}/esjournal.db")
    assert values("types")
    assert values("names") == []
    assert all(len(found) == 36 for found in values("sequences"))
    assert values("sequences")


def test_old_types_of_a_long_journal_are_found(folder: Path) -> None:
    old = [event(version, event_type="old#One") for version in range(8_000)]
    journal_with("esjournal.db", [*old, *(event(version, of=OTHER_ID) for version in range(8_000))])
    assert values("types") == ["a.b#C", "old#One"]


def test_what_a_terminal_would_obey_is_not_offered(folder: Path) -> None:
    bad = ["a\x1b[2J", "a\nb", "a\u202eb", "a\u2028"]
    damaged_journal_with("esjournal.db", [event(version, event_type=text) for version, text in enumerate(["a", *bad])])
    assert values("types", "a") == ["a"]


def test_too_many_names_are_represented_by_their_beginnings(folder: Path) -> None:
    invoke("init", url="esjournal.db")
    lines = "".join(
        f'{{"sequence_name":"order-{number}","originator_version":0,"event_type":"a","state":{{}}}}\n'
        for number in range(1000, 1999)
    )
    assert invoke("append", "-", url="esjournal.db", input=lines).exit_code == 0
    assert values("names") == [f"order-1{digit}" for digit in range(10)]
    assert len(values("names", "order-12")) == 100


def test_a_server_is_asked_only_if_the_user_says_so(postgres_url: str) -> None:
    invoke("init", url=postgres_url)
    for name in NAMES:
        invoke("append", name, "0", "orders#Placed", "{}", url=postgres_url)
    invoke("append", ID, "0", "accounts#Opened", "{}", url=postgres_url)
    assert values("types", "", "--url", postgres_url) == []
    assert values("types", "", "--url", postgres_url, ESJOURNAL_COMPLETE="0") == []

    def asked(wanted: str, word: str) -> list[str]:
        return values(wanted, word, "--url", postgres_url, ESJOURNAL_COMPLETE="1")

    assert asked("types", "") == ["accounts#Opened", "orders#Placed"]
    assert asked("names", "order-") == NAMES[:2]
    assert asked("sequences", "") == NAMES
    assert asked("sequences", ID[:3]) == [ID]
    assert asked("sequences", ID[:9]) == [ID]
    assert asked("sequences", "12345") == []
    assert asked("names", "'; DROP TABLE stored_events; --") == []
    assert values("types", "", "--url", f"{postgres_url}x", ESJOURNAL_COMPLETE="1") == []
    nowhere = "postgresql://me@127.0.0.1:1/x"
    assert values("types", "", "--url", nowhere, ESJOURNAL_COMPLETE="1") == []


def test_asking_loads_neither_the_command_line_nor_sqlalchemy(journal: Path) -> None:
    code = "from esjournal.__main__ import main\ntry: main()\nexcept SystemExit: pass"
    modules = loaded(code, "completion", "values", "types", "")
    assert "sqlite3" in modules
    assert modules.isdisjoint({"typer", "rich", "sqlalchemy", "psycopg", "msgspec", "esjournal.cli.app"})


def test_words_that_no_script_sends_are_wrong_usage() -> None:
    refused(invoke("completion", "values"), 2, "'values' is not one of 'bash'")
    for arguments in (["types"], ["sizes", ""]):
        asked = run("completion", "values", *arguments)
        assert (asked.returncode, asked.stdout) == (2, "")
        assert asked.stderr.startswith("esjournal: ")
        assert asked.stderr.count("\n") == 1


def test_the_help_says_where_the_scripts_belong() -> None:
    text = invoke("completion", "--help").stdout
    for place in ("bash-completion/completions/esjournal", "_esjournal", "fish/completions/esjournal.fish"):
        assert place in text
    ended(invoke("help", "completion"), 0, out=text)

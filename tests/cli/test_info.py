"""`info`: facts about a journal, and warnings about what could lose its events."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

import esjournal
from esjournal.infrastructure.sqlalchemy.postgresql import postgresqlinfo
from esjournal.infrastructure.sqlalchemy.sqlite.sqliteinfo import has_wal_reset_bug
from esjournal.journal.inspect.info import describe
from esjournal.journal.journal import open_journal
from tests.helpers.events import OTHER_ID, sequence
from tests.helpers.program import invoke, run
from tests.helpers.stores import execute, file_with, journal_with
from tests.helpers.terminal import on_terminal, plain

NAMES = [
    *(
        "url",
        "journal id",
        "made at",
        "schema version",
        "protected",
        "events",
        "sequences",
        "last global position",
        "size",
        "esjournal",
    ),
    *("Python", "SQLAlchemy", "driver", "server"),
]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, [*sequence(6), *sequence(2, of=OTHER_ID)])


def test_what_a_journal_is_stands_in_lines_of_name_and_value(url: str) -> None:
    ended = run("info", url=url)
    assert ended.returncode == 0
    lines = dict(line.split("  ", 1) for line in ended.stdout.splitlines() if not line.startswith("warning"))
    values = {name: value.strip() for name, value in lines.items()}
    assert list(values) == NAMES
    assert values["events"] == "8"
    assert values["sequences"] == "2"
    assert values["last global position"] == "8"
    assert values["esjournal"] == esjournal.__version__
    assert values["server"].startswith("SQLite 3." if url.startswith("sqlite") else "PostgreSQL ")
    with open_journal(url) as journal:
        assert values["journal id"] == journal.journal_id
        assert values["url"] == journal.shown_url


def test_json_has_the_same(url: str) -> None:
    found = json.loads(invoke("info", "-F", "json", url=url).stdout)
    with open_journal(url) as journal:
        assert found["journal_id"] == journal.journal_id
    assert (found["events"], found["sequences"], found["last_global_position"]) == (8, 2, 8)
    assert found["bytes"] >= 8_192
    assert isinstance(found["warnings"], list)


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), True),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_which_versions_of_sqlite_have_the_wal_reset_bug(version: tuple[int, ...], has_bug: bool) -> None:
    assert has_wal_reset_bug(version) == has_bug


def test_a_sqlite_with_the_bug_is_warned_of_and_one_without_is_not(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_with(sqlite_url, sequence(3))
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    ended = invoke("info", url=sqlite_url)
    assert ended.exit_code == 0
    assert "warning               SQLite " in ended.stdout
    assert "use a Python with SQLite 3.51.3 or later" in ended.stdout
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    assert "warning" not in invoke("info", url=sqlite_url).stdout


def test_a_journal_that_is_not_in_wal_mode_is_warned_of(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    execute(sqlite_url, "PRAGMA journal_mode=DELETE")
    assert (
        "the journal mode is delete: readers and writers wait for one another" in invoke("info", url=sqlite_url).stdout
    )


@pytest.mark.parametrize(
    ("synchronous", "warned"), [("OFF", True), ("NORMAL", True), ("FULL", False), ("EXTRA", False)]
)
def test_a_connection_that_does_not_wait_for_the_disk_is_warned_of(
    sqlite_url: str, synchronous: str, warned: bool
) -> None:
    journal_with(sqlite_url, sequence(3))
    with open_journal(sqlite_url) as journal:
        with journal.events.session.connection() as connection:
            connection.execute(f"PRAGMA synchronous={synchronous}")
        assert any("synchronous is not FULL" in warning.text for warning in describe(journal).warnings) == warned


@pytest.mark.long
def test_a_server_that_does_not_wait_for_the_disk_is_warned_of(own_url: str) -> None:
    journal_with(own_url, sequence(3))
    assert json.loads(invoke("info", "-F", "json", url=own_url).stdout)["warnings"] == []
    ended = invoke("info", url=f"{own_url}&options=-csynchronous_commit%3Doff")
    assert ended.exit_code == 0
    [line] = [line for line in ended.stdout.splitlines() if line.startswith("warning ")]
    assert "the server's synchronous_commit is off: a crash of the server may lose acknowledged events" in line


def test_every_setting_that_may_lose_events_is_looked_at() -> None:
    assert set(postgresqlinfo._SETTINGS) == {"synchronous_commit", "fsync", "full_page_writes"}


def test_a_file_of_events_is_reported_too(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", sequence(3))
    found = json.loads(invoke("info", "-F", "json", url=str(path)).stdout)
    assert (found["url"], found["events"], found["sequences"], found["warnings"]) == (str(path), 3, 1, [])
    assert found["journal_id"] is found["made_at"] is found["schema_version"] is found["bytes"] is None
    names = [line.partition("  ")[0] for line in invoke("info", url=str(path)).stdout.splitlines()]
    assert names == [
        name for name in NAMES if name not in ("journal id", "made at", "schema version", "protected", "size")
    ]


def test_a_terminal_gets_lines_that_fit(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, sequence(3))
    execute(sqlite_url, "PRAGMA journal_mode=DELETE")
    for columns in (40, 80, 120):
        text = plain(on_terminal("info", url=sqlite_url, columns=columns))
        assert "`esjournal init` switches it to WAL" in " ".join(text.split())
        assert all(len(line) <= columns for line in text.splitlines() if not re.search("journal id|url", line))


def test_warnings_are_below_the_facts_on_a_terminal(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    execute(sqlite_url, "PRAGMA journal_mode=DELETE")
    shown = on_terminal("info", url=sqlite_url)
    facts, *warnings = plain(shown).split("\n\n")
    assert [line.split("  ", 1)[0] for line in facts.splitlines() if not line.startswith(" ")] == NAMES
    expected = (
        "warning: the journal mode is delete: readers and writers wait for one another;\n"
        "    `esjournal init` switches it to WAL (docs/findings.md#journal-mode)"
    )
    assert expected in map(str.rstrip, warnings)
    assert "\x1b[33mwarning: the journal mode is delete" in shown
    assert "\x1b[33m`esjournal init`" in shown
    assert "(docs/" not in plain(on_terminal("info", url=sqlite_url, columns=79))
    piped = invoke("info", url=sqlite_url).stdout
    assert "\nwarning               the journal mode is delete: " in piped
    assert "(docs/" not in piped


def test_all_warnings_are_texts_in_json(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    execute(sqlite_url, "PRAGMA journal_mode=DELETE")
    warnings = json.loads(invoke("info", "-F", "json", url=sqlite_url).stdout)["warnings"]
    assert any(warning.startswith("the journal mode is delete: ") for warning in warnings)

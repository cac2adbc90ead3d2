"""Control characters that a damaged file or another program puts in any column: none of them reaches a terminal."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.cli.terminal import visible
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.stores import journal_with
from tests.helpers.terminal import STYLE, on_terminal

pytestmark = pytest.mark.long

# It would set the clipboard, clear the screen, reverse text, and begin a new line.
PLANTED = "\x1b]52;c;cm0=\x07\x1b[2J\x9b2J\u202e\u2066\r\x08\nplanted\t"


@pytest.fixture
def planted(tmp_path: Path) -> str:
    """A journal that has it in every text column, each in an event of its own, and two sound events."""
    path = tmp_path / "journal.db"
    journal_with(f"sqlite:///{path}", [*(event(version) for version in range(6)), event(0, of=OTHER_ID)])
    with closing(sqlite3.connect(path)) as database, database:
        for version, column in ((2, "state"), (3, "recorded_at"), (4, "event_type")):
            database.execute(f"UPDATE stored_events SET {column} = ? WHERE originator_version = ?", (PLANTED, version))
        state = json.dumps({PLANTED: PLANTED}, ensure_ascii=False)
        database.execute("UPDATE stored_events SET state = ? WHERE originator_version = 1", (state,))
        database.execute("UPDATE stored_events SET originator_id = ? WHERE originator_version = 5", (PLANTED,))
        database.execute("UPDATE esjournal SET created_at = ?", (PLANTED,))
    return str(path)


@pytest.fixture
def other(tmp_path: Path) -> str:
    return journal_with(str(tmp_path / "other.db"), [event(0, '{"a":1}')])


def assert_harmless(text: str) -> None:
    shown = STYLE.sub("", text)
    assert [character for character in shown if character != visible(character)] == []
    assert "u001b" in shown or "x1b" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("command", [["get", ID], ["log"], ["list"]])
def test_no_column_drives_the_terminal_in_any_format(planted: str, command: list[str], name: str) -> None:
    text = on_terminal(*command, "-F", name, url=planted, columns=100, PAGER="cat")
    assert_harmless(text)
    if name == "table":
        assert not [line for line in text.splitlines() if line.startswith("planted")]


@pytest.mark.parametrize(
    "command",
    [
        ["log", "--full"],
        ["log", "--template", "{originator_id}@{originator_version} {event_type} {recorded_at} {state}"],
        ["history", ID],
        ["history", ID, "-F", "json"],
        ["history", ID, "-F", "ndjson"],
        ["trace", "5"],
        ["stats"],
        ["stats", "--by", "day"],
        ["stats", "-F", "json"],
        ["verify", "-q"],
        ["verify", "-q", "-F", "json"],
        ["verify", "-q", "--digest", "--per-sequence"],
        ["info"],
        ["info", "-F", "json"],
        ["export"],
        ["export", "-F", "csv"],
    ],
)
def test_no_column_drives_the_terminal(planted: str, command: list[str]) -> None:
    text = on_terminal(*command, url=planted, columns=100, PAGER="cat")
    assert_harmless(text)
    assert command[0] in ("log", "export") or not [line for line in text.splitlines() if line.startswith("planted")]


@pytest.mark.parametrize(
    "command", [["diff", "-q"], ["diff", "-q", "--full"], ["diff", "-q", "--per-sequence"], ["copy", "-q"]]
)
def test_no_column_of_either_journal_drives_the_terminal(planted: str, other: str, command: list[str]) -> None:
    text = on_terminal(*command, planted, other, columns=100)
    assert_harmless(text)
    assert not [line for line in text.splitlines() if line.startswith("planted")]


@pytest.mark.parametrize("command", [["log"], ["log", "--full"], ["get"], ["list"], ["history"], ["stats"], ["export"]])
def test_no_column_of_another_librarys_table_drives_the_terminal(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
            "PRIMARY KEY (originator_id, originator_version))"
        )
        rows = [(ID, 1, "a:B", b"{}"), (ID, 2, PLANTED, b"{}"), (ID, 3, "a:B", PLANTED.encode())]
        database.executemany("INSERT INTO stored_events VALUES (?, ?, ?, ?)", [*rows, (PLANTED, 1, "a:B", b"{}")])
    arguments = [*command, *([ID] if command[0] in ("get", "history") else []), "--layout", "eventsourcing"]
    assert_harmless(on_terminal(*arguments, url=str(path), columns=100, PAGER="cat"))

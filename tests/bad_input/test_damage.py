"""Journals with damaged pages or positions far apart: every command ends with one of esjournal's own messages."""

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.journal.journal import open_journal
from tests.helpers.events import event
from tests.helpers.program import invoke, run
from tests.helpers.stores import journal_with, stored

pytestmark = pytest.mark.long

EVENTS = 600
COMMANDS = [
    ["verify"],
    ["verify", "--digest"],
    ["export"],
    ["log"],
    ["log", "-n", "3", "--reverse"],
    ["stats"],
    ["list"],
    ["info"],
    ["get", str(event(0).originator_id)],
    ["history", str(event(0).originator_id)],
]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    journal_with(str(path), [event(version, '{"text":"' + "x" * 50 + '"}') for version in range(EVENTS)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def leaves(path: Path) -> tuple[int, list[int]]:
    """Return the page size, and the numbers of the leaf pages of the table of events, from first to last."""
    with closing(sqlite3.connect(path)) as connection:
        [(size,)] = connection.execute("PRAGMA page_size")
        [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stored_events'")
    page = path.read_bytes()[(root - 1) * size : root * size]
    # The format of an interior page: https://sqlite.org/fileformat2.html, section 1.6.
    assert page[0] == 5
    cells = [int.from_bytes(page[at : at + 2]) for at in range(12, 12 + 2 * int.from_bytes(page[3:5]), 2)]
    return size, [*(int.from_bytes(page[cell : cell + 4]) for cell in cells), int.from_bytes(page[8:12])]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_page_that_is_half_zeroed_is_damage(journal: Path, which: str, command: list[str]) -> None:
    size, numbers = leaves(journal)
    number = {"first": numbers[0], "middle": numbers[len(numbers) // 2], "last": numbers[-1]}[which]
    content = bytearray(journal.read_bytes())
    begin = (number - 1) * size
    content[begin + size // 8 : begin + size] = bytes(size - size // 8)
    journal.write_bytes(content)
    result = run(*command, url=str(journal))
    assert "Traceback" not in result.stderr
    if command[0] == "verify":
        assert result.returncode in (1, 5)
        assert result.stdout.count("\n") < 200
        assert "integrity" in result.stdout
    elif result.returncode != 0:
        # A command may read only the part that is whole.
        assert result.returncode == 5
        assert re.fullmatch(r"esjournal: [^\n]* is damaged: [^\n]*\n", result.stderr), result.stderr
    if command[0] == "export":
        assert result.returncode == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE esjournal SET schema_version = 'x'",
        "UPDATE esjournal SET journal_id = x'00'",
        "UPDATE sqlite_sequence SET seq = 'x'",
    ],
)
def test_text_where_a_number_belongs_is_damage_or_a_finding(journal: Path, statement: str) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        [(sql,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'esjournal'").fetchall()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'esjournal'")
        connection.commit()
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute(statement)
        connection.commit()
    assert "STRICT" in sql
    for command in COMMANDS:
        result = run(*command, url=str(journal))
        assert result.returncode in ((0, 1) if "sequence" in statement else (5,)), (command, result.stderr)
        assert "unexpected" not in result.stderr
    assert run("verify", url=str(journal)).returncode in (1, 5)


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_end_no_command_with_a_traceback(journal: Path, seed: int) -> None:
    generator = random.Random(seed)
    content = bytearray(journal.read_bytes())
    for _ in range(20):
        content[generator.randrange(100, len(content))] ^= 1 << generator.randrange(8)
    journal.write_bytes(content)
    for command in COMMANDS:
        result = invoke(*command, url=str(journal))
        assert result.exit_code in (0, 1, 5), (command, result.stderr)
        assert "Traceback" not in result.stderr


# Positions with gaps


def execute(url: str, statement: str) -> None:
    """Run a statement on the table of events, whose name replaces `{}`."""
    with open_journal(url) as journal, journal.events.session.connection() as connection:
        connection.execute(
            statement.format(
                journal.events.session.engine.dialect.identifier_preparer.format_table(journal.events.table)
            )
        )


@pytest.mark.parametrize("command", [["export"], ["log", "-F", "ndjson"], ["stats"], ["verify"], ["list"]])
def test_an_event_far_away_is_read_without_walking_there(store_url: str, command: list[str]) -> None:
    journal_with(store_url, [event(version) for version in range(3)])
    execute(store_url, f"UPDATE {{}} SET global_position = {2**62} WHERE global_position = 3")
    result = run(*command, url=store_url)
    assert result.returncode == (1 if command == ["verify"] else 0), result.stderr
    if command[0] in ("export", "log"):
        assert result.stdout.count("\n") == 3


def test_an_export_after_many_were_deleted_is_in_order(store_url: str) -> None:
    journal_with(store_url, [event(version) for version in range(52_000)])
    execute(store_url, "DELETE FROM {} WHERE global_position > 1500 AND global_position <= 2000")
    exported = run("export", url=store_url).stdout.splitlines()
    positions = [int(line.rsplit(":", 1)[1].rstrip("}")) for line in exported]
    assert positions == [each.global_position for each in stored(store_url)]
    assert len(positions) == 51_500

"""Times that PostgreSQL keeps, but neither Python nor a year of four digits can represent: no reader changes them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from tests.helpers.events import ID, sequence
from tests.helpers.other_libraries.tables import INSERTS, TABLES, writer
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

BAD = ["infinity", "-infinity", "12026-01-01 00:00:00+00", "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00+00"]
every_bad = pytest.mark.parametrize("time", BAD)
SAID = r"is damaged: recorded_at is [^\n]*, outside of the years 1 to 9999; restore it from a backup\n"
READING = [
    "export",
    "log",
    "log -n 1",
    "log --reverse",
    "log --since 2020-01-01",
    "log --until 2120-01-01",
    f"get {ID}",
    f"history {ID}",
    "list",
    "stats",
]


@pytest.fixture
def damaged(postgres_url: str, time: str) -> str:
    """A journal of three events, of which the last has such a time."""
    journal_with(postgres_url, sequence(3))
    with writer(postgres_url) as connection:
        connection.execute("UPDATE stored_events SET recorded_at = %s WHERE originator_version = 2", (time,))
    return postgres_url


@every_bad
def test_every_command_that_reads_it_ends_with_the_problem(damaged: str, time: str, tmp_path: Path) -> None:
    is_past = time.startswith("-") or time.endswith("BC")
    for command in READING:
        if ("--since" in command and is_past) or ("--until" in command and not is_past):
            # It is outside of the range that was asked for.
            assert invoke(*command.split(" "), url=damaged).exit_code == 0
            continue
        result = invoke(*command.split(" "), url=damaged)
        assert result.exit_code == 5, (command, result.output)
        assert re.search(SAID, result.stderr), (command, result.stderr)
    other = journal_with(str(tmp_path / "other.db"), sequence(3))
    for arguments in (
        ["copy", damaged, other],
        ["copy", damaged, str(tmp_path / "f.ndjson")],
        ["diff", damaged, other],
    ):
        result = invoke(*arguments)
        assert (result.exit_code, bool(re.search(SAID, result.stderr))) == (5, True), (arguments, result.output)


@every_bad
def test_verify_finds_it_and_continues(damaged: str, time: str) -> None:
    result = invoke("verify", "-F", "ndjson", url=damaged)
    assert result.exit_code == 1, result.output
    findings = [json.loads(line) for line in result.stdout.splitlines() if "kind" in line]
    [found] = [finding for finding in findings if finding["place"] == "3"]
    assert re.fullmatch("the event cannot be read: recorded_at is .*, outside of the years 1 to 9999", found["detail"])
    assert not any(finding["place"] in ("1", "2") for finding in findings)


class Dated(NamedTuple):
    """A stored event with its recording time."""

    originator_id: UUID
    originator_version: int
    event_type: str
    state: str
    recorded_at: datetime


@every_bad
def test_the_library_says_so_too(damaged: str, time: str) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=damaged)) as datastore:
        strategy: SQLAlchemyActiveRecordStrategy[Dated] = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=Dated
        )
        for read in (
            lambda: list(strategy.all_items()),
            lambda: strategy.get_items(UUID(ID)),
            lambda: strategy.get_item(UUID(ID), 2),
        ):
            with pytest.raises(StoreDamaged, match="outside of the years 1 to 9999"):
                read()
        there = strategy.get_item(UUID(ID), 1)
        assert there is not None
        assert there.recorded_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("time", ["0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"])
def test_the_first_and_the_last_time_are_read(damaged: str, time: str) -> None:
    result = invoke("export", url=damaged)
    assert result.exit_code == 0, result.stderr
    recorded_at = json.loads(result.stdout.splitlines()[-1])["recorded_at"]
    assert recorded_at.startswith(time[:10])
    assert invoke("verify", url=damaged).exit_code == 0
    assert invoke("stats", url=damaged).exit_code == 0


@every_bad
def test_messages_with_such_a_time_are_not_read_as_others(postgres_url: str, time: str, tmp_path: Path) -> None:
    with writer(postgres_url) as connection:
        connection.execute(TABLES["message-db"])
        connection.execute(INSERTS["message-db"])
        connection.execute("UPDATE messages SET time = CAST(%s AS timestamp)", (time.replace("+00", ""),))
    url = f"{postgres_url}&layout=message-db"
    for command in (["export"], ["log"]):
        result = invoke(*command, url=url)
        assert result.exit_code == 3, (command, result.output)
        assert re.search(r"global position 1: recorded_at '[^\n]*' is not a time", result.stderr), (
            command,
            result.stderr,
        )
    # In a copy it is one bad event, which need not end the copy.
    result = invoke("copy", "--rejects", str(tmp_path / "rejects.ndjson"), url, str(tmp_path / "f.ndjson"))
    assert (result.exit_code, "1 reject is in" in result.stderr) == (3, True), result.output


@every_bad
def test_a_journal_made_at_such_a_time_is_damaged(damaged: str, time: str) -> None:
    with writer(damaged) as connection:
        connection.execute("UPDATE esjournal SET created_at = %s", (time,))
    result = invoke("info", url=damaged)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "outside of the years 1 to 9999" in result.stderr

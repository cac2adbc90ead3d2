"""Tables that are not strict, with values of other classes: each command names the event and the column, or exits 0
because it did not read the value.
"""

import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from tests.helpers.events import event
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

ID = str(event(0).originator_id)
EVENT_COMMANDS = [["export"], ["log"], ["get", ID], ["history", ID]]
COLUMNS = ["originator_id", "originator_version", "event_type", "state", "recorded_at"]
VALUES = ["NULL", "x'7b7d'", "7.5"]


class TimedEvent(NamedTuple):
    """A stored event with its time."""

    originator_id: UUID
    originator_version: int
    event_type: str
    state: str
    recorded_at: datetime | None = None


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """Return a journal of five events whose table has no types."""
    path = tmp_path / "loose.db"
    journal_with(str(path), [event(version) for version in range(5)])
    execute(
        path,
        "CREATE TABLE made_by_hand (global_position INTEGER PRIMARY KEY, originator_id, originator_version, "
        "event_type, state, recorded_at, metadata, event_id)",
        "INSERT INTO made_by_hand SELECT * FROM stored_events",
        "DROP TABLE stored_events",
        "ALTER TABLE made_by_hand RENAME TO stored_events",
        "CREATE UNIQUE INDEX stored_events_place ON stored_events (originator_id, originator_version)",
    )
    return path


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def damage(path: Path, column: str, value: str) -> None:
    execute(path, f"UPDATE stored_events SET {column} = {value} WHERE global_position = 3")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("column", COLUMNS)
def test_every_reader_of_events_names_the_event_and_the_column(loose: Path, column: str, value: str) -> None:
    damage(loose, column, value)
    for command in EVENT_COMMANDS:
        result = invoke(*command, url=str(loose))
        if command[0] in ("get", "history") and (column == "originator_id" or (column, value) == (COLUMNS[1], "NULL")):
            # The event is no longer in the sequence, or before its first version.
            continue
        assert result.exit_code == 5, command
        assert re.fullmatch(
            rf"esjournal: \S+ is damaged: {column} .* is (NoneType|bytes|float), not (str|int), at global position 3; "
            r"restore it from a backup\n",
            result.stderr,
        ), (command, result.stderr)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("column", COLUMNS)
def test_verify_reports_the_value_as_a_finding(loose: Path, column: str, value: str) -> None:
    damage(loose, column, value)
    result = invoke("verify", url=str(loose))
    assert result.exit_code == 1
    assert re.search(r"^bad-\w+ +3 .* is (NoneType|bytes|float), not (str|int)$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("command", ["list", "stats"])
def test_an_id_that_is_not_text_is_not_left_out(loose: Path, command: str, value: str) -> None:
    damage(loose, "originator_id", value)
    result = invoke(command, url=str(loose))
    assert result.exit_code == 5
    assert re.search("is damaged: originator_id .* is (NoneType|bytes|float), not str", result.stderr)


@pytest.mark.parametrize("column", ["event_type", "recorded_at"])
def test_stats_counts_no_value_of_another_class(loose: Path, column: str) -> None:
    damage(loose, column, "x'7b7d'")
    result = invoke("stats", url=str(loose))
    assert result.exit_code == 5
    assert f"is damaged: {column} " in result.stderr


def test_list_shows_no_value_of_another_class(loose: Path) -> None:
    execute(loose, "UPDATE stored_events SET event_type = x'45' WHERE global_position = 5")
    result = invoke("list", url=str(loose))
    assert result.exit_code == 5
    assert "is damaged: event_type " in result.stderr


@pytest.mark.parametrize("value", VALUES)
def test_an_append_does_not_compare_with_a_state_of_another_class(loose: Path, value: str) -> None:
    damage(loose, "state", value)
    result = invoke("append", "--if-absent", ID, "2", "Other", "{}", url=str(loose))
    assert result.exit_code == 5
    assert "is damaged: state " in result.stderr


def test_an_append_at_the_next_version_says_that_the_last_one_is_not_a_number(loose: Path) -> None:
    damage(loose, "originator_version", "x'07'")
    result = invoke("append", ID, "next", "Other", "{}", url=str(loose))
    assert result.exit_code == 5
    assert "is damaged: originator_version " in result.stderr


def test_the_library_reads_no_value_of_another_class(loose: Path) -> None:
    damage(loose, "state", "x'7b7d'")
    with SQLAlchemyDatastore(SQLAlchemySettings(str(loose))) as datastore:
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        with pytest.raises(StoreDamaged, match=r"state .* is bytes, not str, at originator_id"):
            list(strategy.all_items())
        with pytest.raises(StoreDamaged, match="originator_version '2'"):
            strategy.get_item(UUID(ID), 2)


@pytest.mark.parametrize(
    ("column", "item_class", "what"),
    [("originator_id", StoredEvent, "is not a UUID"), ("recorded_at", TimedEvent, "is not a time")],
)
def test_the_library_reads_no_text_that_is_not_an_id_or_a_time(
    loose: Path, column: str, item_class: type[StoredEvent] | type[TimedEvent], what: str
) -> None:
    damage(loose, column, "'garbled'")
    with SQLAlchemyDatastore(SQLAlchemySettings(str(loose))) as datastore:
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=item_class
        )
        with pytest.raises(StoreDamaged, match=f"{column} 'garbled' {what}, at originator_id"):
            list(strategy.all_items())


def test_a_state_that_a_flipped_bit_turned_into_a_blob_is_damage_in_a_strict_table_too(tmp_path: Path) -> None:
    path = tmp_path / "strict.db"
    marker = '{"text":"' + "x" * 60 + '"}'
    journal_with(str(path), [event(0), event(1, marker), event(2)])
    execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    # In a record's header, the type of a text of n bytes is 2n + 13, and that of a BLOB 2n + 12, in two bytes.
    kind = 2 * len(marker) + 13
    header = content.rindex(bytes([0x80 | kind >> 7, kind & 0x7F]), 0, content.rindex(marker.encode()))
    content[header + 1] ^= 1
    path.write_bytes(content)
    result = invoke("export", url=str(path))
    assert result.exit_code == 5
    assert "is damaged: state " in result.stderr
    assert "at global position 2" in result.stderr

"""Parquet: other programs read the events with their column types."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow.parquet as pq
import pytest

from esjournal.domain.model.recordedevent import EventRow
from esjournal.interchange import parquet
from tests.helpers.events import ID, OTHER_ID, TIME

EVENTS: list[EventRow] = [
    (ID, 0, "a#Opened", '{"owner":"Ann","sum":1.10}', "0001-01-01T00:00:00.000001Z", None, None, 1),
    (ID, 2**63 - 1, "a#Opened", "sealed, and no JSON", "9999-12-31T23:59:59.999999Z", None, None, 2),
    (OTHER_ID, 7, 'a"#é\U0001f600', '{\n"owner":"\U0001f600"}', TIME, None, None, 2**63 - 1),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.parquet"


def written(path: Path, pages: list[list[EventRow]]) -> Path:
    with path.open("wb") as stream:
        parquet.write(pages, stream)
    return path


def rows(query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.sql(query).fetchall()


def test_columns_have_types_of_their_own(path: Path) -> None:
    described = rows(f"describe from '{written(path, [EVENTS])}'")
    assert [row[:2] for row in described] == [
        ("originator_id", "UUID"),
        ("originator_version", "BIGINT"),
        ("event_type", "VARCHAR"),
        ("state", "VARCHAR"),
        ("recorded_at", "TIMESTAMP WITH TIME ZONE"),
        ("global_position", "BIGINT"),
    ]
    columns = pq.ParquetFile(path).metadata.row_group(0)
    assert {columns.column(index).compression for index in range(6)} == {"ZSTD"}
    assert "RLE_DICTIONARY" in columns.column(2).encodings


def test_events_come_back_to_the_microsecond_and_the_byte(path: Path) -> None:
    query = f"""
        select originator_id, originator_version, event_type, state, epoch_us(recorded_at), global_position
        from '{written(path, [EVENTS[:2], EVENTS[2:]])}' order by global_position
    """
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for row, (originator_id, *content, recorded_at, _, _, position) in zip(rows(query), EVENTS, strict=True):
        since = datetime.fromisoformat(str(recorded_at)) - epoch
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        assert row == (UUID(originator_id), *content, microseconds, position)


def test_a_state_is_json_to_ask_questions_of(path: Path) -> None:
    table = written(path, [[EVENTS[0], EVENTS[2]]])
    assert rows(f"select global_position from '{table}' where state->>'owner' = 'Ann'") == [(1,)]
    assert rows(f"select count(*) from '{table}' where originator_id = '{OTHER_ID}'") == [(1,)]


@pytest.mark.parametrize(("limit", "value"), [("GROUP_ROWS", 20), ("GROUP_BYTES", 1_000)])
def test_many_events_are_written_in_several_row_groups_while_they_are_read(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(parquet, limit, value)
    stream = io.BytesIO()
    sizes = []

    def pages() -> Iterator[list[EventRow]]:
        for start in range(0, 100, 10):
            sizes.append(len(stream.getvalue()))
            yield [(*EVENTS[0][:7], start + 1 + index) for index in range(10)]

    parquet.write(pages(), stream)
    assert sizes[-1] > sizes[0]
    found = pq.ParquetFile(io.BytesIO(stream.getvalue()))
    assert found.num_row_groups >= 5
    assert found.read().column("global_position").to_pylist() == list(range(1, 101))


def test_no_events_are_a_file_with_columns_and_without_rows(path: Path) -> None:
    assert rows(f"select count(*) from '{written(path, [])}'") == [(0,)]

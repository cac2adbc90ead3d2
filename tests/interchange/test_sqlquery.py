"""DuckDB as a query sees it: what is read, how often, and the walls around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from esjournal.exceptions import InvalidData, InvalidQuery, StoreDamaged, StoreError
from esjournal.interchange import sqlquery
from esjournal.interchange.sqlquery import Table, answering, scans_of

SCHEMA = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.string())])
VIEWS = {"pairs": "SELECT a, count(*) AS n FROM events GROUP BY a"}


def table(rows: int = 3) -> Table:
    def batches() -> Iterator[Any]:
        yield pa.record_batch([pa.array(range(rows)), pa.array(map(str, range(rows)))], schema=SCHEMA)

    return Table(SCHEMA, batches)


def answer(sql: str, folder: Path, events: Table | None = None) -> list[dict[str, Any]]:
    with answering(sql, str(folder), {"events": events or table()}, VIEWS) as found:
        return [row for batch in found.batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("sql", "count", "columns"),
    [
        ("select b from events", 1, {"b"}),
        ("select x.b from events x join events y using (a)", 2, {"a", "b"}),
        ("with c as (from events) select c.a from c, c d", 2, {"a"}),
        ("from pairs", 1, {"a"}),
        ("from events", 1, {"a", "b"}),
        ("select x from events t(x, y)", 1, {"a"}),
        ("select 1", 0, set()),
        ("summarize events", 1, {"a", "b"}),
    ],
)
def test_the_plan_says_how_often_and_what_a_query_reads(sql: str, count: int, columns: set[str]) -> None:
    found = scans_of(sql, "events", SCHEMA, VIEWS)
    assert found.columns is not None
    # DuckDB may share what two parts of a query have in common.
    assert 1 <= found.count <= count or found.count == count
    assert set(found.columns) == columns


def test_a_table_is_read_from_its_beginning_each_time(tmp_path: Path) -> None:
    assert len(answer("select * from events x, events y", tmp_path)) == 9
    assert answer("from pairs order by a limit 1", tmp_path) == [{"a": 0, "n": 1}]


def test_the_walls_stand_before_the_query(tmp_path: Path) -> None:
    settings = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "lock_configuration": "true",
        "TimeZone": "UTC",
    }
    for name, value in settings.items():
        [found] = answer(f"select current_setting('{name}')::varchar as value", tmp_path)
        assert found["value"] == value, name


def test_each_wall_holds_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlquery, "_check", lambda connection, sql: None)
    file, folder = tmp_path / "file.csv", tmp_path / "folder"
    file.write_text("a\n1\n")
    # DuckDB may use the files in its own folder.
    folder.mkdir()
    for sql in (
        f"copy events to '{tmp_path}/new.csv'",
        f"attach '{tmp_path}/new.db'",
        "set threads = 1",
        "load httpfs",
    ):
        with pytest.raises(InvalidQuery):
            answer(sql, folder)
    with pytest.raises(InvalidQuery, match="a query reads only the tables events and sequences"):
        answer(f"from read_csv('{file}')", folder)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file.csv", "folder"]


def test_names_of_this_program_are_no_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlquery, "secrets", pa.table({"a": [1]}), raising=False)
    with pytest.raises(InvalidQuery, match="Table with name secrets does not exist"):
        answer("from secrets", tmp_path)


def test_an_error_of_the_reader_is_raised_as_it_is(tmp_path: Path) -> None:
    def batches() -> Iterator[Any]:
        raise StoreDamaged("events.db", "a page is damaged")
        yield

    with pytest.raises(StoreDamaged, match="a page is damaged"):
        answer("select count(*) from events", tmp_path, Table(SCHEMA, batches))


def test_what_does_not_fit_into_memory_goes_to_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With 40 MiB, two of 15 such sorts had no room at the end to put their runs together.
    monkeypatch.setitem(sqlquery._SETTINGS, "memory_limit", "64MiB")
    monkeypatch.setitem(sqlquery._SETTINGS, "threads", 2)
    sql = "select i, md5(i::varchar) m from range(1500000) t(i) order by m"
    seen: set[str] = set()
    with answering(sql, str(tmp_path), {"events": table()}, VIEWS) as found:
        rows = 0
        for batch in found.batches:
            rows += len(batch)
            seen.update(each.name for each in tmp_path.iterdir())
    assert rows == 1_500_000
    assert any("storage" in name for name in seen)
    assert not list(tmp_path.iterdir())


def test_a_query_that_needs_more_memory_than_there_is_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlquery._SETTINGS, "memory_limit", "40MiB")
    with pytest.raises(StoreError, match=r"DuckDB cannot answer the query: .*narrow it"):
        answer("select list(md5(i::varchar) order by i) from range(3000000) t(i)", tmp_path)


def test_memory_that_is_used_up_when_rows_come_already_is_an_error_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sort ends, and then there is no room to put its runs together.
    monkeypatch.setitem(sqlquery._SETTINGS, "memory_limit", "35MiB")
    monkeypatch.setitem(sqlquery._SETTINGS, "threads", 2)
    with pytest.raises(StoreError, match=r"DuckDB cannot answer the query: .*narrow it"):
        answer("select i, md5(i::varchar) m from range(1500000) t(i) order by m", tmp_path)


def test_a_query_that_is_left_early_ends(tmp_path: Path) -> None:
    with answering("from range(100000000)", str(tmp_path), {"events": table()}, VIEWS) as found:
        assert len(next(found.batches)) == sqlquery.ROWS_AT_A_TIME


def test_bad_values_are_an_error_of_the_data(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match="the query fails: Could not convert string"):
        answer("select ('x' || b)::int from events", tmp_path)


LATE = 400_000


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (f"if(i = {LATE}, ('x' || i)::int, 0)", "Could not convert string 'x400000' to INT32$"),
        (f"7 // (i - {LATE})::int", "Division by zero"),
        (f"{2**63 - 1} - {LATE} + i + i", "Overflow in addition"),
        (f"if(i = {LATE}, error('not: sorry'), 0)", "not: sorry$"),
    ],
)
def test_a_bad_value_after_many_rows_is_an_error_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, message: str
) -> None:
    # Two threads would reach it before the first rows come.
    monkeypatch.setitem(sqlquery._SETTINGS, "threads", 1)
    sql = f"select {column} from range({2 * LATE}) t(i)"
    with answering(sql, str(tmp_path), {"events": table()}, VIEWS) as found:
        assert len(next(found.batches)) == sqlquery.ROWS_AT_A_TIME
        with pytest.raises(InvalidData, match=f"the query fails: {message}"):
            list(found.batches)

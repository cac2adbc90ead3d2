"""`query`: SQL over the events, as users run it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from typer.testing import Result

from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, event
from tests.helpers.program import COMMAND, environment, invoke, refused, run
from tests.helpers.stores import file_with, journal_with
from tests.helpers.terminal import HOSTILE, MARKUP, on_terminal, plain

ORDER = id_of_name("order-1")
EVENTS = [
    event(0, '{"owner":"Ann","paid":1.10}', of=ORDER, event_type="a#Opened"),
    event(1, '{"owner":"Eve","paid":20000000000000000000000001}', of=ORDER, event_type="a#Paid"),
    event(0, '{"owner":"Ann","paid":0.1000000000000000055511151231257827}', of=ID, event_type="a#Opened"),
]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, [one._replace(metadata='{"user":"ann"}') for one in EVENTS])


def temporary(folder: Path) -> list[Path]:
    """Return the folder of a query and its file that is not complete."""
    return [*folder.glob("esjournal-*"), *folder.glob(".esjournal-*.part")]


def query(url: str, sql: str, *arguments: str) -> Result:
    return invoke("query", sql, *arguments, url=url)


def rows(url: str, sql: str, *arguments: str) -> list[dict[str, object]]:
    result = query(url, sql, "-F", "ndjson", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_events_have_every_field_of_an_event(url: str) -> None:
    [first, *_] = rows(url, "from events order by position")
    assert first == {
        "id": str(ORDER),
        "name": "order-1",
        "version": 0,
        "type": "a#Opened",
        "state": {"owner": "Ann", "paid": 1.10},
        "metadata": {"user": "ann"},
        "recorded_at": "2026-01-31T12:00:00.000000Z",
        "position": 1,
    }


def test_sequences_are_those_of_list(url: str) -> None:
    found = rows(url, "from sequences order by id")
    listed = [json.loads(line) for line in invoke("list", "-F", "ndjson", url=url).stdout.splitlines()]
    renamed = {"originator_id": "id", "sequence_name": "name"}
    assert [{name: value for name, value in one.items() if value is not None} for one in found] == [
        {renamed.get(name, name): value for name, value in one.items()} for one in listed
    ]


def test_numbers_of_a_state_are_those_that_are_stored(url: str) -> None:
    paid = [row["paid"] for row in rows(url, "select state->>'paid' paid from events order by position")]
    assert paid == ["1.1", "20000000000000000000000001", "0.1000000000000000055511151231257827"]
    [found] = rows(url, "select max((state->>'paid')::decimal(38, 10)) most from events")
    assert query(url, "select max((state->>'paid')::decimal(38, 10)) m from events", "-F", "csv").stdout == (
        "m\n20000000000000000000000001.0000000000\n"
    ), found


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--type", "*#Opened"), 2),
        (("--id", ID), 1),
        (("--name", "order-*"), 2),
        (("--where", 'owner == "Eve"'), 1),
        (("-g", "Ann"), 2),
        (("--after", "1"), 2),
        (("--limit", "1"), 1),
        (("--as-of", "1"), 1),
        (("--since", "2026-01-31", "--until", "2026-02-01"), 3),
    ],
)
def test_options_choose_the_events_that_a_query_sees(url: str, options: tuple[str, ...], count: int) -> None:
    [found] = rows(url, "select (select count(*) from events) events, (select sum(events) from sequences) s", *options)
    assert found == {"events": count, "s": count}


def test_a_query_may_name_events_twice(url: str) -> None:
    assert rows(
        url, "select a.version, b.version other from events a join events b using (position) order by position"
    ) == [
        {"version": 0, "other": 0},
        {"version": 1, "other": 1},
        {"version": 0, "other": 0},
    ]
    assert rows(url, "with c as (from events) select count(*) n from c a, c b") == [{"n": 9}]


def test_a_table_goes_to_pipes_with_its_columns_aligned(url: str) -> None:
    result = query(url, "select state->>'owner' as owner, count(*) n, null nothing from events group by 1 order by 1")
    assert result.stdout == "owner  n  nothing\nAnn    2  NULL\nEve    1  NULL\n"


def test_numbers_are_on_the_right_of_their_columns_on_a_terminal_also_in_json(url: str) -> None:
    sql = """select * from (values ('a', 5, 1.5, '[5]'::json, '7', '007', null), ('漢字', 500, 10.25, '[500]'::json,
        '700', '1', null)) as t(name, whole, exact, inside, said, digits, nothing)"""
    sql = sql.replace("*", "name, whole, exact, inside->0 as inside, said, digits, nothing")
    [header, _, *lines] = plain(on_terminal("query", sql, url=url, columns=120)).splitlines()[:4]
    assert [line.split() for line in lines] == [
        ["a", "5", "1.50", "5", "7", "007", "NULL"],
        ["漢字", "500", "10.25", "500", "700", "1", "NULL"],
    ]
    # Its name takes two cells more than it has characters.
    first, second = lines[0], lines[1].replace("漢字", "漢字xx")
    for name in ("whole", "exact", "inside", "said"):
        end = header.index(name) + len(name)
        assert all(line[end - 1].isdigit() and line[end] == " " for line in (first, second))
    assert lines[0].index("007") == header.index("digits")


def test_each_format_has_a_form_for_every_type(url: str) -> None:
    sql = """select 170141183460469231731687303715884105727::hugeint as huge, 1.10::decimal(9, 2) as exact,
        [1, null] as items, {'a': date '2026-01-31'} as struct, map {'k': 1} as pairs, 'nan'::double as nan,
        null as nothing, 'ab'::blob as bytes, interval '1 month 2 days 90 minutes' as span,
        timestamptz '2026-01-31 12:00+02' as at, time '10:00' as clock, '{"a":1.10}'::json as js, true as yes,
        1e300::double as big, 'it''s, "so"' as text"""
    assert query(url, sql, "-F", "ndjson").stdout == (
        '{"huge":170141183460469231731687303715884105727,"exact":1.10,"items":[1,null],"struct":{"a":"2026-01-31"},'
        '"pairs":{"k":1},"nan":null,"nothing":null,"bytes":"YWI=","span":"1 month 2 days 01:30:00.000000",'
        '"at":"2026-01-31T10:00:00.000000Z","clock":"10:00:00","js":{"a":1.10},"yes":true,"big":1e+300,'
        '"text":"it\'s, \\"so\\""}\n'
    )
    [header, cells] = csv.reader(io.StringIO(query(url, sql, "-F", "csv").stdout))
    assert dict(zip(header, cells, strict=True)) == {
        "huge": "170141183460469231731687303715884105727",
        "exact": "1.10",
        "items": "[1,null]",
        "struct": '{"a":"2026-01-31"}',
        "pairs": '{"k":1}',
        "nan": "NaN",
        "nothing": "",
        "bytes": "YWI=",
        "span": "1 month 2 days 01:30:00.000000",
        "at": "2026-01-31T10:00:00.000000Z",
        "clock": "10:00:00",
        "js": '{"a":1.10}',
        "yes": "true",
        "big": "1e+300",
        "text": 'it\'s, "so"',
    }


def test_json_is_one_array(url: str) -> None:
    assert json.loads(query(url, "select position from events order by 1", "-F", "json").stdout) == [
        {"position": 1},
        {"position": 2},
        {"position": 3},
    ]


@pytest.mark.parametrize(
    ("output", "printed"), [("json", "[]\n"), ("ndjson", ""), ("csv", "position\n"), ("table", "")]
)
def test_no_rows_are_exit_1_and_still_a_whole_document(url: str, output: str, printed: str) -> None:
    result = query(url, "select position from events where false", "-F", output)
    assert (result.exit_code, result.stdout) == (1, printed)
    assert result.stderr == "esjournal: nothing found: the query has no rows\n"


@pytest.mark.parametrize(
    ("sql", "code", "message"),
    [
        ("selec 1", 2, 'the query cannot be answered: syntax error at or near "selec"'),
        (
            "select stat from events",
            2,
            'Referenced column "stat" not found in FROM clause; Candidate bindings: "state"',
        ),
        ("from orders", 2, "Table with name orders does not exist; the tables are events and sequences"),
        ("select 1; select 2", 2, "the query is 2 statements: write one SELECT"),
        ("", 2, "the query is empty: write one SELECT"),
        ("select $1", 2, "Values were not provided"),
        ("select 1 as a, 2 as A", 2, "two columns are called a: give one of them another name with AS"),
        ("select 1::uhugeint as u", 2, "the column u is UHUGEINT, which has no form here: write CAST(... AS VARCHAR)"),
        ("select timestamptz 'infinity' as t", 3, "the column t has a time that is outside of the years 1 to 9999"),
        ("select (state->>'owner')::int from events", 3, "the query fails: Could not convert string 'Ann' to INT32"),
    ],
)
def test_a_query_that_cannot_be_answered_is_one_line(url: str, sql: str, code: int, message: str) -> None:
    result = query(url, sql, "-F", "ndjson")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)
    assert message in result.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from glob('{file}')",
        "copy events to '{file}'",
        "attach '{file}'",
        "install httpfs",
        "load httpfs",
        "pragma database_list",
        "set memory_limit = '9GB'",
        "create table t as select 1",
        "insert into events values (1)",
        "drop view events",
        "call pragma_version()",
        "export database '{file}'",
        "explain analyze select 1",
        "begin",
        "from sqlite_scan('{file}', 'stored_events')",
    ],
)
def test_what_is_not_reading_the_two_tables_is_refused(url: str, sql: str, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("secret\n1\n")
    result = query(url, sql.format(file=file))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.glob("secret*")) == [file]
    assert file.read_text() == "secret\n1\n"


def test_sql_comes_from_stdin(url: str) -> None:
    assert invoke("query", "-", url=url, input="-- how many?\nselect count(*) n\nfrom events;\n").stdout == "n\n3\n"
    refused(invoke("query", "-", url=url, input=b"\xff"), 2, "the query on stdin is not UTF-8")


def test_a_file_is_as_its_name_says(url: str, tmp_path: Path) -> None:
    sql = "select position, state->>'owner' as owner, state from events order by position"
    for name in ("rows.ndjson", "rows.csv", "rows.parquet"):
        result = query(url, sql, "-o", str(tmp_path / name))
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == f"esjournal: wrote 3 rows to {tmp_path / name}\n"
    assert pq.read_table(tmp_path / "rows.parquet").column("owner").to_pylist() == ["Ann", "Eve", "Ann"]
    assert (tmp_path / "rows.ndjson").read_text() == query(url, sql, "-F", "ndjson").stdout
    assert (tmp_path / "rows.csv").read_text() == query(url, sql, "-F", "csv").stdout


def test_a_file_is_complete_or_not_there(url: str, tmp_path: Path) -> None:
    for name in ("rows.ndjson", "rows.parquet"):
        result = query(url, "select (state->>'owner')::int n from events", "-o", str(tmp_path / name))
        assert result.exit_code == 3
    assert list(tmp_path.glob("*rows*")) == []
    assert query(url, "select interval '1 day' i", "-o", str(tmp_path / "rows.parquet")).exit_code == 2
    assert query(url, "from events limit 0", "-q", "-o", str(tmp_path / "none.csv")).exit_code == 1
    assert (tmp_path / "none.csv").read_text().startswith("id,name,version,type,state")


@pytest.mark.parametrize("name", ["late.csv", "late.parquet"])
def test_a_query_that_fails_after_many_rows_leaves_no_file(url: str, tmp_path: Path, name: str) -> None:
    sql = "select if(i = 1400000, error('too late'), i) from range(1500000) t(i)"
    refused(query(url, sql, "-o", str(tmp_path / name)), 3, "the query fails: too late")
    assert not list(tmp_path.glob("*late*"))


def test_options_that_contradict_each_other_are_refused(url: str) -> None:
    refused(query(url, "select 1", "--csv-safe"), 2, "--csv-safe is for CSV")
    refused(query(url, "select 1", "-F", "json", "-o", "x.csv"), 2, "the name of the file says its format")
    assert query(url, "select '=1' a", "-F", "csv", "--csv-safe").stdout == "a\n'=1\n"


def test_without_duckdb_the_message_names_the_extra(url: str) -> None:
    with patch.dict(sys.modules, {"duckdb": None}):
        for name in ("esjournal.journal.inspect.query", "esjournal.interchange.sqlquery"):
            sys.modules.pop(name, None)
        refused(query(url, "select 1"), 2, "pip install 'esjournal.sql.'")


def test_an_earlier_duckdb_is_refused(url: str) -> None:
    with patch("duckdb.__version__", "1.5.6"):
        for name in ("esjournal.journal.inspect.query", "esjournal.interchange.sqlquery"):
            sys.modules.pop(name, None)
        refused(query(url, "select 1"), 2, "SQL needs duckdb 2.0 or later, and 1.5.6 is here: pip install ")


def test_a_file_of_events_is_queried_like_a_journal(tmp_path: Path) -> None:
    file = file_with(tmp_path / "events.ndjson", EVENTS)
    assert rows(str(file), "select state->>'owner' o, count(*) n from events group by 1 order by 1") == [
        {"o": "Ann", "n": 2},
        {"o": "Eve", "n": 1},
    ]


def test_a_terminal_gets_no_control_characters_and_no_markup(store_url: str) -> None:
    texts = [*HOSTILE, *MARKUP]
    events = [event(version, json.dumps({"text": text}), of=ID) for version, text in enumerate(texts)]
    journal_with(store_url, events)
    shown = on_terminal("query", "select state->>'text' t from events", "--url", store_url)
    assert "\x1b]" not in shown
    assert "\\u202e" in shown
    assert all(text in shown for text in MARKUP)


def test_ctrl_c_ends_a_long_query_at_once(url: str, tmp_path: Path) -> None:
    sql = "select count(*) from range(1000000000) a, range(1000) b where a.range * b.range % 7 = 3"
    process = subprocess.Popen(
        [*COMMAND, "query", sql, "--url", url, "-o", str(tmp_path / "rows.csv")],
        env=environment(TMPDIR=str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(temporary(tmp_path)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert message.count("\n") == 1
    assert time.monotonic() - began < 10
    assert temporary(tmp_path) == []


def test_the_temporary_folder_disappears_after_kill_9(url: str, tmp_path: Path) -> None:
    sql = "select count(*) from range(1000000000) a, range(1000) b where a.range * b.range % 7 = 3"
    process = subprocess.Popen(
        [*COMMAND, "query", sql, "--url", url],
        env=environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not temporary(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(temporary(tmp_path)) == 1
    time.sleep(0.3)
    # As an out-of-memory killer may end all of a session.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while temporary(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert temporary(tmp_path) == []


def test_a_closed_pipe_ends_it_quietly(url: str) -> None:
    command = " ".join(
        [*COMMAND, "query", "'from range(10000000)'", "--url", f"'{url}'", "-F", "ndjson", "| head -n 1"]
    )
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, '{"range":0}\n', "")


def test_a_query_says_what_it_found_to_a_process(url: str) -> None:
    result = run("query", "select max(position) last from events", url=url)
    assert (result.returncode, result.stdout, result.stderr) == (0, "last\n   3\n", "")

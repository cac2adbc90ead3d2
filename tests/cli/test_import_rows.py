"""`esjournal import --rows`: ordinary rows become events."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from typer.testing import Result

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.interchange import rowblocks, roworder, secondprocess
from tests.helpers.program import ended, invoke, refused
from tests.helpers.stores import journal_with, stored

ROWS = "no,status,at\n1,Placed,2026-01-31 13:00\n2,Placed,2026-01-31 13:05\n1,Paid,2026-07-31 13:00\n"
TEMPLATES = ("--rows", "--sequence", "order-{no}", "--event-type", "orders#{status}")
TOTALS = r"esjournal: {} read, {} appended, {} already there, \d+\.\d\d s, [\d,]+/s\n"
NOTHING = r"esjournal: nothing was written: [^\n]*\n"
ONE, TWO = map(id_of_name, ("order-1", "order-2"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with rows and an empty journal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.csv").write_text(ROWS)
    journal_with("esjournal.db", [])
    return tmp_path


def rows(*arguments: str, url: str | None = None, text: str | bytes | None = None) -> Result:
    return invoke("import", *TEMPLATES, *arguments, url=url, input=text)


def states(url: str = "esjournal.db") -> list[str]:
    return [event.state for event in stored(url)]


def one_line_and_nothing_written(result: Result, code: int, message: str, more: str = "") -> None:
    """Check that an import was refused with one line of its own."""
    ended(result, code, err=f"esjournal: [^\n]*{message}[^\n]*\n{more}")
    assert stored("esjournal.db") == []


def test_each_row_is_the_next_version_of_its_sequence(folder: Path, store_url: str) -> None:
    assert invoke("init", url=store_url).exit_code == 0
    arguments = ("--recorded-at", "{at}", "--time-zone", "Europe/Berlin", "o.csv")
    ended(rows(*arguments, url=store_url), 0, err=TOTALS.format(3, 3, 0))
    assert [event[:5] for event in stored(store_url)] == [
        (
            ONE,
            0,
            "orders#Placed",
            '{"no":"1","status":"Placed","at":"2026-01-31 13:00"}',
            "2026-01-31T12:00:00.000000Z",
        ),
        (
            TWO,
            0,
            "orders#Placed",
            '{"no":"2","status":"Placed","at":"2026-01-31 13:05"}',
            "2026-01-31T12:05:00.000000Z",
        ),
        (ONE, 1, "orders#Paid", '{"no":"1","status":"Paid","at":"2026-07-31 13:00"}', "2026-07-31T11:00:00.000000Z"),
    ]
    assert invoke("get", "order-1", "-F", "csv", url=store_url).stdout.count("order-1") == 2
    # Again: nothing is appended. With more rows, only those are.
    ended(rows(*arguments, url=store_url), 0, err=TOTALS.format(3, 0, 3))
    (folder / "o.csv").write_text(ROWS + "2,Paid,2026-08-01\n")
    ended(rows(*arguments, url=store_url), 0, err=TOTALS.format(4, 1, 3))


def test_rows_come_from_ndjson_from_pipes_and_from_compressed_files(folder: Path) -> None:
    (folder / "a.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    line = '{"no": 1, "status": "Sent", "by": {"car": [1.10, null]}}'
    ended(rows("a.csv.gz", "-", text=f"{line}\n"), 0, err=TOTALS.format(4, 4, 0))
    last = stored("esjournal.db")[-1]
    assert last[:4] == (ONE, 2, "orders#Sent", line)


def test_a_template_leads_into_objects(folder: Path) -> None:
    line = '{"no":{"shop":[7]},"status":"Placed"}'
    arguments = ("--rows", "--sequence", "{no.shop[0]}%{{", "--event-type", "x", "-")
    ended(invoke("import", *arguments, input=line), 0, err=TOTALS.format(1, 1, 0))
    assert stored("esjournal.db")[0].originator_id == id_of_name("7%{")


def test_a_column_of_uuids_is_a_column_of_ids(folder: Path) -> None:
    other = "9B300B13-4410-51BF-85CA-234C8CEA73DA"
    text = f"id,status\n{other},a\n{other.lower()},b\norder-1,c\n"
    ended(invoke("import", *TEMPLATES[:2], "{id}", *TEMPLATES[3:], "-F", "csv", "-", input=text), 0, err=".*")
    places = [(event.originator_id, event.originator_version) for event in stored("esjournal.db")]
    assert places == [(other.lower(), 0), (other.lower(), 1), (ONE, 0)]


def test_a_state_has_the_columns_that_are_wanted_and_types_if_they_are(folder: Path) -> None:
    (folder / "o.csv").write_text("no,status,price,paid,code\n1,Placed,1.10,,007\n")
    ended(rows("o.csv", "--state", "price,no", "--detect-types"), 0, err=".*")
    ended(rows("o.csv", "--map-type", "orders#Placed=x", "--sequence", "other", "--detect-types"), 0, err=".*")
    assert states() == [
        '{"price":1.10,"no":1}',
        '{"no":1,"status":"Placed","price":1.10,"paid":null,"code":"007"}',
    ]


def test_metadata_and_event_ids_are_made_from_columns(folder: Path) -> None:
    given = str(UUID(int=7))
    (folder / "o.csv").write_text(f'no,status,key,meta\n1,Placed,a,"{{""x"": 1.10}}"\n1,Paid,{given.upper()},\n')
    meta = ("--meta", "by=x", "--meta", '{"n": [1.10], "by": "y"}', "--meta", 'of=%{no}"')
    ended(rows("o.csv", "--event-id", "{key}", *meta), 0, err=TOTALS.format(2, 2, 0))
    found = stored("esjournal.db")
    assert [event.event_id for event in found] == [str(uuid5(UUID(ONE), "a")), given]
    assert [event.metadata for event in found] == [r'{"by":"y","n":[1.10],"of":"%1\""}'] * 2
    ended(rows("o.csv", "--sequence", "other", "--meta", "{meta}"), 0, err=TOTALS.format(2, 2, 0))
    assert [event.metadata for event in stored("esjournal.db")[2:]] == ['{"x": 1.10}', None]


def test_a_dry_run_shows_the_first_events(folder: Path) -> None:
    result = rows("o.csv", "--dry-run", "--show", "2", "--map-type", "orders#Placed=orders#New")
    assert re.fullmatch("esjournal: dry run, nothing was written: would be 3 read, 3 appended.*\n", result.stderr)
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(event["sequence_name"], event["originator_version"], event["event_type"]) for event in shown] == [
        ("order-1", 0, "orders#New"),
        ("order-2", 0, "orders#New"),
    ]
    assert stored("esjournal.db") == []
    # What it prints can be imported as it is.
    ended(invoke("import", "-", input=result.stdout), 0, err=TOTALS.format(2, 2, 0))


def test_bad_rows_are_put_aside_and_have_their_versions_when_they_are_fixed(folder: Path) -> None:
    bad = ROWS.replace("1,Placed,2026-01-31 13:00", "1,Placed,soon\n,Placed,2026-01-31")
    (folder / "o.csv").write_text(bad)
    arguments = ("o.csv", "--recorded-at", "{at}", "--time-zone", "UTC", "--rejects", "r.ndjson")
    result = rows(*arguments)
    assert result.exit_code == 3
    assert "esjournal: o.csv:2: recorded_at 'soon' is not a time" in result.stderr
    assert "esjournal: o.csv:3: the column 'no' is empty, and 'order-{no}' needs it\n" in result.stderr
    assert result.stderr.endswith("r.ndjson: fix these rows in your file, and run the same command again\n")
    first, second = map(json.loads, Path("r.ndjson").read_text().splitlines())
    assert (first["no"], first["at"], first["reject"]["line"]) == ("1", "soon", 2)
    assert (second["no"], second["reject"]["source"]) == ("", "o.csv")
    assert [event[:2] for event in stored("esjournal.db")] == [(TWO, 0), (ONE, 1)]
    (folder / "o.csv").write_text(ROWS)
    ended(rows(*arguments), 0, err=TOTALS.format(3, 1, 2))


def test_a_row_that_changed_is_a_conflict(folder: Path) -> None:
    ended(rows("o.csv"), 0, err=".*")
    (folder / "o.csv").write_text(ROWS.replace("Paid", "Lost"))
    result = rows("o.csv")
    conflict = "esjournal: o.csv:4: sequence order-1: version 1 is taken by a different event, [^\n]*\n"
    ended(result, 4, err=f"{conflict}{NOTHING}")


def test_rows_in_parts_are_checked_ahead(folder: Path) -> None:
    (folder / "p.csv").write_text("no,state\n")
    result = rows("o.csv", "p.csv", "--commit-every", "1")
    one_line_and_nothing_written(result, 3, r"p\.csv:1: there is no column 'status', which 'orders#\{status\}' names")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--sequence", "x-{nr}"],
            r"o\.csv:1: there is no column 'nr', which 'x-\{nr\}' names: the columns are no, st",
        ),
        (["--event-type", "{no.a}"], "there is no column 'no.a'"),
        (["--event-id", "{id}"], "there is no column 'id'"),
        (["--recorded-at", "{time}"], "there is no column 'time'"),
        (["--meta", "a={b}"], "there is no column 'b'"),
        (["--meta", "{b}"], "there is no column 'b'"),
        (["--state", "no,price"], "there is no column 'price' for the state: the columns are no, status, at"),
    ],
)
@pytest.mark.parametrize("path", ["o.csv", "-"])
def test_a_column_that_is_not_there_is_one_line_that_lists_those_that_are(
    folder: Path, arguments: list[str], message: str, path: str
) -> None:
    message = message.replace(r"o\.csv", "standard input") if path == "-" else message
    result = rows(path, "-F", "csv", *arguments, text=ROWS)
    one_line_and_nothing_written(result, 3, message)


@pytest.mark.parametrize(
    ("row", "arguments", "message"),
    [
        (",Paid,x", [], "the column 'no' is empty, and 'order-{no}' needs it"),
        ("1,,x", [], "the column 'status' is empty"),
        ("new,Paid,x", ["--sequence", "{no}"], "the name 'new' means something else"),
        ("a\tb,Paid,x", [], r"has the control character U\+0009"),
        (f"{'a' * 260},Paid,x", [], "has 266 characters: 255 are allowed"),
        ("1,a\tb,x", [], r"event_type '[^ ]*' has the control character U\+0009"),
        ("1,Paid,", ["--recorded-at", "{at}"], "the column 'at' is empty"),
        ("1,Paid,2026-03-29 02:30", ["--recorded-at", "{at}", "--time-zone", "Europe/Berlin"], "does not exist in Eur"),
        (
            "1,Paid,2026-10-25 02:30",
            ["--recorded-at", "{at}", "--time-zone", "Europe/Berlin"],
            "happens twice in Europ",
        ),
        ("1,Paid,[1]", ["--meta", "{at}"], r"metadata '\[1\]' is JSON, but not an object"),
        ("1,Paid,", ["--event-id", "{at}"], "the column 'at' is empty"),
        ("1,Paid", [], "the row has 2 fields and the header 3"),
    ],
)
def test_a_bad_row_is_one_line_and_nothing_is_written(
    folder: Path, row: str, arguments: list[str], message: str
) -> None:
    text = f"no,status,at\n1,Placed,{'{}' if '--meta' in arguments else '2026-01-31'}\n{row}\n"
    if "--time-zone" not in arguments:
        text = text.replace("2026-01-31", "2026-01-31T00:00Z")
    result = rows("-F", "csv", "-", *arguments, text=text)
    one_line_and_nothing_written(result, 3, f"standard input:3: [^\n]*{message}", NOTHING)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows"], "--rows needs --sequence and --event-type, or --with: give the templates of both"),
        (["--rows", "--sequence", "a"], "--rows needs --sequence and --event-type"),
        ([*TEMPLATES, "--sequence", "{"], r"--sequence has an unmatched \{"),
        ([*TEMPLATES, "--sequence", ""], "--sequence is empty"),
        ([*TEMPLATES, "--event-type", "a{}"], r"--event-type has \{\} without a name"),
        ([*TEMPLATES, "--recorded-at", "}"], r"--recorded-at has an unmatched \}"),
        ([*TEMPLATES, "--event-id", "{{}"], r"--event-id has an unmatched \}"),
        ([*TEMPLATES, "--time-zone", "UTC"], "--time-zone says how to read --recorded-at"),
        ([*TEMPLATES, "--time-format", "%Y"], "--time-format says how to read --recorded-at"),
        ([*TEMPLATES, "--recorded-at", "{at}", "--time-zone", "Mars"], "--time-zone 'Mars' is not a time zone"),
        ([*TEMPLATES, "--state", "no,no"], "--state 'no,no' names a column twice"),
        ([*TEMPLATES, "--meta", "x"], "--meta 'x' is neither NAME=TEMPLATE, such as user={user}, nor a JSON object"),
        ([*TEMPLATES, "--meta", "=x"], "--meta '=x' is neither"),
        ([*TEMPLATES, "--meta", "{a}", "--meta", "b=c"], r"--meta '\{a\}' is all of the metadata"),
        ([*TEMPLATES, "--show", "1"], "--show needs --dry-run"),
        ([*TEMPLATES, "--require-seal"], "--require-seal is for files of events: rows have no seal"),
        (["--sequence", "a"], "--sequence is for rows: add --rows, or leave out --sequence"),
        (["--event-type", "a"], "--event-type is for rows"),
        (["--recorded-at", "a"], "--recorded-at is for rows"),
        (["--time-format", "a"], "--time-format is for rows"),
        (["--time-zone", "a"], "--time-zone is for rows"),
        (["--state", "a"], "--state is for rows"),
        (["--detect-types"], "--detect-types is for rows"),
        (["--meta", "a=b"], "--meta is for rows"),
        (["--event-id", "a"], "--event-id is for rows"),
        (["--order-by", "a"], "--order-by is for rows"),
        (["--with", "a:b"], "--with is for rows: add --rows, or leave out --with"),
        (["--show", "1", "--dry-run"], "--show is for rows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_go_together_are_wrong_usage(folder: Path, arguments: list[str], message: str) -> None:
    refused(invoke("import", "o.csv", *arguments), 2, message)
    assert stored("esjournal.db") == []


def test_rows_of_two_files_continue_the_versions(folder: Path) -> None:
    (folder / "p.csv").write_text("status,no\nSent,1\n")
    ended(rows("o.csv", "p.csv"), 0, err=TOTALS.format(4, 4, 0))
    assert isinstance(found := stored("esjournal.db")[-1], RecordedEvent)
    assert found[:4] == (ONE, 2, "orders#Sent", '{"status":"Sent","no":"1"}')


# Parquet


@pytest.fixture
def parquet(folder: Path) -> Path:
    """A Parquet file with the same rows, typed, and a column that has nothing to do with them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    at = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    columns = {
        "no": [1, 2, 1],
        "status": ["Placed", "Placed", "Paid"],
        "at": at,
        "price": pa.array([Decimal("1.10"), None, Decimal("2.50")]),
        "by": [{"car": True}, None, {"car": False}],
        "ns": pa.array([at[0].replace(tzinfo=None)] * 3, pa.timestamp("ns")),
    }
    pq.write_table(pa.table(columns), folder / "o.parquet", row_group_size=2)
    return folder / "o.parquet"


PARQUET_ROW = '{{"no":{},"status":"{}","at":"2026-01-0{}T12:00:00Z","price":{},"by":{},"ns":"2026-01-01T12:00:00"}}'


def test_rows_of_parquet_have_their_types(parquet: Path) -> None:
    ended(rows("o.parquet", "--recorded-at", "{at}"), 0, err=TOTALS.format(3, 3, 0))
    assert [event[:5] for event in stored("esjournal.db")] == [
        (
            ONE,
            0,
            "orders#Placed",
            PARQUET_ROW.format(1, "Placed", 1, "1.10", '{"car":true}'),
            "2026-01-01T12:00:00.000000Z",
        ),
        (TWO, 0, "orders#Placed", PARQUET_ROW.format(2, "Placed", 2, "null", "null"), "2026-01-02T12:00:00.000000Z"),
        (
            ONE,
            1,
            "orders#Paid",
            PARQUET_ROW.format(1, "Paid", 3, "2.50", '{"car":false}'),
            "2026-01-03T12:00:00.000000Z",
        ),
    ]


def test_parquet_comes_from_a_pipe_too(parquet: Path) -> None:
    ended(rows("-F", "parquet", "-", text=parquet.read_bytes()), 0, err=TOTALS.format(3, 3, 0))
    assert len(stored("esjournal.db")) == 3


def test_a_path_leads_into_a_struct_of_parquet(parquet: Path) -> None:
    ended(rows("o.parquet", "--meta", "car={by.car}", "--state", "no"), 0, err=TOTALS.format(3, 3, 0))
    assert [event.metadata for event in stored("esjournal.db")] == ['{"car":"true"}', '{"car":""}', '{"car":"false"}']


def test_bad_rows_of_parquet_are_counted_from_1(parquet: Path) -> None:
    result = rows("o.parquet", "--event-id", "{price}")
    one_line_and_nothing_written(result, 3, r"o\.parquet:2: the column 'price' is empty", NOTHING)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--sequence", "{nr}"],
            3,
            r"o\.parquet:1: there is no column 'nr', which .* are no, status, at, price, by, ns",
        ),
        (["--delimiter", ";"], 2, "o.parquet is Parquet, which has no delimiter and no encoding"),
        (["--encoding", "cp1252"], 2, "o.parquet is Parquet, which has no delimiter and no encoding"),
    ],
)
def test_what_parquet_has_not_is_refused(parquet: Path, arguments: list[str], code: int, message: str) -> None:
    one_line_and_nothing_written(rows("o.parquet", *arguments), code, message)


def test_a_file_that_is_not_parquet_is_refused(folder: Path) -> None:
    (folder / "x.parquet").write_text(ROWS)
    one_line_and_nothing_written(rows("x.parquet"), 3, r"x\.parquet:1: the file cannot be read as Parquet: ")


# Order


@pytest.fixture
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are sorted on disk, few at a time."""
    monkeypatch.setattr(roworder, "RUN_CHARACTERS", 100)
    monkeypatch.setattr(rowblocks, "ROWS_AT_A_TIME", 3)
    monkeypatch.setattr(roworder, "ROWS_AT_A_TIME", 2)


@pytest.mark.parametrize("on_disk", [True, False])
def test_rows_of_all_files_are_sorted_together(folder: Path, on_disk: bool, request: pytest.FixtureRequest) -> None:
    if on_disk:
        request.getfixturevalue("small_runs")
    keys = [10, 9, -1, 2.5, "b", "a", "-", "10", "a", 0, "1.0", 1]
    texts = [f'{{"no":1,"status":"x","key":{json.dumps(key)},"at":{at}}}\n' for at, key in enumerate(keys)]
    (folder / "a.ndjson").write_text("".join(texts[:7]))
    (folder / "b.ndjson").write_text("".join(texts[7:]))
    ended(rows("a.ndjson", "b.ndjson", "--order-by", "key"), 0, err=TOTALS.format(12, 12, 0))
    found = [json.loads(state) for state in states()]
    # Numbers first, by their values, and equal ones as they came.
    assert [row["at"] for row in found] == [2, 9, 10, 11, 3, 1, 0, 7, 6, 5, 8, 4]


def test_rows_are_sorted_by_times_in_the_form_that_they_have(folder: Path) -> None:
    times = ["01.02.2026", "31.01.2026", "15.12.2025"]
    (folder / "o.csv").write_text("no,status,at\n" + "".join(f"1,x,{time}\n" for time in times))
    arguments = ("--recorded-at", "{at}", "--time-format", "%d.%m.%Y", "--time-zone", "UTC", "--order-by", "at")
    ended(rows("o.csv", *arguments), 0, err=TOTALS.format(3, 3, 0))
    assert [json.loads(state)["at"] for state in states()] == times[::-1]
    # A bad time is reported once all rows are sorted.
    (folder / "o.csv").write_text("no,status,at\n1,x,01.02.2026\n1,x,soon\n")
    assert r"o.csv:3: recorded_at 'soon' is not a time of the form" in rows("o.csv", *arguments).stderr


def test_bad_rows_are_reported_with_their_lines_when_they_are_sorted(folder: Path) -> None:
    (folder / "o.csv").write_text("no,status,at\n1,x,2\n1,x\n,x,1\n1,x,\n")
    result = rows("o.csv", "--order-by", "at", "--rejects", "r.ndjson")
    assert result.exit_code == 3
    assert [line.partition(" ")[2][:8] for line in result.stderr.splitlines()[:3]] == [
        "o.csv:3:",
        "o.csv:5:",
        "o.csv:4:",
    ]
    assert "o.csv:5: the column 'at' is empty, and the rows are ordered by it" in result.stderr
    assert len(stored("esjournal.db")) == 1


def test_an_order_by_a_column_that_is_not_there_is_refused(folder: Path) -> None:
    message = r"o\.csv:1: there is no column 'when' to order by: the columns are no, status, at"
    one_line_and_nothing_written(rows("o.csv", "--order-by", "when"), 3, message)


# A function of the user's

SHOP = """
from datetime import datetime, timezone
TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)

def same(row):
    return {"sequence_name": f"order-{row['no']}", "event_type": f"orders#{row['status']}", "state": row}

def several(row):
    if row["status"] == "Paid":
        return
    for kind in ("Made", "Sent"):
        yield {**same(row), "event_type": kind, "metadata": {"by": "me"}, "recorded_at": TIME}

def failing(row):
    if row["no"] == "2":
        check(row)
    return same(row)

def check(row):
    raise ValueError("no\\ntotal")

def wrong(row):
    return {**same(row), "event_type": ""} if row["no"] == "2" else [same(row)]

def partly(row):
    return [same(row), {**same(row), "event_type": "" if row["no"] == "2" else "x"}]

def numbered(row):
    return {**same(row), "originator_version": 5}

def from_7(row):
    version = {"originator_version": 7} if row["status"] == "Placed" else {}
    return {**same(row), **version}

def text(row): return ["x"]
def number(row): return 5
def unwritable(row): return {**same(row), "state": {"x": object()}}
def nameless(row): return {"event_type": "x", "state": row}
def extra(row): return {**same(row), "color": "red"}
def ending(row): raise SystemExit("the end")
NOTHING = 1
"""
WITH = ("import", "--rows", "--with")


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "shop_of_rows.py").write_text(SHOP)
    return folder


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The module of one test is not that of the next."""
    yield
    sys.modules.pop("shop_of_rows", None)


def test_a_function_makes_the_events(shop: Path) -> None:
    ended(invoke(*WITH, "shop_of_rows:same", "o.csv"), 0, err=TOTALS.format(3, 3, 0))
    # They are those of the templates.
    ended(rows("o.csv"), 0, err=TOTALS.format(3, 0, 3))


def test_a_function_makes_none_or_several_events_of_a_row(shop: Path) -> None:
    ended(invoke(*WITH, "shop_of_rows:several", "o.csv"), 0, err=TOTALS.format(4, 4, 0))
    found = [(event[0], *event[1:3], event.metadata) for event in stored("esjournal.db")]
    by = '{"by":"me"}'
    assert found == [(ONE, 0, "Made", by), (ONE, 1, "Sent", by), (TWO, 0, "Made", by), (TWO, 1, "Sent", by)]
    ended(invoke(*WITH, "shop_of_rows:several", "o.csv"), 0, err=TOTALS.format(4, 0, 4))


def test_a_function_gets_values_without_loss(shop: Path) -> None:
    (shop / "o.csv").write_text("no,status,a,b,c\n1,x,1.10,007,\n")
    ended(invoke(*WITH, "shop_of_rows:same", "o.csv", "--detect-types"), 0, err=TOTALS.format(1, 1, 0))
    assert states() == ['{"no":1,"status":"x","a":1.10,"b":"007","c":null}']


def test_versions_count_on_after_those_that_a_function_gives(shop: Path) -> None:
    ended(invoke(*WITH, "shop_of_rows:from_7", "o.csv"), 0, err=TOTALS.format(3, 3, 0))
    assert [event[:2] for event in stored("esjournal.db")] == [(ONE, 7), (TWO, 7), (ONE, 8)]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("failing", r"o\.csv:3: shop_of_rows:failing failed at shop_of_rows\.py:20: ValueError: no total"),
        ("wrong", r"o\.csv:3: shop_of_rows:wrong made an event that is not one: event_type is empty"),
        (
            "numbered",
            r"o\.csv:4: shop_of_rows:numbered gave version 5 of sequence order-1, but an earlier row had version 5: "
            "versions go up",
        ),
    ],
)
def test_a_row_of_which_no_event_can_be_made_is_bad(shop: Path, function: str, message: str) -> None:
    result = invoke(*WITH, f"shop_of_rows:{function}", "o.csv")
    one_line_and_nothing_written(result, 3, message, NOTHING)
    result = invoke(*WITH, f"shop_of_rows:{function}", "o.csv", "--rejects", "r.ndjson")
    assert result.exit_code == 3
    [reject] = map(json.loads, Path("r.ndjson").read_text().splitlines())
    assert {"no", "status", "at", "reject"} == set(reject)
    assert len(stored("esjournal.db")) == 2


def test_the_events_of_a_row_are_taken_all_or_none(shop: Path) -> None:
    result = invoke(*WITH, "shop_of_rows:partly", "o.csv", "--rejects", "r.ndjson")
    assert "o.csv:3: shop_of_rows:partly made an event that is not one: event_type is empty" in result.stderr
    assert [event[0] for event in stored("esjournal.db")] == [ONE] * 4
    assert len(Path("r.ndjson").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("text", "made a str: return dictionaries, or None"),
        ("number", "returned a value of type int: return dictionaries, or None"),
        ("unwritable", "made an event that cannot be written as JSON: Encoding objects of type object is unsupported"),
        ("nameless", "made an event that is not one: the event has no originator_id"),
        ("extra", "made an event that is not one: .*'color'"),
        ("ending", r"failed at shop_of_rows\.py:\d+: SystemExit: the end"),
    ],
)
def test_what_is_not_an_event_is_bad(shop: Path, function: str, message: str) -> None:
    (shop / "o.csv").write_text("no,status\n1,x\n")
    result = invoke(*WITH, f"shop_of_rows:{function}", "o.csv")
    one_line_and_nothing_written(result, 3, rf"o\.csv:2: shop_of_rows:{function} {message}", NOTHING)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--with", "shop_of_rows"], "--with 'shop_of_rows' is not a function: write MODULE:FUNCTION"),
        (["--with", ":same"], "--with ':same' is not a function"),
        (["--with", "shop_of_rows:none"], "--with 'shop_of_rows:none': shop_of_rows has no function 'none'"),
        (["--with", "shop_of_rows:NOTHING"], "shop_of_rows has no function 'NOTHING'"),
        (["--with", "shop_of_nothing:x"], "--with 'shop_of_nothing' cannot be imported: ModuleNotFoundError"),
        (["--with", "shop_of_rows:same", "--sequence", "a"], "--with makes whole events: leave out --sequence"),
        (["--with", "shop_of_rows:same", "--meta", "a=b"], "--with makes whole events: leave out --meta"),
    ],
)
def test_a_function_that_cannot_be_used_is_wrong_usage(shop: Path, arguments: list[str], message: str) -> None:
    refused(invoke("import", "--rows", "o.csv", *arguments), 2, message)
    assert stored("esjournal.db") == []


# Two processes


@pytest.mark.parametrize("how", [TEMPLATES, ("--rows", "--with", "shop_of_rows:same")], ids=["templates", "function"])
def test_a_second_process_makes_the_same_events(
    shop: Path, how: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "o.csv").write_text("no,status\n" + "".join(f"{n % 700},x{n % 3}\n" for n in range(5_000)))
    ended(invoke("import", *how, "o.csv"), 0, err=TOTALS.format("5,000", "5,000", 0))
    journal_with("other.db", [])
    monkeypatch.setattr(secondprocess, "WORTH_IT_BYTES", 1)
    monkeypatch.setattr(secondprocess, "second_process_pays", lambda busy=1: True)
    ended(invoke("import", *how, "o.csv", url="other.db"), 0, err=TOTALS.format("5,000", "5,000", 0))
    one, other = ([event[:4] for event in stored(url)] for url in ("esjournal.db", "other.db"))
    assert one == other

"""Each command: its output, where it goes, and the exit code."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import make_url

from esjournal import __version__
from esjournal.cli.commandtable import HELP, CommandTable
from esjournal.journal.journal import open_journal
from tests.helpers.events import ID, OTHER_ID, TIME, event, sequence
from tests.helpers.program import ended, invoke, refused
from tests.helpers.stores import file_with, journal_with, stored

CANONICAL_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


@pytest.fixture
def url(store_url: str) -> str:
    assert invoke("init", url=store_url).exit_code == 0
    return store_url


# Where the journal is


def test_the_url_comes_before_or_after_the_command_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESJOURNAL_URL", "environment.db")
    invoke("--url", "before.db", "init")
    invoke("init", "--url", "behind.db")
    invoke("--url", "hidden.db", "init", "--url", "nearest.db")
    invoke("init")
    monkeypatch.setenv("ESJOURNAL_URL", "")
    invoke("init")
    assert {path.name for path in tmp_path.glob("*.db")} == {
        "before.db",
        "behind.db",
        "nearest.db",
        "environment.db",
        "esjournal.db",
    }


@pytest.mark.parametrize("arguments", [("--url", "", "export"), ("export", "--url", "")])
def test_an_empty_url_is_a_mistake_and_not_the_default(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal_with("esjournal.db", sequence(1))
    refused(invoke(*arguments), 2, "the URL is empty: write a file's path")


# Help


@pytest.mark.parametrize("command", ["init", "append", "get", "export", "import"])
def test_every_command_teaches_with_examples(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"  esjournal {command}" in result.stdout or f"esjournal --url events.db {command}" in result.stdout
    assert result.stdout == invoke(command, "-h").stdout


def test_without_arguments_the_help_is_shown() -> None:
    assert invoke().stdout == invoke("--help").stdout
    assert "esjournal append new 0 accounts#Opened" in invoke().stdout


def test_the_version_is_printed() -> None:
    ended(invoke("--version"), 0, out=f"esjournal {__version__}\n")


@pytest.mark.parametrize("arguments", [("bogus",), ("get",), ("get", ID, "--bogus"), ("import",), ("get", ID, "extra")])
def test_wrong_usage_is_one_line_that_names_the_help(arguments: tuple[str, ...]) -> None:
    refused(invoke(*arguments), 2, r"\(see esjournal.* --help\)")


# init


def test_init_makes_a_journal_once(store_url: str) -> None:
    made = invoke("init", url=store_url)
    ended(made, 0, err=r"esjournal: made the journal [0-9a-f-]{36} in \w+://.*\n")
    identity = re.findall(r"[0-9a-f-]{36}", made.stderr)[0]
    ended(invoke("init", url=store_url), 0, err=f"esjournal: the journal {identity} is in .* already; nothing to do\n")


@pytest.mark.parametrize("lacking", ["", "DROP INDEX stored_events_recorded_at"], ids=["whole", "without an index"])
def test_init_says_that_it_marks_a_file_made_from_a_dump(sqlite_url: str, tmp_path: Path, lacking: str) -> None:
    journal_with(sqlite_url, sequence(3))
    copy = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(str(make_url(sqlite_url).database))) as original,
        closing(sqlite3.connect(copy)) as made,
    ):
        made.executescript("\n".join(original.iterdump()) + lacking)
    marked = r"esjournal: the journal [0-9a-f-]{36} in .* was not marked as a journal, .* and is marked now\n"
    ended(invoke("init", url=str(copy)), 0, err=marked)
    ended(invoke("init", url=str(copy)), 0, err=r"esjournal: the journal .* already; nothing to do\n")
    assert stored(str(copy)) == stored(sqlite_url)


def test_init_says_that_it_marks_a_file_that_lost_its_mark(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as connection:
        connection.execute("PRAGMA application_id = 0")
    assert "and is marked now" in invoke("init", url=sqlite_url).stderr


def test_init_makes_the_index_that_a_journal_of_an_earlier_esjournal_lacks(url: str) -> None:
    with open_journal(url) as journal:
        journal.events.append(event(0))
        with journal.events.session.connection() as connection:
            connection.execute(f"DROP INDEX {journal.events.session.table_name('stored_events_recorded_at')}")
    ended(invoke("init", url=url), 0, err=r"esjournal: the journal [0-9a-f-]{36} .* is complete now\n")
    ended(invoke("init", url=url), 0, err=r"esjournal: .* already; nothing to do\n")
    assert stored(url) == [event(0)._replace(global_position=1)]


def test_init_prints_the_sql_instead_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("init", "--sql")
    assert result.exit_code == 0
    assert "CREATE TABLE stored_events (" in result.stdout
    assert "STRICT" in result.stdout
    assert list(tmp_path.iterdir()) == []
    postgresql = invoke("init", "--sql", "--url", "postgresql://nobody@nowhere.invalid/x")
    assert "state TEXT NOT NULL" in postgresql.stdout
    assert "JSON" not in postgresql.stdout.upper()


def test_init_makes_a_schema_that_the_url_then_names(postgres_url: str) -> None:
    base, schema = postgres_url.rsplit("schema=", 1)
    assert invoke("init", "--schema", schema, "--url", base.rstrip("?&")).exit_code == 0
    assert invoke("append", "new", "0", "a", "{}", url=postgres_url).exit_code == 0


def test_a_schema_is_refused_for_sqlite(sqlite_url: str) -> None:
    refused(invoke("init", "--schema", "a", url=sqlite_url), 2, "the schema 'a' is for PostgreSQL")


# append


def test_append_prints_the_global_position(url: str) -> None:
    ended(invoke("append", ID, "0", "a.b#C", '{"price":1.10}', url=url), 0, out="1\n")
    ended(invoke("append", OTHER_ID, "7", "a.b#C", "{}", url=url), 0, out="2\n")
    first, second = stored(url)
    assert first[:4] == (ID, 0, "a.b#C", '{"price":1.10}')
    assert re.fullmatch(CANONICAL_TIME, str(first.recorded_at))
    assert second[:2] == (OTHER_ID, 7)


def test_append_to_a_new_sequence_prints_its_id(url: str) -> None:
    result = invoke("append", "new", "0", "a", "{}", url=url)
    assert str(UUID(result.stdout.strip())) == result.stdout.strip() == stored(url)[0].originator_id


def test_append_at_the_next_version_counts_up_from_zero(url: str) -> None:
    for _ in range(3):
        invoke("append", ID, "next", "a", "{}", url=url)
    assert [found.originator_version for found in stored(url)] == [0, 1, 2]


def test_append_keeps_the_time_it_is_given(url: str) -> None:
    invoke("append", ID, "0", "a", "{}", "--recorded-at", "2026-01-31T13:00:00+01:00", url=url)
    assert stored(url)[0].recorded_at == TIME


@pytest.mark.parametrize(
    ("state", "which", "advice"),
    [
        ("{}", "an identical", "it is there already, so leave it out, or add --if-absent"),
        ('{"x":1}', "a different", "read it again and append after that"),
    ],
)
def test_append_to_a_taken_place_is_a_conflict_that_says_everything(
    url: str, state: str, which: str, advice: str
) -> None:
    for version in ("0", "1", "2"):
        invoke("append", ID, version, "a", "{}", url=url)
    result = invoke("append", ID, "1", "a", state, url=url)
    refused(result, 4, f"sequence {ID}: version 1 is taken by {which} event, the sequence is at version 2; {advice}")
    assert len(stored(url)) == 3


def test_if_absent_accepts_an_identical_event(url: str) -> None:
    for _ in range(2):
        ended(invoke("append", ID, "0", "a", '{"x":1}', "--if-absent", url=url), 0, out="1\n")
    ended(invoke("append", ID, "1", "a", "{}", "--if-absent", url=url), 0, out="2\n")
    for arguments in ([ID, "0", "a", "{}"], [ID, "0", "b", '{"x":1}']):
        refused(invoke("append", *arguments, "--if-absent", url=url), 4, "version 0 is taken by a different event")
    assert len(stored(url)) == 2


def test_if_absent_skips_lines_that_are_there(url: str) -> None:
    lines = [f'{{"originator_id":"{ID}","originator_version":{n},"event_type":"a","state":{{}}}}\n' for n in range(5)]
    invoke("append", "-", url=url, input=lines[0] + lines[1])
    given = lines[1] + lines[2] + lines[0] + lines[2]
    for _ in range(2):
        ended(invoke("append", "--if-absent", "-", url=url, input=given), 0, out="2\n3\n1\n3\n")
    different = lines[1].replace('"a"', '"b"')
    for given in (lines[3] + different, lines[3] + lines[3].replace('"a"', '"b"')):
        refused(invoke("append", "-", "--if-absent", url=url, input=given), 4, "a different event")
    assert len(stored(url)) == 3


@pytest.mark.parametrize("place", [["new", "0"], [ID, "next"], ["new", "next"]])
def test_if_absent_needs_a_place(url: str, place: list[str]) -> None:
    refused(invoke("append", *place, "a", "{}", "--if-absent", url=url), 2, "give the id and the version")


def test_append_reads_a_state_from_stdin_and_from_a_file_without_their_last_line_end(url: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b'{\r\n"a":1.10}\r\n')
    invoke("append", ID, "0", "a", "-", url=url, input='{"b":\n2}\n')
    invoke("append", ID, "1", "a", f"@{tmp_path / 'state.json'}", url=url)
    assert [found.state for found in stored(url)] == ['{"b":\n2}', '{\r\n"a":1.10}']


def test_append_of_lines_is_all_or_nothing(url: str) -> None:
    lines = [f'{{"originator_id":"{ID}","originator_version":{n},"event_type":"a","state":{{}}}}\n' for n in range(4)]
    ended(invoke("append", "-", url=url, input="".join(lines[:2])), 0, out="1\n2\n")
    refused(invoke("append", "-", url=url, input=lines[2] + lines[1]), 4, "version 1 is taken by an identical event")
    refused(
        invoke("append", "-", url=url, input=lines[2] + "\nbad\n" + lines[3]), 3, "standard input:3: the line is no"
    )
    refused(invoke("append", "-", url=url, input=lines[2] * 2), 4, "version 2 is given twice, with an identical event")
    assert len(stored(url)) == 2
    ended(invoke("append", "-", url=url, input="\n"), 0, err="esjournal: standard input had no events.*\n")
    refused(invoke("append", "-", "0", url=url, input=""), 2, "give nothing else")


@pytest.mark.parametrize("arguments", [(), ("0",), ("0", "a")])
def test_append_of_a_part_of_an_event_is_wrong_usage(url: str, arguments: tuple[str, ...]) -> None:
    refused(invoke("append", ID, *arguments, url=url), 2, "an event needs ID VERSION TYPE STATE")


# get


def test_get_prints_a_table_that_is_whole_in_a_pipe(store_url: str) -> None:
    state = '{"note":"' + "x" * 500 + '"}'
    journal_with(store_url, [event(0, state), event(1, "{}", event_type="a.very.long.module.of.events#Name" * 3)])
    header, first, second = invoke("get", ID, url=store_url).stdout.splitlines()
    assert header.split() == ["version", "type", "recorded", "at", "state"]
    assert first.split() == ["0", "a.b#C", TIME, state]
    assert second.split()[1] == "a.very.long.module.of.events#Name" * 3


def test_get_shows_gaps(store_url: str) -> None:
    journal_with(store_url, [event(version) for version in (1, 3, 7)])
    for arguments in ((), ("--reverse",)):
        lines = [line.strip() for line in invoke("get", ID, *arguments, url=store_url).stdout.splitlines()]
        assert {"version 2 is missing", "versions 4 to 6 are missing"} < set(lines)
    assert "missing" not in invoke("get", ID, "--type", "a.b#C", url=store_url).stdout


def test_get_takes_bounds_a_limit_types_and_the_other_direction(store_url: str) -> None:
    journal_with(store_url, [event(version, event_type="ab"[version % 2]) for version in range(10)])

    def versions(*arguments: str) -> list[int]:
        lines = invoke("get", ID, "-F", "ndjson", *arguments, url=store_url).stdout.splitlines()
        return [json.loads(line)["originator_version"] for line in lines]

    assert versions("--gt", "2", "--lt", "5") == [3, 4]
    assert versions("--gte", "2", "--lte", "5", "--reverse") == [5, 4, 3, 2]
    assert versions("--limit", "3", "--reverse") == [9, 8, 7]
    assert versions("--type", "b", "--limit", "2") == [1, 3]
    assert versions("--type", "a", "--type", "b") == list(range(10))
    assert versions("--limit", str(2**63 - 1)) == list(range(10))
    assert versions("--as-of", "3") == [0, 1, 2]
    assert versions("--as-of", "4", "--reverse", "--limit", "2") == [3, 2]


def test_get_prints_each_format_as_its_readers_expect(store_url: str) -> None:
    journal_with(store_url, sequence(3))
    texts = {name: invoke("get", ID, "--format", name, url=store_url).stdout for name in ("json", "ndjson", "csv")}
    events = json.loads(texts["json"])
    assert [json.loads(line) for line in texts["ndjson"].splitlines()] == events
    assert [found["state"] for found in events] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [row["state"] for row in csv.DictReader(texts["csv"].splitlines())] == ['{"n":0}', '{"n":1}', '{"n":2}']


@pytest.mark.parametrize("output_format", ["table", "json", "ndjson", "csv"])
def test_get_of_nothing_says_no_and_prints_nothing(url: str, output_format: str) -> None:
    arguments = ["-F", output_format]
    refused(invoke("get", ID, *arguments, url=url), 1, f"nothing found: sequence {ID} is not in this journal")
    invoke("append", ID, "0", "a", "{}", url=url)
    refused(invoke("get", ID, "--gt", "0", *arguments, url=url), 1, f"sequence {ID} has no events that match")


# export and import


@pytest.mark.parametrize("name", ["e.ndjson", "e.csv", "e.ndjson.gz", "e.CSV.gz", "e.csv.zst", "e.zst", "e"])
def test_a_file_exported_under_any_name_is_imported_under_it(store_url: str, tmp_path: Path, name: str) -> None:
    journal_with(store_url, sequence(5))
    path, copy = str(tmp_path / name), str(tmp_path / "copy.db")
    ended(invoke("export", "-o", path, url=store_url), 0, err=f"esjournal: exported 5 events to {path}\n")
    invoke("init", url=copy)
    result = invoke("import", path, url=copy)
    ended(result, 0, err=r"esjournal: 5 read, 5 appended, 0 already there, \d+\.\d\d s, [\d,]+/s\n")
    assert stored(copy) == stored(store_url)


def test_export_goes_to_stdout_and_import_takes_stdin(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, sequence(5))
    for arguments in ([], ["--format", "csv"]):
        text = invoke("export", *arguments, url=store_url).stdout
        assert text == invoke("export", "-o", "-", *arguments, url=store_url).stdout
        copy = str(tmp_path / f"copy{len(arguments)}.db")
        invoke("init", url=copy)
        assert invoke("import", "-", *arguments, url=copy, input=text).exit_code == 0
        assert stored(copy) == stored(store_url)


def test_export_takes_a_part_of_the_journal(store_url: str) -> None:
    journal_with(store_url, [*sequence(3), event(0, of=OTHER_ID, event_type="b"), event(1, of=OTHER_ID)])

    def positions(*arguments: str) -> list[int]:
        lines = invoke("export", *arguments, url=store_url).stdout.splitlines()
        return [json.loads(line)["global_position"] for line in lines]

    assert positions() == [1, 2, 3, 4, 5]
    assert positions("--after", "2", "--limit", "2") == [3, 4]
    assert positions("--id", OTHER_ID.upper()) == [4, 5]
    assert positions("--id", OTHER_ID, "--id", ID, "--type", "b") == [4]
    assert positions("--type", "none") == []


@pytest.mark.parametrize("command", [["export"], ["log"], ["get", ID], ["list"]])
def test_formulas_become_text_on_request(store_url: str, command: list[str]) -> None:
    journal_with(store_url, [event(0, event_type="=SUM(A1)")])
    assert ",=SUM(A1)," in invoke(*command, "-F", "csv", url=store_url).stdout
    assert ",'=SUM(A1)," in invoke(*command, "-F", "csv", "--csv-safe", url=store_url).stdout


@pytest.mark.parametrize("command", [["export"], ["log"], ["log", "-F", "json"], ["get", ID], ["list"]])
def test_csv_safe_is_refused_where_no_csv_is_written(sqlite_url: str, command: list[str]) -> None:
    result = invoke(*command, "--csv-safe", url=sqlite_url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--csv-safe is for CSV" in result.stderr


def test_import_skips_and_counts_events_that_are_there(url: str, tmp_path: Path) -> None:
    path = str(file_with(tmp_path / "e.ndjson", sequence(5)))
    invoke("append", ID, "0", "a.b#C", '{"n":0}', url=url)
    ended(invoke("import", path, url=url), 0, err="esjournal: 5 read, 4 appended, 1 already there, .*\n")
    ended(invoke("import", path, url=url), 0, err="esjournal: 5 read, 0 appended, 5 already there, .*\n")
    assert len(stored(url)) == 5


def test_import_lists_bad_lines_and_conflicts_by_file_and_line_and_writes_nothing(url: str, tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", [event(1), event(0)])
    invoke("append", ID, "0", "other", "{}", url=url)
    name = re.escape(str(path))
    conflict = f"esjournal: {name}:2: sequence {ID}: version 0 is taken by a different event, .*?\n"
    summary = "esjournal: nothing was written: {} read, {} bad, 1 in conflict; fix the file and import it again\n"
    ended(invoke("import", str(path), url=url), 4, err=conflict + summary.format(2, 0))
    with path.open("a") as file:
        file.write("bad\n")
    bad = f"esjournal: {name}:3: the line is not a JSON object: .*?\n"
    ended(invoke("import", str(path), url=url), 3, err=bad + conflict + summary.format(3, 1))
    assert len(stored(url)) == 1


def test_a_dry_run_of_an_import_says_what_would_be(url: str, tmp_path: Path) -> None:
    path = str(file_with(tmp_path / "e.ndjson", sequence(3)))
    result = invoke("import", "--dry-run", path, url=url)
    ended(result, 0, err="esjournal: dry run, nothing was written: would be 3 read, 3 appended, 0 already there, .*\n")
    assert stored(url) == []


def test_a_longer_line_is_imported_where_the_limit_is_raised(url: str, tmp_path: Path) -> None:
    path = str(file_with(tmp_path / "e.ndjson", [event(0, '{"a":"' + "x" * 1_000 + '"}')]))
    result = invoke("import", path, "--max-line-bytes", "1000", url=url)
    refused(
        result, 3, ":1: the line is longer than 1,000 bytes: `esjournal import --max-line-bytes N` takes longer ones"
    )
    assert invoke("import", path, "--max-line-bytes", "2000", url=url).exit_code == 0


@pytest.mark.parametrize("arguments", [["export", "--limit"], ["get", ID, "--limit"], ["export", "--after"]])
@pytest.mark.parametrize("number", ["-1", str(2**63), "9" * 5_000, "x", "1.0"])
def test_a_limit_or_position_beyond_what_can_be_is_wrong_usage(url: str, arguments: list[str], number: str) -> None:
    refused(invoke(*arguments, number, url=url), 2, "Invalid value for")


def test_the_help_of_the_program_says_of_each_command_what_its_own_help_begins_with() -> None:
    commands = CommandTable()
    assert list(commands) == list(HELP)
    assert {name: command.get_short_help_str(80) for name, command in commands.items()} == HELP

"""`esjournal import`, with each option as users type it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from esjournal.exceptions import StoreUnreachable
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.interchange import csvtext
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.program import environment, invoke, run, start
from tests.helpers.stores import file_with, journal_with, stored

TOTALS = r"esjournal: {:,} read, {:,} appended, {:,} already there, \d+\.\d\d s, [\d,]+/s\n"


@pytest.fixture
def url(store_url: str) -> str:
    assert invoke("init", url=store_url).exit_code == 0
    return store_url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mixed(folder: Path, url: str) -> str:
    """A file with good lines, a bad one at 2 and a conflict at 4, and a journal for it."""
    invoke("append", ID, "0", "other", "{}", url=url)
    lines = file_with(folder / "e.ndjson", [*sequence(3, of=OTHER_ID), event(0), event(1)]).read_text().splitlines()
    lines[1] = lines[1].replace('"n":1', '"n":NaN')
    (folder / "e.ndjson").write_text("\n".join(lines) + "\n")
    return "e.ndjson"


def ended(result: Result, code: int, err: str = "") -> None:
    """Check how a command ended: the exit code, no stdout, and a regular expression for all of stderr."""
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert re.fullmatch(err, result.stderr, re.DOTALL), result.stderr


def refused(result: Result, code: int, message: str) -> None:
    ended(result, code, f"esjournal: [^\n]*{message}[^\n]*\n")


def versions(url: str) -> list[int | None]:
    return [found.originator_version for found in stored(url)]


# Files


def test_files_and_patterns_are_imported_as_one(folder: Path, url: str) -> None:
    for name, first in (("2026-02.ndjson", 2), ("2026-01.ndjson", 0), ("rest.csv.gz", 4)):
        journal_with(f"{name}.db", [event(first), event(first + 1)])
        invoke("export", "-o", name, url=f"{name}.db")
    ended(invoke("import", "2026-*.ndjson", "rest.csv.gz", url=url), 0, TOTALS.format(6, 6, 0))
    assert versions(url) == [0, 1, 2, 3, 4, 5]


def test_standard_input_may_stand_between_files(folder: Path, url: str) -> None:
    for name, version in (("a.ndjson", 0), ("b.ndjson", 1), ("c.ndjson", 2)):
        file_with(folder / name, [event(version)])
    text = (folder / "b.ndjson").read_text()
    ended(invoke("import", "a.ndjson", "-", "c.ndjson", url=url, input=text), 0, TOTALS.format(3, 3, 0))
    assert versions(url) == [0, 1, 2]


def test_one_bad_file_of_many_is_enough_for_nothing_to_be_written(folder: Path, url: str) -> None:
    file_with(folder / "a.ndjson", sequence(3))
    (folder / "b.ndjson").write_text("bad\n")
    result = invoke("import", "a.ndjson", "b.ndjson", url=url)
    ended(
        result,
        3,
        r"esjournal: b\.ndjson:1: the line is not a JSON .*\nesjournal: nothing was written: 4 read, 1 bad, .*\n",
    )
    assert stored(url) == []


# CSV with other delimiters


EXPORTED = [event(0, '{"a": [1, 2], "b": "x;\\t"}'), event(1, '{"a": 1,\t"b": 2}')]


@pytest.mark.parametrize("name", ["e.tsv", "e.TSV.gz", "e.tsv.zst"])
def test_events_come_back_from_a_file_with_tabs(folder: Path, url: str, name: str) -> None:
    journal_with("from.db", EXPORTED)
    invoke("export", "-o", name, url="from.db")
    ended(invoke("import", name, url=url), 0, TOTALS.format(2, 2, 0))
    assert [found._replace(global_position=None) for found in stored(url)] == EXPORTED
    ended(invoke("diff", name, "from.db", "--quiet"), 0)


@pytest.mark.parametrize(
    ("delimiter", "options"), [(";", ["--delimiter", ";"]), ("\t", ["--delimiter", "tab"]), ("|", []), ("¦", [])]
)
def test_events_come_back_from_standard_input_with_any_delimiter(
    folder: Path, url: str, delimiter: str, options: list[str]
) -> None:
    text = "".join(csvtext.write(EXPORTED, safe=False, delimiter=delimiter))
    if not options:
        text = f"sep={delimiter}\r\n{text}"
    ended(invoke("import", "-F", "csv", "-", *options, url=url, input=text), 0, TOTALS.format(2, 2, 0))
    assert [found._replace(global_position=None) for found in stored(url)] == EXPORTED


def test_a_file_with_another_delimiter_is_refused_with_the_command_that_reads_it(folder: Path, url: str) -> None:
    (folder / "e.csv").write_text("".join(csvtext.write(EXPORTED, safe=False, delimiter=";")))
    advice = r"`esjournal import --delimiter ';'` reads it"
    refused(invoke("import", "e.csv", url=url), 3, f"e.csv:1: the header has ';' instead of ',': {advice}")
    refused(invoke("list", url="e.csv"), 3, f"e.csv:1: the header has ';' instead of ',': {advice}")
    ended(invoke("import", "e.csv", "--delimiter", ";", url=url), 0, TOTALS.format(2, 2, 0))


def test_a_bad_row_is_put_aside_with_the_delimiter_of_its_file(folder: Path, url: str) -> None:
    (folder / "e.tsv").write_text(f"originator_id\toriginator_version\tevent_type\tstate\n{ID}\t0\ta,b\tbad\n")
    assert invoke("import", "e.tsv", "--rejects", "r.ndjson", url=url).exit_code == 3
    assert json.loads(Path("r.ndjson").read_text())["reject"]["text"] == f"{ID}\t0\ta,b\tbad"


# Text in other encodings


NAMED = [event(0, '{"name": "Zoë ß"}'), event(1, '{"name": "€"}')]


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "options"),
    [
        ("e.csv", "cp1252", ";", ["--encoding", "cp1252", "--delimiter", ";"]),
        ("e.txt", "utf-16", "\t", ["--encoding", "utf-16", "-F", "csv", "--delimiter", "tab"]),
        ("e.tsv", "utf-16-be", "\t", ["--encoding", "UTF-16BE"]),
        ("e.csv", "utf-8-sig", ",", ["--encoding", "utf-8"]),
    ],
)
def test_events_of_csv_in_another_encoding_are_those_of_utf_8(
    folder: Path, url: str, name: str, encoding: str, delimiter: str, options: list[str]
) -> None:
    text = "".join(csvtext.write(NAMED, safe=False, delimiter=delimiter)).replace("\n", "\r\n")
    (folder / name).write_bytes(text.encode(encoding))
    ended(invoke("import", name, *options, url=url), 0, TOTALS.format(2, 2, 0))
    assert [found._replace(global_position=None) for found in stored(url)] == NAMED


@pytest.mark.parametrize("more", [[], ["--commit-every", "1"]], ids=["once", "parts"])
def test_a_seal_is_that_of_the_text_in_utf_8(folder: Path, url: str, more: list[str]) -> None:
    journal_with("from.db", NAMED)
    text = invoke("export", "--seal", url="from.db").stdout
    (folder / "e.ndjson.gz").write_bytes(gzip.compress(text.encode("utf-16")))
    arguments = ["import", "e.ndjson.gz", "--require-seal", *more, "--encoding"]
    ended(invoke(*arguments, "utf-16", url=url), 0, TOTALS.format(2, 2, 0))
    (folder / "e.ndjson.gz").write_bytes(gzip.compress(text.encode("cp1252")))
    # Both read each byte as a character, but not as the same ones.
    refused(invoke(*arguments, "latin-1", url=url), 3, "e.ndjson.gz:3: the file does not match its seal")


def test_a_bad_row_in_another_encoding_has_its_line_and_its_text(folder: Path, url: str) -> None:
    text = f"originator_id,originator_version,event_type,state\n\n{ID},0,é,bad\n"
    (folder / "e.csv").write_bytes(text.encode("utf-16"))
    assert invoke("import", "e.csv", "--encoding", "utf-16", "--rejects", "r.ndjson", url=url).exit_code == 3
    reject = json.loads(Path("r.ndjson").read_text(encoding="utf-8"))["reject"]
    assert (reject["line"], reject["text"]) == (3, f"{ID},0,é,bad")


def test_text_that_is_not_in_its_encoding_is_refused_with_what_to_name(folder: Path, url: str) -> None:
    text = f"originator_id,originator_version,event_type,state\n{ID},0,é,{{}}\n"
    (folder / "e.csv").write_bytes(text.encode("cp1252"))
    message = (
        "e.csv:2: byte 0xe9 at byte 40 is not UTF-8: name the encoding, such as `esjournal import --encoding cp1252`"
    )
    refused(invoke("import", "e.csv", url=url), 3, message)
    message = "e.csv:2: byte 0xe9 at byte 90 of the file is not ascii: name the encoding that it has"
    refused(invoke("import", "e.csv", "--encoding", "ascii", "--rejects", "r.ndjson", url=url), 3, message)
    assert not Path("r.ndjson").exists()


# Usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["e.ndjson", "--max-rejects", "1"], "--max-rejects needs --rejects FILE"),
        (["e.ndjson", "--dry-run", "--commit-every", "1"], "--dry-run commits nothing: leave out --commit-every"),
        (["e.ndjson", "--map-type", "old"], "--map-type 'old' has no =: write OLD=NEW"),
        (
            ["e.ndjson", "--map-type", "a=b", "--map-type", "a=c"],
            "--map-type gives 'a' two new names: give one",
        ),
        (["e.ndjson", "--map-type", "=new"], "event_type is empty"),
        (["e.ndjson", "--map-type", "a*=b*"], r"--map-type 'a\*' is a pattern, and each type needs a new name"),
        (["e.ndjson", "--map-type", "old="], "event_type is empty"),
        (["e.ndjson", "--only-type", "a\nb"], r"control character U\+000A"),
        (["e.ndjson", "--rejects", "r.csv"], "--rejects r.csv: rejects are NDJSON, so name an .ndjson file"),
        (["e.ndjson", "--rejects", "r.parquet"], "rejects are NDJSON"),
        (["e.ndjson", "--rejects", "missing/r.ndjson"], "missing/r.ndjson cannot be written: No such file"),
        (["e.ndjson", "--summary", "missing/s.json"], "--summary missing/s.json: its folder does not exist"),
        (["e.ndjson", "--summary", "."], "--summary .: that is a folder, name a file in it"),
        (["e.ndjson", "--summary", "r", "--rejects", "r"], "r is named twice, as --rejects and as --summary"),
        (["e.ndjson", "--commit-every", "0"], "Invalid value for '--commit-every'"),
        (["e.ndjson", "--max-rejects", "-1", "--rejects", "r"], "Invalid value for '--max-rejects'"),
        (["x-*.ndjson"], r"x-\*.ndjson matches no file: check the pattern"),
        (["e.ndjson", "missing.ndjson"], "missing.ndjson cannot be read: No such file"),
        (["e.parquet"], "e.parquet cannot be imported, Parquet is for analysis: give NDJSON or CSV"),
        (["e.ndjson", "-F", "parquet"], "cannot be imported, Parquet is for analysis"),
        (["e.csv", "--require-seal"], "e.csv is CSV, which has no seal"),
        (["e.ndjson", "--encoding", "hex"], "'hex' is not a text encoding: give one such as cp1252, latin-1 or utf-16"),
        (["e.csv", "--delimiter", ";;"], "';;' is not a delimiter: give one character, such as ';', or tab"),
        (
            ["e.csv", "e.ndjson", "--delimiter", ";"],
            "e.ndjson is NDJSON, which has no delimiter: add --format csv, or leave out --delimiter",
        ),
        (["-", "--delimiter", ";"], "standard input is NDJSON, which has no delimiter: add --format csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_wrong_usage_and_changes_nothing(
    folder: Path, sqlite_url: str, arguments: list[str], message: str
) -> None:
    journal_with(sqlite_url, [])
    file_with(folder / "e.ndjson", sequence(3))
    for name in ("e.parquet", "e.csv"):
        (folder / name).write_text("")
    before = sorted(path.name for path in folder.iterdir())
    refused(invoke("import", *arguments, url=sqlite_url), 2, message)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert stored(sqlite_url) == []


# Rejects


def test_what_does_not_fit_is_put_aside_and_the_rest_is_imported(mixed: str, url: str) -> None:
    result = invoke("import", mixed, "--rejects", "r.ndjson", url=url)
    totals = r"esjournal: 5 read, 3 appended, 0 already there, 2 rejected, \d+\.\d\d s, [\d,]+/s\n"
    message = "esjournal: 2 rejects are in r.ndjson: fix what is wrong there, and import that file\n"
    bad = r"esjournal: e\.ndjson:2: state has NaN[^\n]*\n"
    conflict = r"esjournal: e\.ndjson:4: sequence [^\n]*version 0 is taken by a different event[^\n]*\n"
    ended(result, 3, bad + conflict + totals + message)
    rejects = {found["reject"]["line"]: found for found in map(json.loads, Path("r.ndjson").read_text().splitlines())}
    assert set(rejects) == {2, 4}
    assert json.loads(rejects[2]["reject"]["text"].replace("NaN", "1"))["state"] == {"n": 1}
    assert rejects[4]["originator_id"] == ID
    assert "taken by a different event" in rejects[4]["reject"]["reason"]
    assert len(stored(url)) == 4


def test_fixed_rejects_are_imported_from_their_file(mixed: str, url: str) -> None:
    invoke("import", mixed, "--rejects", "r.ndjson", url=url)
    mended = []
    for found in map(json.loads, Path("r.ndjson").read_text().splitlines()):
        if text := found["reject"].get("text"):
            mended.append(text.replace("NaN", "1"))
        else:
            found["originator_version"] = 2
            mended.append(json.dumps(found))
    Path("r.ndjson").write_text("\n".join(mended))
    ended(invoke("import", "r.ndjson", url=url), 0, TOTALS.format(2, 2, 0))
    assert [(found.originator_id, found.originator_version) for found in stored(url)[-2:]] == [(OTHER_ID, 1), (ID, 2)]


def test_an_event_whose_name_no_sequence_may_have_is_a_reject_among_others(folder: Path, url: str) -> None:
    names = ["order-1", "next", "a\tb", "order-2"]
    event = {"originator_version": 0, "event_type": "a#B", "state": {}}
    Path("e.ndjson").write_text("".join(json.dumps({"sequence_name": name, **event}) + "\n" for name in names))
    result = invoke("import", "e.ndjson", "--rejects", "r.ndjson", url=url)
    assert (result.exit_code, "4 read, 2 appended" in result.stderr) == (3, True)
    rejects = [json.loads(line) for line in Path("r.ndjson").read_text().splitlines()]
    assert [(found["sequence_name"], found["reject"]["line"]) for found in rejects] == [("next", 2), ("a\tb", 3)]
    assert sorted(json.loads(line)["sequence_name"] for line in invoke("export", url=url).stdout.splitlines()) == [
        "order-1",
        "order-2",
    ]


def test_only_conflicts_among_the_rejects_end_with_4(folder: Path, url: str) -> None:
    file_with(folder / "e.ndjson", [event(0), event(0, '{"x":1}')])
    assert invoke("import", "e.ndjson", "--rejects", "r", url=url).exit_code == 4
    assert len(stored(url)) == 1


def test_without_rejects_their_file_is_empty_and_all_is_well(folder: Path, url: str) -> None:
    file_with(folder / "e.ndjson", sequence(2))
    (folder / "r").write_text("from another time\n")
    ended(invoke("import", "e.ndjson", "--rejects", "r", url=url), 0, TOTALS.format(2, 2, 0))
    assert (folder / "r").read_bytes() == b""


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_too_many_rejects_and_nothing_is_written_not_even_they(mixed: str, url: str, dry: list[str]) -> None:
    result = invoke("import", mixed, "--rejects", "r", "--max-rejects", "1", *dry, url=url)
    assert result.exit_code == 3
    assert result.stderr.endswith(
        "esjournal: nothing was written: 5 read, more than 1 reject; fix the file and import it again\n"
    )
    assert not Path("r").exists()
    assert len(stored(url)) == 1
    assert (
        invoke("import", mixed, "--rejects", "r", "--max-rejects", "2", *dry, url=url).stderr.count("2 rejects are")
        == 1
    )


def test_a_dry_run_shows_what_would_be_rejected(mixed: str, url: str) -> None:
    result = invoke("import", mixed, "--dry-run", "--rejects", "r.ndjson", url=url)
    assert result.exit_code == 3
    assert "dry run, nothing was written: would be 5 read, 3 appended, 0 already there, 2 rejected" in result.stderr
    assert len(Path("r.ndjson").read_text().splitlines()) == 2
    assert len(stored(url)) == 1


def test_a_file_whose_name_is_not_utf8_has_rejects_too(folder: Path, sqlite_url: str) -> None:
    journal_with(sqlite_url, [])
    Path("\udcff.ndjson").write_text("bad\n")
    assert run("import", b"\xff.ndjson", "--rejects", "r", url=sqlite_url, cwd=folder).returncode == 3
    assert json.loads(Path("r").read_text())["reject"]["text"] == "bad"
    assert invoke("import", "r", url=sqlite_url).exit_code == 3


# Parts


def test_parts_committed_before_a_problem_stay_and_are_reported(folder: Path, url: str) -> None:
    path = file_with(folder / "e.ndjson", sequence(5))
    with path.open("a") as file:
        file.write("bad\n")
    result = invoke("import", "e.ndjson", "--commit-every", "2", url=url)
    bad = r"esjournal: e\.ndjson:6: the line is not a JSON object[^\n]*\n"
    stopped = "esjournal: stopped; 4 events were committed before that, and stay: 6 read, 1 bad, 0 in conf.*\n"
    ended(result, 3, bad + stopped)
    assert versions(url) == [0, 1, 2, 3]
    file_with(path, sequence(5))
    ended(invoke("import", "e.ndjson", "--commit-every", "2", url=url), 0, TOTALS.format(5, 1, 4))


def test_an_import_in_parts_that_fails_says_how_much_of_it_is_there(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_with(folder / "e.ndjson", sequence(5))
    parts = iter([None, None, StoreUnreachable("the server is gone"), StoreUnreachable("the server is gone")])
    begin = SQLAlchemyActiveRecordStrategy.transaction

    def transaction(strategy: SQLAlchemyActiveRecordStrategy[Any]) -> object:
        if (failure := next(parts)) is not None:
            raise failure
        return begin(strategy)

    monkeypatch.setattr(SQLAlchemyActiveRecordStrategy, "transaction", transaction)
    for expected in ("; 4 events were committed before that, and stay", ""):
        failed = invoke("import", "e.ndjson", "--commit-every", "2", url=url)
        ended(failed, 5, f"esjournal: the server is gone{expected}\n")
        assert versions(url) == [0, 1, 2, 3]


def test_a_pipe_is_committed_in_parts_while_it_is_written(url: str, folder: Path) -> None:
    text = file_with(folder / "e.ndjson", generated(9_000)).read_bytes()
    lines = text.splitlines(keepends=True)
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start("import", "-", "--commit-every", "1000", url=url, **pipes) as process:
        assert process.stdin is not None
        process.stdin.writelines(lines[:8_000])
        process.stdin.flush()
        while not stored(url):
            assert process.poll() is None
        assert len(stored(url)) % 1_000 == 0
        out, err = process.communicate(b"".join(lines[8_000:]))
    assert (process.returncode, out) == (0, b"")
    assert err.startswith(b"esjournal: 9,000 read, 9,000 appended")
    assert len(stored(url)) == 9_000


# Contiguous versions and seals


def test_a_gap_is_bad_where_versions_must_be_contiguous(folder: Path, url: str) -> None:
    file_with(folder / "e.ndjson", [event(1), event(2), event(4)])
    assert invoke("import", "--dry-run", "e.ndjson", url=url).exit_code == 0
    result = invoke("import", "--require-contiguous", "e.ndjson", url=url)
    ended(
        result, 3, rf"esjournal: e\.ndjson:3: sequence {ID}: version 4 follows no event: .* at version 2\n.*1 bad.*\n"
    )
    assert stored(url) == []
    result = invoke("import", "--require-contiguous", "--rejects", "r", "e.ndjson", url=url)
    assert versions(url) == [1, 2]
    assert json.loads(Path("r").read_text())["originator_version"] == 4


def test_a_seal_is_checked_whenever_there_is_one_and_can_be_demanded(folder: Path, url: str) -> None:
    journal_with("old.db", sequence(5))
    for options, name in (([], "open.ndjson"), (["--seal"], "sealed.ndjson.gz"), (["--seal"], "changed.ndjson")):
        assert invoke("export", *options, "-o", name, url="old.db").exit_code == 0
    Path("changed.ndjson").write_text(Path("changed.ndjson").read_text().replace('"n":3', '"n":4'))
    for options in ([], ["--commit-every", "1"], ["--rejects", "r"]):
        refused(
            invoke("import", "changed.ndjson", *options, url=url),
            3,
            "changed.ndjson:6: the file does not match its seal",
        )
        refused(invoke("import", "open.ndjson", "--require-seal", *options, url=url), 3, "the file ends without a seal")
        assert stored(url) == []
        assert not Path("r").exists()
    ended(invoke("import", "sealed.ndjson.gz", "--require-seal", url=url), 0, TOTALS.format(5, 5, 0))


# Types


def test_types_are_renamed_and_chosen(folder: Path, url: str) -> None:
    file_with(folder / "e.ndjson", [event(n, event_type=kind) for n, kind in enumerate("abcab")])
    result = invoke("import", "e.ndjson", "--map-type", "a=A=1", "--map-type", "x=y", "--skip-type", "c", url=url)
    unused = "esjournal: warning: {} matched no event\n"
    totals = "esjournal: 5 read, {} appended, 0 already there, {} left out, [^\n]*\n"
    ended(result, 0, unused.format("--map-type 'x=y'") + totals.format(4, 1))
    assert [found.event_type for found in stored(url)] == ["A=1", "b", "A=1", "b"]
    result = invoke("import", "e.ndjson", "--only-type", "c", "--only-type", "x", url=url)
    ended(result, 0, unused.format("--only-type 'x'") + totals.format(1, 4))


def test_types_are_chosen_by_patterns_and_a_generic_type_of_net_is_whole(folder: Path, url: str) -> None:
    generic = "Shop.Envelope`1[[Shop.Created, Shop]]"
    types = ["shop#A", generic, "shop#B", "other#A"]
    file_with(folder / "e.ndjson", [event(n, event_type=kind) for n, kind in enumerate(types)])
    rules = ["--only-type", "shop#*", "--only-type", generic, "--skip-type", "*#B", "--map-type", f"{generic}=shop#C"]
    ended(invoke("import", "--quiet", "e.ndjson", *rules, url=url), 0)
    assert [found.event_type for found in stored(url)] == ["shop#A", "shop#C"]


@pytest.mark.parametrize("options", [["--quiet"], ["--dry-run", "--quiet"], ["--commit-every", "1", "--quiet"]])
def test_a_rule_that_matched_no_event_is_warned_of(folder: Path, url: str, options: list[str]) -> None:
    file_with(folder / "e.ndjson", sequence(2))
    result = invoke("import", "e.ndjson", "--skip-type", "orders#*", *options, url=url)
    ended(result, 0, r"esjournal: warning: --skip-type 'orders#\*' matched no event\n")


# Totals


def summary(result: Result, path: str = "s.json") -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(path).read_text())
    assert isinstance(found.pop("seconds"), float)
    return found


def test_the_summary_has_the_totals_whatever_the_end(mixed: str, url: str) -> None:
    expected: dict[str, object] = {
        "committed": False,
        "dry_run": False,
        "read": 5,
        "appended": 3,
        "already_there": 0,
        "left_out": 0,
        "bad": 1,
        "conflicts": 1,
    }
    for options, changed in (
        ([], {}),
        (["--dry-run"], {"dry_run": True}),
        (["--commit-every", "2"], {"read": 2, "appended": 0, "conflicts": 0}),
        (["--rejects", "r"], {"committed": True}),
        (["--rejects", "r"], {"committed": True, "appended": 0, "already_there": 3}),
    ):
        result = invoke("import", mixed, "--summary", "s.json", *options, url=url)
        assert result.exit_code == 3
        assert summary(result) == expected | changed


def test_the_summary_goes_to_stdout_as_the_only_thing_there(folder: Path, url: str) -> None:
    file_with(folder / "e.ndjson", sequence(2))
    result = invoke("import", "e.ndjson", "--summary", "-", "--quiet", url=url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["appended"] == 2
    assert result.stdout.count("\n") == 1


def test_quiet_prints_nothing_but_problems(folder: Path, url: str, mixed: str) -> None:
    file_with(folder / "good.ndjson", sequence(2, of="00000000-0000-0000-0000-000000000000"))
    ended(invoke("import", "good.ndjson", "-q", url=url), 0)
    ended(invoke("import", "good.ndjson", "-q", "--dry-run", url=url), 0)
    result = invoke("import", mixed, "-q", "--rejects", "r", url=url)
    ended(result, 3, r"esjournal: e\.ndjson:2: .*\nesjournal: e\.ndjson:4: .*\nesjournal: 2 rejects are in r: .*\n")


def test_a_script_reads_the_summary_and_fixes_rejects_with_jq(folder: Path, sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, event_type="other")])
    file_with(folder / "e.ndjson", [event(0), event(1)])
    program = f"{sys.executable} -m esjournal"
    script = f"""
        {program} import -q e.ndjson --rejects r.ndjson --summary s.json 2> said || code=$?
        test "$code" = 4 && grep -q '"conflicts": 1' s.json
        sed 's/"originator_version":0/"originator_version":2/' r.ndjson | {program} import -q -
    """
    env = environment(ESJOURNAL_URL=sqlite_url)
    done = subprocess.run(["bash", "-ec", script], env=env, capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert versions(sqlite_url) == [0, 1, 2]

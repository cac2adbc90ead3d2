"""`esjournal copy`, between stores and files, with each option as users type it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.inspect.digest import digest_of
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import ID, OTHER_ID, event, generated, row_of, sequence
from tests.helpers.program import invoke, run
from tests.helpers.stores import file_with, journal_with, stored

TOTALS = r"esjournal: {:,} read, {:,} appended, {:,} already there, \d+\.\d\d s, [\d,]+/s\n"
PROVEN = r"esjournal: proven: {:,} {}events?, sha256 [0-9a-f]{{64}} on both sides\n"
DRY = r"esjournal: dry run, nothing was written: would be {} read, {} appended, {} already there, [^\n]*\n"
STORES = ["sqlite", "postgresql"]


@pytest.fixture(params=STORES, ids=lambda store: f"from-{store}")
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store for a source, where nothing exists yet."""
    if request.param == "sqlite":
        return str(tmp_path / "source.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=STORES, ids=lambda store: f"to-{store}")
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty journal."""
    if request.param == "sqlite":
        url = str(tmp_path / "target.db")
    else:
        url = str(request.getfixturevalue("other_postgres_url"))
    initialise(url)
    return url


@pytest.fixture
def old(tmp_path: Path) -> str:
    """A journal of nine events, three of each of three types."""
    events = [event(version, f'{{"n":{version}}}', event_type=f"shop#{'ABC'[version % 3]}") for version in range(9)]
    return journal_with(str(tmp_path / "old.db"), events)


@pytest.fixture
def new(tmp_path: Path) -> str:
    """An empty journal."""
    return journal_with(str(tmp_path / "new.db"), [])


def ended(result: Result, code: int, err: str = "") -> None:
    """Check how a command ended: the exit code, no stdout, and a regular expression for all of stderr."""
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert re.fullmatch(err, result.stderr, re.DOTALL), result.stderr


def refused(result: Result, code: int, message: str) -> None:
    ended(result, code, f"esjournal: [^\n]*{message}[^\n]*\n")


def copied(*arguments: str, count: tuple[int, int, int], proven: int | None = None) -> None:
    result = invoke("copy", *arguments)
    proof = PROVEN.format(count[0] if proven is None else proven, "selected " if "--after" in arguments else "")
    ended(result, 0, TOTALS.format(*count) + proof)


def digest(url: str) -> str:
    return invoke("verify", "--digest", "--quiet", url=url).stdout.split()[0]


def appended(url: str, *events: RecordedEvent) -> None:
    with open_journal(url) as journal:
        journal.events.append(events)


def versions(url: str) -> list[int | None]:
    return [found.originator_version for found in stored(url)]


# Between stores


def test_a_whole_journal_is_copied_and_both_sides_have_the_digest_that_is_printed(source: str, target: str) -> None:
    journal_with(source, generated(1_203))
    result = invoke("copy", source, target)
    ended(result, 0, TOTALS.format(1_203, 1_203, 0) + PROVEN.format(1_203, ""))
    assert stored(target) == stored(source)
    [said] = re.findall("sha256 ([0-9a-f]{64})", result.stderr)
    assert said == digest(source) == digest(target)


def test_a_target_that_holds_a_part_gets_the_rest(source: str, target: str) -> None:
    events = list(generated(100))
    journal_with(source, events)
    appended(target, *sequence(3, of=OTHER_ID), *events[:40])
    copied(source, target, count=(100, 60, 40))
    assert [found[:5] for found in stored(target)][3:] == [found[:5] for found in events]
    copied(source, target, count=(100, 0, 100))


def test_if_an_event_differs_nothing_is_written_and_the_difference_is_reported(source: str, target: str) -> None:
    journal_with(source, [event(0, '{"price":2}'), *sequence(3, of=OTHER_ID)])
    appended(target, event(0, '{"price":1}'))
    result = invoke("copy", source, target)
    assert result.exit_code == 4
    first, last = result.stderr.splitlines()
    assert first.startswith("esjournal: ")
    assert first.endswith(
        f":1: sequence {ID}: version 0 is taken by a different event: state.price is 1 there and 2 here"
    )
    assert last == (
        "esjournal: nothing was written: 4 read, 0 bad, 1 in conflict; "
        "fix one side, or put these events aside with --rejects"
    )
    assert versions(target) == [0]


def test_a_copy_with_a_cursor_continues_each_time(source: str, target: str, tmp_path: Path) -> None:
    cursor = str(tmp_path / "moving.cursor")
    journal_with(source, sequence(5))
    for count, more in ((5, 3), (3, 0), (0, 2), (2, 0)):
        copied("--cursor-file", cursor, source, target, count=(count, count, 0))
        appended(source, *sequence(99)[len(stored(source)) :][:more])
    assert stored(target) == stored(source)
    assert json.loads(Path(cursor).read_text())["global_position"] == 10


def test_a_copy_with_a_lost_cursor_skips_events_that_are_there(source: str, target: str, tmp_path: Path) -> None:
    cursor = tmp_path / "moving.cursor"
    journal_with(source, sequence(5))
    copied("--cursor-file", str(cursor), source, target, count=(5, 5, 0))
    cursor.unlink()
    appended(source, event(5))
    copied("--cursor-file", str(cursor), source, target, count=(6, 1, 5))


# Files


FORMATS = ["e.ndjson", "e.csv", "e.ndjson.gz", "e.csv.zst", "e.tsv"]


def test_a_journal_goes_through_a_file_and_keeps_its_digest(source: str, target: str, tmp_path: Path) -> None:
    journal_with(source, generated(300))
    through_file(source, target, tmp_path / "e.ndjson")


@pytest.mark.parametrize("name", FORMATS[1:])
def test_a_journal_goes_through_a_file_of_each_format(sqlite_url: str, new: str, tmp_path: Path, name: str) -> None:
    journal_with(sqlite_url, generated(300))
    through_file(sqlite_url, new, tmp_path / name)


def through_file(source: str, target: str, path: Path) -> None:
    """Copy a journal of 300 events to a file and on, and check that nothing has changed."""
    file = str(path)
    copied(source, file, count=(300, 300, 0))
    copied(file, target, count=(300, 300, 0))
    assert digest(source) == digest(file) == digest(target)
    assert stored(target) == stored(source)


def test_a_file_is_replaced_and_holds_what_export_writes(old: str, tmp_path: Path) -> None:
    file, exported = tmp_path / "e.ndjson", tmp_path / "exported.ndjson"
    file.write_text("something else\n")
    copied(old, str(file), count=(9, 9, 0))
    invoke("export", "-o", str(exported), url=old)
    assert file.read_bytes() == exported.read_bytes()
    copied("--after", "5", old, str(file), count=(4, 4, 0))
    invoke("export", "--after", "5", "-o", str(exported), url=old)
    assert file.read_bytes() == exported.read_bytes()


def test_a_bad_line_of_a_file_is_reported_as_import_reports_it(new: str, tmp_path: Path) -> None:
    file = file_with(tmp_path / "e.ndjson", sequence(3))
    file.write_text(file.read_text().replace('"n":1', '"n":NaN'))
    imported = invoke("import", str(file), url=new)
    result = invoke("copy", str(file), new)
    assert result.exit_code == imported.exit_code == 3
    assert result.stderr.splitlines()[0] == imported.stderr.splitlines()[0]
    assert stored(new) == []


def test_events_of_a_file_without_times_are_proven_without_them(new: str, tmp_path: Path) -> None:
    file = tmp_path / "e.ndjson"
    file.write_text(f'{{"originator_id":"{ID}","originator_version":0,"event_type":"a","state":{{}}}}\n')
    left_out = "; recorded_at is left out for 1 event with none on one side"
    proven = PROVEN.format(1, "").replace("\\n", f"{left_out}\\n")
    ended(invoke("copy", str(file), new), 0, TOTALS.format(1, 1, 0) + proven)


def test_two_files_are_the_business_of_export(tmp_path: Path) -> None:
    file_with(tmp_path / "e.ndjson", sequence(3))
    refused(invoke("copy", str(tmp_path / "e.ndjson"), str(tmp_path / "e.csv")), 2, "both are files: `esjournal --url")


@pytest.mark.parametrize("name", ["e.ndjson", "a  b.ndjson", "it's.csv"])
def test_the_command_that_is_advised_for_two_files_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file_with(tmp_path / "from.ndjson", sequence(3))
    advised = invoke("copy", "from.ndjson", name).stderr.split("`")[1]
    assert invoke(*shlex.split(advised)[1:]).exit_code == 0
    assert invoke("diff", "from.ndjson", name).exit_code == 0


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("e.ndjson", "e.ndjson is named twice, as TARGET and as SOURCE"),
        ("./e.ndjson", "is named twice, as TARGET and as SOURCE"),
        ("link.ndjson", "is named twice, as TARGET and as SOURCE"),
        ("hard.csv", "is named twice, as TARGET and as SOURCE"),
        ("missing/e.ndjson", "missing/e.ndjson cannot be written"),
        ("database.ndjson", "database.ndjson is a SQLite database, which TARGET would replace"),
    ],
)
def test_no_command_is_advised_for_two_files_that_would_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file_with(tmp_path / "e.ndjson", sequence(3))
    journal_with("sqlite:///database.ndjson", sequence(3))
    (tmp_path / "link.ndjson").symlink_to("e.ndjson")
    (tmp_path / "hard.csv").hardlink_to("e.ndjson")
    refused(invoke("copy", "e.ndjson", target), 2, message)


@pytest.mark.parametrize(
    ("source", "target", "instead"),
    [
        ("-", "new.db", "`esjournal --url new.db import -` reads stdin"),
        ("a b.db", "-", "`esjournal --url 'a b.db' export -o -` writes to stdout"),
        ("e.csv", "-", "`esjournal --url e.csv export -o -` writes to stdout"),
        ("-", "e.csv", "name two journals or files"),
        ("-", "-", "name two journals or files"),
    ],
)
def test_the_advice_for_a_standard_stream_names_the_other_side(source: str, target: str, instead: str) -> None:
    refused(invoke("copy", source, target), 2, f"neither can be `-`: {instead}")


# Options, as those of import


def test_a_dry_run_counts_and_says_what_does_not_fit_and_writes_nothing(
    source: str, target: str, tmp_path: Path
) -> None:
    journal_with(source, sequence(20))
    copied_plan = ["copy", "--dry-run", "--cursor-file", str(tmp_path / "cursor"), source]
    ended(invoke(*copied_plan, target), 0, DRY.format(20, 20, 0))
    ended(invoke(*copied_plan, str(tmp_path / "e.ndjson")), 0, DRY.format(20, 20, 0))
    appended(target, *(event(version) for version in range(12)))
    result = invoke(*copied_plan, target)
    assert result.exit_code == 4
    assert len(result.stderr.splitlines()) == 11
    assert "nothing was written: 20 read, 0 bad, 12 in conflict" in result.stderr
    assert len(stored(target)) == 12
    assert {found.suffix for found in tmp_path.iterdir()} <= {".db", ".db-wal", ".db-shm"}


def test_rejects_are_put_aside_and_the_proof_is_of_the_rest(source: str, target: str, tmp_path: Path) -> None:
    rejects, summary = tmp_path / "bad.ndjson", tmp_path / "summary.json"
    journal_with(source, [*sequence(3), *sequence(3, of=OTHER_ID)])
    appended(target, event(1, '{"n":7}'))
    options = ["--rejects", str(rejects), "--summary", str(summary), "--cursor-file", str(tmp_path / "cursor")]
    result = invoke("copy", *options, source, target)
    assert result.exit_code == 4
    assert "5 appended, 0 already there, 1 rejected" in result.stderr
    assert re.search(PROVEN.format(5, ""), result.stderr)
    [reject] = map(json.loads, rejects.read_text().splitlines())
    assert (reject["originator_version"], reject["reject"]["line"]) == (1, 2)
    totals = json.loads(summary.read_text())
    assert (totals["conflicts"], totals["proof"]["events"], totals["proof"]["missing"]) == (1, 5, 0)
    assert json.loads((tmp_path / "cursor").read_text())["global_position"] == 6
    result = invoke("copy", *options, "--max-rejects", "0", "--after", "0", source, target)
    assert result.exit_code == 2


def test_more_rejects_than_are_wanted_leave_nothing(old: str, new: str, tmp_path: Path) -> None:
    appended(new, event(0), event(1))
    rejects = tmp_path / "bad.ndjson"
    result = invoke("copy", "--rejects", str(rejects), "--max-rejects", "1", old, new)
    assert result.exit_code == 4
    assert "nothing was written: 9 read, more than 1 reject; fix one side" in result.stderr
    assert len(stored(new)) == 2
    assert not rejects.exists()


def test_an_event_that_breaks_a_rule_is_refused_by_its_global_position(old: str, new: str, tmp_path: Path) -> None:
    with open_journal(old) as journal, journal.events.session.connection() as connection:
        connection.execute("UPDATE stored_events SET event_type = '' WHERE global_position IN (4, 6)")
    result = invoke("copy", old, new)
    assert result.exit_code == 3
    assert result.stderr.splitlines()[0].startswith(f"esjournal: sqlite:///{old}:4: event_type is empty")
    assert "nothing was written: 9 read, 2 bad, 0 in conflict" in result.stderr
    assert stored(new) == []
    result = invoke("copy", "--rejects", str(tmp_path / "bad.ndjson"), old, new)
    assert result.exit_code == 3
    assert versions(new) == [0, 1, 2, 4, 6, 7, 8]
    corrected = (tmp_path / "bad.ndjson").read_text().replace('"event_type":""', '"event_type":"shop#A"')
    (tmp_path / "bad.ndjson").write_text(corrected)
    assert invoke("import", str(tmp_path / "bad.ndjson"), url=new).exit_code == 0
    assert sorted(row_of(found)[1] for found in stored(new)) == list(range(9))


def test_types_are_chosen_and_renamed_and_the_proof_is_of_what_was_copied(old: str, new: str) -> None:
    result = invoke("copy", "--only-type", "shop#A", "--map-type", "shop#A=orders#A", old, new)
    ended(result, 0, TOTALS.format(9, 3, 0).replace("there,", "there, 6 left out,") + PROVEN.format(3, ""))
    assert [(found.originator_version, found.event_type) for found in stored(new)] == [
        (version, "orders#A") for version in (0, 3, 6)
    ]
    assert digest_of([stored(new)]) in result.stderr
    result = invoke("copy", "--skip-type", "shop#A", old, new)
    assert re.search(PROVEN.format(6, ""), result.stderr)
    assert len(stored(new)) == 9


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_types_are_chosen_by_patterns_and_a_rule_that_matched_no_event_is_warned_of(
    old: str, new: str, dry_run: list[str]
) -> None:
    rules = ["--only-type", "shop#[AB]", "--skip-type", "*#B", "--skip-type", "shop#X*", "--map-type", "b=c"]
    result = invoke("copy", "--quiet", *dry_run, *rules, old, new)
    ended(
        result,
        0,
        "esjournal: warning: --skip-type 'shop#X\\*' matched no event\n"
        "esjournal: warning: --map-type 'b=c' matched no event\n",
    )
    assert [found.event_type for found in stored(new)] == ([] if dry_run else ["shop#A"] * 3)


def test_gaps_are_refused_where_versions_have_to_be_contiguous(new: str, tmp_path: Path) -> None:
    old = journal_with(str(tmp_path / "old.db"), [event(0), event(2)])
    result = invoke("copy", "--require-contiguous", old, new)
    assert result.exit_code == 3
    assert "version 2 follows no event" in result.stderr
    assert stored(new) == []


def test_parts_are_committed_and_stay(old: str, new: str) -> None:
    appended(new, event(7))
    result = invoke("copy", "--commit-every", "2", old, new)
    assert result.exit_code == 4
    assert "stopped; 6 events were committed before that, and stay" in result.stderr
    assert len(stored(new)) == 7


@pytest.mark.parametrize(("name", "left"), [("new.db", 3), ("e.ndjson", 3)])
def test_after_starts_after_a_position(old: str, new: str, tmp_path: Path, name: str, left: int) -> None:
    copied("--after", "6", old, str(tmp_path / name), count=(left, left, 0))
    copied("--after", "99", old, new, count=(0, 0, 0))


def test_no_verify_reads_nothing_again(old: str, new: str) -> None:
    ended(invoke("copy", "--no-verify", old, new), 0, TOTALS.format(9, 9, 0))


def test_a_quiet_copy_says_nothing(old: str, new: str) -> None:
    ended(invoke("copy", "--quiet", old, new), 0)


def test_the_summary_has_the_totals_and_the_proof(old: str, new: str, tmp_path: Path) -> None:
    invoke("copy", "--summary", str(tmp_path / "s.json"), old, new)
    totals = json.loads((tmp_path / "s.json").read_text())
    assert totals.pop("seconds") >= 0
    assert totals == {
        "committed": True,
        "dry_run": False,
        "read": 9,
        "appended": 9,
        "already_there": 0,
        "left_out": 0,
        "bad": 0,
        "conflicts": 0,
        "proof": {
            "events": 9,
            "missing": 0,
            "differing": 0,
            "dated_otherwise": 0,
            "undated": 0,
            "respelt": 0,
            "first": None,
            "digest": digest(old),
            "is_of_selection": False,
        },
    }
    invoke("copy", "--no-verify", "--summary", str(tmp_path / "s.json"), old, new)
    assert json.loads((tmp_path / "s.json").read_text())["proof"] is None


def test_a_different_time_in_the_target_is_reported(old: str, new: str) -> None:
    appended(new, *(found._replace(recorded_at="2026-02-01T00:00:00.000000Z") for found in stored(old)[:2]))
    result = invoke("copy", old, new)
    assert result.exit_code == 0
    assert result.stderr.endswith("on both sides; recorded_at is left out for 2 events with another one in TARGET\n")


# A proof that fails


LOSING = """
from esjournal.__main__ import main
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction

def losing(self, batches):
    batches = [[column[:-1] for column in columns] for columns in batches]
    return append_leading(self, batches) + len(batches)

append_leading = Transaction.append_leading
Transaction.append_leading = losing
main()
"""


def test_a_copy_that_lost_an_event_is_not_proven_and_its_cursor_stays(old: str, new: str, tmp_path: Path) -> None:
    cursor, summary = tmp_path / "cursor", tmp_path / "s.json"
    command = [sys.executable, "-c", LOSING, "copy", "--cursor-file", str(cursor), "--summary", str(summary), old, new]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1, result.stderr
    assert result.stderr.splitlines()[1] == (
        f"esjournal: not proven: of 9 events, 1 missing in TARGET and 0 different; the first is "
        f"sqlite:///{old}:9: sequence {ID}, version 8 is missing"
    )
    assert not cursor.exists()
    totals = json.loads(summary.read_text())
    assert (totals["committed"], totals["proof"]["missing"], totals["proof"]["digest"]) == (True, 1, None)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--after", "1", "--cursor-file", "c"], "--cursor-file says where to begin, and so does --after"),
        (["--dry-run", "--commit-every", "2"], "--dry-run commits nothing"),
        (["--max-rejects", "2"], "--max-rejects needs --rejects"),
        (["--rejects", "bad.csv"], "rejects are NDJSON"),
        (["--map-type", "x"], "--map-type 'x' has no ="),
        (["--map-type", "shop#*=orders#*"], r"--map-type 'shop#\*' is a pattern, and each type needs a new name"),
        (["--summary", "nowhere/s.json"], "its folder does not exist"),
        (["--only-type", ""], "event_type is empty"),
    ],
)
def test_options_that_do_not_go_together_are_refused(old: str, new: str, options: list[str], message: str) -> None:
    refused(invoke("copy", *options, old, new), 2, message)


def test_options_that_are_not_for_a_file_are_refused(old: str, new: str, tmp_path: Path) -> None:
    file = str(file_with(tmp_path / "e.ndjson", sequence(3)))
    for options in (["--commit-every", "2"], ["--require-contiguous"]):
        refused(invoke("copy", *options, old, file), 2, "is a file, and is replaced")
    refused(invoke("copy", "--cursor-file", "c", file, new), 2, "is a file, which is not read on from a cursor")
    refused(invoke("copy", old, str(tmp_path / "e.parquet")), 2, "Parquet is for analysis")
    for name in ("e.gz", "e.ZST"):
        refused(invoke("copy", old, str(tmp_path / name)), 2, f"{name} does not say what is compressed: name it")


def test_a_file_that_is_named_twice_is_refused(old: str, new: str, tmp_path: Path) -> None:
    file = str(file_with(tmp_path / "e.ndjson", sequence(3)))
    refused(invoke("copy", "--rejects", file, file, new), 2, "is named twice")
    refused(invoke("copy", "--rejects", file, old, file), 2, "is named twice")
    refused(invoke("copy", "--summary", new, old, new), 2, "is named twice")
    refused(invoke("copy", "--summary", "c", "--cursor-file", "./c", old, new), 2, "is named twice")
    assert Path(file).read_text().count("\n") == 3


def test_a_target_that_cannot_be_read_again_is_refused_where_it_is_to_be_proven(old: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ndjson")
    refused(invoke("copy", old, str(tmp_path / "pipe.ndjson")), 2, "add --no-verify")
    # As a process, so that it has a time limit: opening the pipe for writing would wait for a reader.
    assert run("copy", "--dry-run", old, str(tmp_path / "pipe.ndjson")).returncode == 0


def test_the_same_journal_twice_is_refused_whatever_it_is_called(source: str, tmp_path: Path) -> None:
    journal_with(source, sequence(3))
    other_names = [source, f"{source}&application_name=other"]
    if not source.startswith("postgresql"):
        (tmp_path / "link.db").symlink_to(source)
        other_names = [source, f"sqlite:///{source}", str(tmp_path / "link.db")]
    for name in other_names:
        refused(invoke("copy", source, name), 2, "(SOURCE and TARGET are both |is named twice)")


def test_a_copy_of_a_journals_file_is_another_journal(old: str, tmp_path: Path) -> None:
    shutil.copy(old, tmp_path / "copy.db")
    appended(old, event(9))
    copied(old, str(tmp_path / "copy.db"), count=(10, 1, 9))


def test_a_second_url_is_refused(old: str, new: str) -> None:
    refused(invoke("--url", old, "copy", old, new), 2, "copy takes SOURCE and TARGET")
    assert invoke("copy", old, new, env={"ESJOURNAL_URL": "nothing.db"}).exit_code == 0


def test_a_store_that_init_has_not_made_is_refused(old: str, tmp_path: Path, other_postgres_url: str) -> None:
    refused(invoke("copy", old, str(tmp_path / "none.db")), 5, "init` to make a journal")
    refused(invoke("copy", str(tmp_path / "none.db"), old), 5, "init` to make a journal")
    refused(invoke("copy", old, other_postgres_url), 5, "has no journal yet: run `esjournal")
    refused(invoke("copy", str(tmp_path / "none.ndjson"), old), 2, "No such file")
    assert {found.name.partition("-")[0] for found in tmp_path.iterdir()} == {"old.db"}


def test_no_password_is_shown(old: str) -> None:
    result = invoke("copy", old, "postgresql://me:secret@localhost:1/none")
    assert result.exit_code == 5
    assert "secret" not in result.stderr


def test_a_cursor_of_another_journal_is_refused(old: str, new: str, tmp_path: Path) -> None:
    other, cursor = journal_with(str(tmp_path / "other.db"), sequence(3)), str(tmp_path / "cursor")
    copied("--cursor-file", cursor, old, new, count=(9, 9, 0))
    refused(invoke("copy", "--cursor-file", cursor, other, new), 2, "is a cursor of the journal")


def test_control_characters_of_a_source_do_not_reach_the_terminal(new: str, tmp_path: Path) -> None:
    old = journal_with(str(tmp_path / "old.db"), [event(0, '{"a":"\u009b2J"}')])
    appended(new, event(0, '{"a":"\u202e"}'))
    result = run("copy", old, new)
    assert result.returncode == 4
    assert not {"\u009b", "\u202e"} & set(result.stderr)

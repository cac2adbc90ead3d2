"""`esjournal copy` of a part of a journal: the same selection as `export`, proven, into any journal or file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.inspect.digest import digest_of
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.other_libraries.tables import message_db_with
from tests.helpers.program import invoke
from tests.helpers.stores import execute, file_with, journal_with, stored

DAYS = [f"2026-01-{day:02}T00:00:00.000000Z" for day in range(1, 10)]
TYPES = ["shop#A", "shop#B", "shop#C"]


def events(count: int = 9) -> list[RecordedEvent]:
    """One event a day, in turn of two sequences and of three types."""
    return [
        RecordedEvent((ID, OTHER_ID)[at % 2], at // 2, TYPES[at % 3], f'{{"n": {at}}}', DAYS[at]) for at in range(count)
    ]


@pytest.fixture(params=["sqlite", "postgresql", "file", "message-db"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same nine events in a journal, in a file, and in another library's table."""
    if request.param == "sqlite":
        return journal_with(str(tmp_path / "source.db"), events())
    if request.param == "file":
        return str(file_with(tmp_path / "source.ndjson", events()))
    url = str(request.getfixturevalue("postgres_url"))
    if request.param == "postgresql":
        return journal_with(url, events())
    return message_db_with(url, events())


@pytest.fixture
def target(tmp_path: Path) -> str:
    url = str(tmp_path / "target.db")
    initialise(url)
    return url


def numbers(url: str) -> list[int]:
    return [json.loads(found.state)["n"] for found in stored(url)]


def copied(*arguments: str, proven: int, new: int | None = None) -> str:
    result = invoke("copy", *arguments)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    totals, proof = result.stderr.splitlines()
    there = 0 if new is None else proven - new
    assert totals.startswith(f"esjournal: {proven} read, {proven - there} appended, {there} already there, ")
    found = re.fullmatch(r"esjournal: proven: (\d+) selected events?, sha256 ([0-9a-f]{64}) on both sides", proof)
    assert found, proof
    assert int(found[1]) == proven
    return found[2]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "2026-01-03T00:00:00Z", "--until", "2026-01-06T00:00:00Z"], [2, 3, 4]),
        (["--type", "shop#A", "--type", "*#B"], [0, 1, 3, 4, 6, 7]),
        (["--id", ID], [0, 2, 4, 6, 8]),
        (["--where", "n > 5"], [6, 7, 8]),
        (["-g", '"n": [13]'], [1, 3]),
        (["--after", "4"], [4, 5, 6, 7, 8]),
        (["--limit", "2"], [0, 1]),
        (["--as-of", "3"], [0, 1, 2]),
        (["--as-of", "2026-01-04T00:00:00Z"], [0, 1, 2, 3]),
        (["--type", "shop#A", "--after", "1", "--as-of", "7", "--limit", "1"], [3]),
        (["--where", "n > 50"], []),
        (["--since", "2027-01-01"], []),
        (["--limit", "0"], []),
    ],
)
def test_only_what_is_selected_is_copied_and_proven(
    source: str, target: str, options: list[str], expected: list[int]
) -> None:
    digest = copied(*options, source, target, proven=len(expected))
    assert numbers(target) == expected
    assert digest_of([stored(target)]) == digest
    copied(*options, source, target, proven=len(expected), new=0)


def test_the_same_events_are_selected_as_by_export(source: str, target: str) -> None:
    options = [
        "--since",
        "2026-01-02T00:00:00Z",
        "--until",
        "2026-01-09T00:00:00Z",
        "--type",
        "shop#[AB]",
        "--where",
        "n != 4",
    ]
    copied(*options, source, target, proven=4)
    lines = invoke("export", *options, url=source).stdout.splitlines()
    assert [json.loads(line)["state"]["n"] for line in lines] == numbers(target) == [1, 3, 6, 7]


def test_slices_that_follow_each_other_share_no_event_and_leave_out_none(source: str, target: str) -> None:
    cuts = [
        "2025-12-31T00:00:00Z",
        "2026-01-03T00:00:00Z",
        "2026-01-03T00:00:00.000001Z",
        "2026-01-07T00:00:00Z",
        "2026-01-10T00:00:00Z",
    ]
    counts = [2, 1, 3, 3]
    for since, until, count in zip(cuts, cuts[1:], counts, strict=False):
        copied("--since", since, "--until", until, source, target, proven=count, new=count)
    assert numbers(target) == list(range(9))


def test_a_target_takes_slices_in_any_order_between_events_of_its_own(source: str, target: str) -> None:
    with open_journal(target) as journal:
        journal.events.append([event(7, '{"n":70}', of=ID), event(0, '{"n":71}', of="5" * 8 + ID[8:])])
    copied("--since", "2026-01-05T00:00:00Z", source, target, proven=5, new=5)
    copied("--until", "2026-01-05T00:00:00Z", source, target, proven=4, new=4)
    assert numbers(target) == [70, 71, 4, 5, 6, 7, 8, 0, 1, 2, 3]


def test_an_event_that_differs_is_refused_only_if_it_is_selected(source: str, target: str) -> None:
    with open_journal(target) as journal:
        journal.events.append([event(1, '{"other":true}', of=ID)])
    result = invoke("copy", source, target)
    assert result.exit_code == 4
    copied("--type", "shop#B", source, target, proven=3)
    result = invoke("copy", "--type", "shop#C", source, target)
    assert result.exit_code == 4
    assert ":3: sequence" in result.stderr
    assert result.stderr.endswith(
        "nothing was written: 3 read, 0 bad, 1 in conflict; fix one side, or put these events aside with --rejects\n"
    )


def test_a_file_takes_a_part(source: str, tmp_path: Path) -> None:
    if source.endswith(".ndjson"):
        assert "both are files" in invoke("copy", "--limit", "1", source, str(tmp_path / "a.csv")).stderr
        return
    for name in ("part.ndjson", "part.csv.gz"):
        copied("--type", "shop#A", source, str(tmp_path / name), proven=3)
        assert invoke("log", "-F", "ndjson", url=str(tmp_path / name)).stdout.count("\n") == 3
    # The lines have the journal's own positions.
    lines = map(json.loads, (tmp_path / "part.ndjson").read_text().splitlines())
    assert [line["global_position"] for line in lines] == [1, 4, 7]


def test_an_interrupted_copy_of_a_part_is_completed_by_the_same_command(source: str, target: str) -> None:
    with open_journal(target) as journal:
        journal.events.append([found._replace(recorded_at=found.recorded_at) for found in events()[3:5]])
    copied("--since", "2026-01-03T00:00:00Z", "--commit-every", "2", source, target, proven=7, new=5)
    assert sorted(numbers(target)) == [2, 3, 4, 5, 6, 7, 8]


def test_rejects_keep_only_selected_events_out(source: str, target: str, tmp_path: Path) -> None:
    with open_journal(target) as journal:
        journal.events.append([event(1, '{"n":20}', of=ID), event(2, '{"n":40}', of=ID)])
    rejects = tmp_path / "rejects.ndjson"
    result = invoke("copy", "--rejects", str(rejects), "--until", "2026-01-04T00:00:00Z", source, target)
    assert result.exit_code == 4
    assert [json.loads(line)["state"]["n"] for line in rejects.read_text().splitlines()] == [2]
    assert numbers(target) == [20, 40, 0, 1, 3][:4]
    assert "proven: 2 selected events" in result.stderr


@pytest.mark.parametrize("options", [["--type", "shop#A"], ["--where", "n >= 0"], ["--limit", "5"]], ids=" ".join)
def test_an_empty_source_gives_nothing(store_url: str, target: str, tmp_path: Path, options: list[str]) -> None:
    journal_with(store_url, [])
    (tmp_path / "empty.ndjson").write_text("")
    for empty in (store_url, str(tmp_path / "empty.ndjson")):
        copied(*options, empty, target, proven=0)
        copied(*options, "--cursor-file", str(tmp_path / "cursor"), store_url, target, proven=0)
    assert stored(target) == []


def test_a_cursor_passes_what_is_not_selected_and_stops_at_a_limit(store_url: str, target: str, tmp_path: Path) -> None:
    journal_with(store_url, events())
    cursor = tmp_path / "cursor"
    options = ["--cursor-file", str(cursor), "--type", "shop#A", store_url, target]
    positions = []
    for proven in (2, 1, 0):
        copied("--limit", "2", *options, proven=proven)
        positions.append(json.loads(cursor.read_text())["global_position"])
    assert positions == [4, 9, 9]
    assert numbers(target) == [0, 3, 6]
    with open_journal(store_url) as journal:
        journal.events.append([RecordedEvent(ID, 5, "shop#A", '{"n":9}')])
    copied(*options, proven=1)


@pytest.mark.parametrize("end", [["--until", "now"], ["--on", "today"], ["--as-of", "3"]], ids=" ".join)
def test_a_cursor_is_refused_where_a_selection_ends(store_url: str, target: str, end: list[str]) -> None:
    journal_with(store_url, events())
    result = invoke("copy", *end, "--cursor-file", "c", store_url, target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"with {end[0]} the next copy would skip some: leave it out" in result.stderr


def test_the_summary_says_that_the_proof_is_of_a_selection(store_url: str, target: str, tmp_path: Path) -> None:
    journal_with(store_url, events())
    summary = tmp_path / "s.json"
    copied("--id", OTHER_ID, "--summary", str(summary), store_url, target, proven=4)
    proof = json.loads(summary.read_text())["proof"]
    assert (proof["events"], proof["is_of_selection"]) == (4, True)


def test_a_dry_run_writes_no_part(store_url: str, target: str) -> None:
    journal_with(store_url, events())
    result = invoke("copy", "--dry-run", "--limit", "3", store_url, target)
    assert "would be 3 read, 3 appended" in result.stderr
    assert stored(target) == []


def test_an_event_that_breaks_a_rule_is_refused_as_if_it_were_selected(store_url: str, target: str) -> None:
    journal_with(store_url, events())
    url = store_url if "://" in store_url else f"sqlite:///{store_url}"
    execute(url, "UPDATE stored_events SET event_type = '' WHERE global_position = 4")
    result = invoke("copy", "-g", '"n": 8', store_url, target)
    assert result.exit_code == 3
    assert ":4: event_type is empty" in result.stderr
    # Here the database has left it out.
    copied("--after", "4", "-g", '"n": 8', store_url, target, proven=1)


def test_a_sequence_that_is_not_there_is_reported(source: str, target: str) -> None:
    result = invoke("copy", "--id", "5" * 8 + ID[8:], source, target)
    assert result.exit_code in (0, 1)
    assert stored(target) == []


def test_a_bad_line_of_a_file_is_refused_where_a_part_is_copied(target: str, tmp_path: Path) -> None:
    file = file_with(tmp_path / "e.ndjson", events())
    file.write_text(file.read_text() + "oops\n")
    result = invoke("copy", "--limit", "1", "--rejects", str(tmp_path / "r.ndjson"), str(file), target)
    assert result.exit_code == 3
    assert "e.ndjson:10: " in result.stderr
    assert stored(target) == []

"""The progress of an import on a terminal of 80 columns: what it shows while it runs, and that stdout stays empty."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from esjournal.interchange.outputfiles import sink
from tests.helpers.events import generated
from tests.helpers.stores import file_with, journal_with
from tests.helpers.terminal import lines_on_terminal

pytestmark = pytest.mark.long

COUNT = 40_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with compressed and uncompressed files of events, and one file with all of them."""
    folder = tmp_path_factory.mktemp("progress")
    events = list(generated(COUNT))
    file_with(folder / "all.ndjson", events)
    file_with(folder / "part-1.ndjson", events[: COUNT // 2])
    file_with(folder / "rest.ndjson", events[COUNT // 2 :])
    with sink(str(folder / "part-2.ndjson.gz")) as stream:
        stream.write((folder / "rest.ndjson").read_bytes())
    return folder


def seen(*arguments: str, url: str, folder: Path, stdin: str = os.devnull) -> list[str]:
    """Import with stderr on a terminal, and return everything that one line of it showed."""
    return lines_on_terminal("--url", url, "import", *arguments, folder=folder, stdin=stdin)


def progress_of(lines: list[str]) -> list[str]:
    return [line for line in lines if " events, " in line and "esjournal:" not in line]


@pytest.mark.parametrize("options", [[], ["--commit-every", "10000"]])
@pytest.mark.parametrize("files", [["all.ndjson"], ["part-1.ndjson", "part-2.ndjson.gz"], ["part-*"]])
def test_events_rate_bytes_and_the_time_left_are_seen_in_80_columns(
    sqlite_url: str, folder: Path, files: list[str], options: list[str]
) -> None:
    journal_with(sqlite_url, [])
    lines = seen(*files, *options, url=sqlite_url, folder=folder)
    shown = progress_of(lines)
    assert shown
    assert all(
        re.search(r"^[\d,]+ events, [\d,]+/s .*[\d.]+/[\d.]+ MB +(-:--:--|\d:\d\d:\d\d)", line) for line in shown
    )
    assert all(len(line.rstrip()) <= 80 for line in shown)
    events = [int(line.partition(" ")[0].replace(",", "")) for line in shown]
    assert events == sorted(events)
    assert events[-1] == COUNT
    [first, last] = re.findall(r"([\d.]+)/([\d.]+) MB", shown[-1])[0]
    assert first == last
    assert lines[-1].startswith(f"esjournal: {COUNT:,} read, {COUNT:,} appended")


def test_of_a_pipe_only_events_and_rate_are_known(sqlite_url: str, folder: Path) -> None:
    journal_with(sqlite_url, [])
    shown = progress_of(seen("-", url=sqlite_url, folder=folder, stdin="all.ndjson"))
    assert shown
    assert all(re.fullmatch(r"[\d,]+ events, [\d,]+/s *", line) for line in shown)


def test_a_quiet_import_shows_nothing_on_a_terminal(sqlite_url: str, folder: Path) -> None:
    journal_with(sqlite_url, [])
    assert seen("all.ndjson", "--quiet", url=sqlite_url, folder=folder) == []


def test_of_a_copy_and_of_its_proof_events_rate_part_and_the_time_left_are_seen(
    sqlite_url: str, store_url: str, folder: Path, tmp_path: Path
) -> None:
    source, through = journal_with(str(tmp_path / "source.db"), generated(COUNT)), str(tmp_path / "e.ndjson")
    journal_with(store_url, [])
    for from_, to in ((source, store_url), (source, through), (through, journal_with(str(tmp_path / "new.db"), []))):
        lines = lines_on_terminal("copy", from_, to, folder=folder)
        for done in ("events, ", "events proven, "):
            shown = [line for line in lines if re.match(rf"[\d,]+ {done}", line)]
            assert all(re.search(rf"^[\d,]+ {done}[\d,]+/s .* \d+% (-:--:--|\d:\d\d:\d\d)", line) for line in shown)
            assert all(len(line.rstrip()) <= 80 for line in shown)
            assert shown[-1].startswith(f"{COUNT:,} {done}")
            assert " 100% " in shown[-1]
        assert lines[-1].startswith(f"esjournal: proven: {COUNT:,} events")
    assert not progress_of(lines_on_terminal("copy", "--quiet", source, store_url, folder=folder))


def test_of_an_export_events_rate_part_and_the_time_left_are_seen(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, generated(COUNT))
    for options in (["-o", "e.ndjson"], ["-o", "e.csv.gz", "--cursor-file", "c"], ["-o", "e.ndjson", "--type", "*"]):
        lines = lines_on_terminal("--url", store_url, "export", *options, folder=tmp_path)
        shown = progress_of(lines)
        assert shown
        assert all(re.search(r"^[\d,]+ events, [\d,]+/s .* \d+% (-:--:--|\d:\d\d:\d\d)", line) for line in shown)
        assert all(len(line.rstrip()) <= 80 for line in shown)
        assert lines[-1].startswith(f"esjournal: exported {COUNT:,} events to e.")
    assert not lines_on_terminal("--url", store_url, "export", "-q", "-o", "e.ndjson", folder=tmp_path)

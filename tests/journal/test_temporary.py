"""A file of events can be read like a journal."""

from __future__ import annotations

import gzip
import os
from functools import partial
from pathlib import Path

import pytest
import zstandard

from esjournal.exceptions import InvalidLine, InvalidURL, UnusableFile
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.temporary import open_file, open_to_read
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.program import invoke
from tests.helpers.stores import file_with, journal_with

EVENTS = [*sequence(3), *sequence(2, of=OTHER_ID)]


def content(url: Path | str) -> list[tuple[object, ...]]:
    with open_to_read(str(url)) as journal:
        return list(map(tuple, journal.events.all_items()))


def numbered() -> list[tuple[object, ...]]:
    return [tuple(found._replace(global_position=position)) for position, found in enumerate(EVENTS, 1)]


@pytest.mark.parametrize("path", ["a.ndjson", "a.jsonl", "a.json", "A.CSV", "dir/a.ndjson.gz", "/tmp/a.Ndjson.ZST"])
def test_a_name_tells_a_file_of_events(path: str) -> None:
    assert is_file_of_events(path)


@pytest.mark.parametrize(
    "path", ["a.db", "a", "a.gz", "a.parquet", "sqlite:///a.ndjson", "postgresql://me@host/a.csv", "-"]
)
def test_any_other_name_is_that_of_a_store(path: str) -> None:
    assert not is_file_of_events(path)


@pytest.mark.parametrize("name", ["e.ndjson", "e.ndjson.gz", "e.ndjson.zst", "e.csv", "e.csv.gz"])
def test_a_file_has_its_events_in_their_order(tmp_path: Path, name: str) -> None:
    url = journal_with(str(tmp_path / "j.db"), EVENTS)
    path = tmp_path / name
    assert invoke("export", "-o", str(path), url=url).exit_code == 0
    assert content(path) == numbered()


def test_nothing_is_written_beside_a_file(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", EVENTS)
    before = path.read_bytes()
    content(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["e.ndjson"]
    assert path.read_bytes() == before


def test_an_event_without_a_time_was_recorded_when_the_file_was_written(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text(f'{{"originator_id":"{ID}","originator_version":0,"event_type":"a","state":{{}}}}\n')
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert content(path)[0][4] == "2001-09-09T01:46:40.000000Z"


@pytest.mark.parametrize("bad", ["oops", '{"originator_id":1}'])
def test_a_bad_line_is_named_and_nothing_is_shown(tmp_path: Path, bad: str) -> None:
    path = file_with(tmp_path / "e.ndjson", EVENTS)
    path.write_text(path.read_text() + bad + "\n")
    with pytest.raises(InvalidLine, match=r"e.ndjson:6: "):
        content(path)


def test_two_events_for_one_place_are_bad_input(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", [*EVENTS, event(1, '{"other":true}')])
    with pytest.raises(InvalidLine, match=r"e.ndjson:6: .*version 1 is taken by a different event"):
        content(path)


def test_bad_lines_can_be_rejected(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", [*EVENTS, event(1, '{"other":true}')])
    path.write_text(path.read_text() + "oops\n")
    aside: list[Problem] = []
    with open_file(str(path), aside.append) as (journal, outcome):
        assert len(list(journal.events.all_items())) == outcome.appended == 5
    assert sorted(problem.line for problem in aside) == [6, 7]


@pytest.mark.parametrize("name", ["none.ndjson", "folder.csv"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UnusableFile, match=f"{name} cannot be read"):
        content(tmp_path / name)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson.gz"
    path.write_bytes(gzip.compress(file_with(tmp_path / "e.ndjson", generated(100)).read_bytes())[:-20])
    with pytest.raises(InvalidLine, match="cut off"):
        content(path)
    zst = tmp_path / "e.ndjson.zst"
    zst.write_bytes(zstandard.compress(b"x" * 100)[:-3])
    with pytest.raises(InvalidLine, match="cut off"):
        content(zst)


def test_a_file_cannot_be_written_to_as_a_journal(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", EVENTS)
    for attempt in (lambda: initialise(str(path)), lambda: open_journal(str(path)).__enter__()):
        with pytest.raises(InvalidURL, match=r"a file of events, which can be read, but not written"):
            attempt()
    assert invoke("append", "new", "0", "a", "{}", url=str(path)).exit_code == 2
    assert content(path) == numbered()


def test_a_sqlite_file_may_have_such_a_name(tmp_path: Path) -> None:
    url = journal_with(f"sqlite:///{tmp_path}/e.ndjson", EVENTS)
    assert content(url) == numbered()


def test_a_file_is_the_same_journal_each_time_and_an_export_continues_with_its_cursor(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", EVENTS)
    cursor = str(tmp_path / "c")
    assert invoke("export", "--limit", "3", "--cursor-file", cursor, url=str(path)).stdout.count("\n") == 3
    assert invoke("export", "--cursor-file", cursor, url=str(path)).stdout.count("\n") == 2
    other = file_with(tmp_path / "f.ndjson", EVENTS)
    assert invoke("export", "--cursor-file", cursor, url=str(other)).exit_code == 2


def test_export_of_an_exported_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", generated(3_000))
    assert invoke("export", url=str(path)).stdout == path.read_text()


@pytest.mark.long
def test_whatever_was_exported_is_read_however_long_its_lines_are(tmp_path: Path) -> None:
    state = '{"a":"' + "x" * (17 * 1024 * 1024) + '"}'
    url = journal_with(str(tmp_path / "j.db"), [event(0, state)])
    for name in ("e.ndjson.gz", "e.csv"):
        path = tmp_path / name
        assert invoke("export", "-o", str(path), url=url).exit_code == 0
        for command in (["verify"], ["stats"], ["list"]):
            ended = invoke(*command, url=str(path))
            assert ended.exit_code == 0, ended.stderr
        assert invoke("diff", url, str(path)).exit_code == 0
        assert invoke("init", url=str(tmp_path / f"{name}.db")).exit_code == 0
        assert invoke("copy", str(path), str(tmp_path / f"{name}.db")).exit_code == 0
        assert invoke("import", str(path), url=url).exit_code == 0


def test_a_line_that_no_reader_takes_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esjournal.journal.temporary.Files", partial(Files, line_limit=1_000))
    path = file_with(tmp_path / "e.ndjson", [event(0, '{"a":"' + "x" * 2_000 + '"}')])
    ended = invoke("list", url=str(path))
    assert ended.exit_code == 3
    assert "longer than 1,000 bytes: `esjournal import --max-line-bytes N` takes longer ones" in ended.stderr


def test_what_get_prints_as_json_is_imported_and_looked_into(tmp_path: Path) -> None:
    url = journal_with(str(tmp_path / "j.db"), sequence(3))
    array = tmp_path / "a.json"
    array.write_text(invoke("get", ID, "-F", "json", url=url).stdout)
    assert [found[:5] for found in content(array)] == [found[:5] for found in content(url)]
    ended = invoke("import", str(array), url=url)
    assert ended.exit_code == 0
    assert "3 already there" in ended.stderr

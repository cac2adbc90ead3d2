"""Files that are read as one: patterns, order, lines, and the progress of reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.choices import FileFormat
from esjournal.exceptions import InvalidLine, UnusableFile
from esjournal.interchange import ndjson
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.outputfiles import sink
from tests.helpers.events import event, reads, sequence
from tests.helpers.stores import file_with


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with one event in each of some files."""
    monkeypatch.chdir(tmp_path)
    for version, name in enumerate(("b-2.ndjson", "a.ndjson", "b-1.ndjson", "c.txt")):
        file_with(tmp_path / name, [event(version)])
    return tmp_path


def sources(*paths: str, **options: Any) -> list[tuple[str, int]]:
    """Return the file and the version of each event."""
    return [
        (batch.source, found.originator_version or 0)
        for batch in Files(paths, **options).batches()
        for found in batch.events
    ]


def test_files_are_read_in_the_order_in_which_they_are_named(folder: Path) -> None:
    assert sources("c.txt", "a.ndjson", "b-1.ndjson") == [("c.txt", 3), ("a.ndjson", 1), ("b-1.ndjson", 2)]


def test_a_file_that_is_named_twice_is_read_twice(folder: Path) -> None:
    assert sources("a.ndjson", "a.ndjson") == [("a.ndjson", 1)] * 2


@pytest.mark.parametrize("pattern", ["b-*.ndjson", "b-?.ndjson", "b-[12].ndjson", "./b-*.ndjson"])
def test_the_files_of_a_pattern_are_sorted(folder: Path, pattern: str) -> None:
    assert [Path(name).name for name, _ in sources("c.txt", pattern)] == ["c.txt", "b-1.ndjson", "b-2.ndjson"]


def test_a_pattern_finds_files_in_folders_and_by_absolute_paths(folder: Path) -> None:
    (folder / "deep" / "deeper").mkdir(parents=True)
    file_with(folder / "deep" / "deeper" / "d.ndjson", [event(9)])
    assert [version for _, version in sources("**/d.ndjson")] == [9]
    assert len(sources(f"{folder}/b-*.ndjson")) == 2


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    file_with(folder / "b-[1].ndjson", [event(9)])
    assert sources("b-[1].ndjson") == [("b-[1].ndjson", 9)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x-*.ndjson", r"x-\*\.ndjson matches no file: check the pattern"),
        ("missing.ndjson", "missing.ndjson cannot be read: No such file"),
        ("a.ndjson\0", "cannot be read: embedded null"),
        ("e.parquet", "e.parquet cannot be imported, Parquet is for analysis: give NDJSON or CSV"),
    ],
)
def test_an_unreadable_file_is_reported_before_anything_is_read(folder: Path, path: str, message: str) -> None:
    with pytest.raises(UnusableFile, match=message):
        Files(["a.ndjson", path])


def test_a_folder_is_not_a_file(folder: Path) -> None:
    (folder / "d").mkdir()
    with pytest.raises(UnusableFile, match="d cannot be read: Is a directory"):
        sources("d")


def test_lines_are_counted_from_1_in_each_file_and_bad_ones_name_it(folder: Path) -> None:
    (folder / "bad.ndjson").write_text("\nbad\n")
    found = [str(read) for _, read in reads(Files(["a.ndjson", "bad.ndjson", "bad.ndjson"]).batches())]
    assert [text.partition(": the line is not a JSON object")[0] for text in found[1:]] == [
        "bad.ndjson:2",
        "bad.ndjson:2",
    ]


def test_each_file_has_the_format_of_its_name_and_a_given_format_holds_for_all(folder: Path) -> None:
    header = "originator_id,originator_version,event_type,state\n"
    text = f"{header}9b300b13-4410-51bf-85ca-234c8cea73da,7,a,{{}}\n"
    (folder / "e.csv").write_text(text)
    (folder / "e.txt").write_text(text)
    assert sources("a.ndjson", "e.csv") == [("a.ndjson", 1), ("e.csv", 7)]
    assert sources("e.csv", "e.txt", file_format=FileFormat.CSV) == [("e.csv", 7), ("e.txt", 7)]


def test_the_size_is_that_on_disk_and_in_the_end_all_of_it_is_read(folder: Path) -> None:
    with sink("e.ndjson.gz") as stream:
        stream.write(ndjson.line_of(event(5)._replace(global_position=1)).encode() * 1 + b"\n")
    names = ["a.ndjson", "e.ndjson.gz", "c.txt"]
    files = Files(names)
    assert files.size == sum((folder / name).stat().st_size for name in names)
    assert files.bytes_read() == 0
    seen = [files.bytes_read() for _ in files.batches()]
    assert seen == sorted(seen)
    assert files.bytes_read() == files.size


def test_the_size_of_a_pipe_is_not_known(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert Files(["a.ndjson", "-"]).size is None
    assert Files(["a.ndjson", "pipe"]).size is None


def test_every_file_needs_a_seal_where_one_is_required(folder: Path) -> None:
    files = Files(["a.ndjson"], seal_required=True)
    for look in (files.check_ahead, lambda: list(files.batches())):
        with pytest.raises(InvalidLine, match=r"a\.ndjson:2: the file ends without a seal"):
            look()
    Files(["a.ndjson"]).check_ahead()


@pytest.mark.parametrize(("path", "file_format"), [("e.csv", None), ("-", FileFormat.CSV)])
def test_csv_cannot_have_a_seal(folder: Path, path: str, file_format: FileFormat | None) -> None:
    (folder / "e.csv").write_text("")
    with pytest.raises(UnusableFile, match="is CSV, which has no seal"):
        Files([path], file_format, seal_required=True)


def test_seals_are_checked_without_reading_events_and_pipes_are_left_alone(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "bad.ndjson").write_text("bad\n")
    (folder / "e.csv").write_text("no header\n")
    Files(["bad.ndjson", "pipe", "-", "e.csv"]).check_ahead()
    (folder / "bad.ndjson").write_text('bad\n{"seal":{"events":1,"bytes":3,"sha256":"' + "0" * 64 + '"}}\n')
    with pytest.raises(InvalidLine, match=r"bad\.ndjson:2: the file does not match its seal"):
        Files(["bad.ndjson", "pipe", "-"]).check_ahead()


def test_a_line_limit_holds_for_every_file(folder: Path) -> None:
    file_with(folder / "long.ndjson", sequence(1))
    with pytest.raises(InvalidLine, match=r"long\.ndjson:1: the line is longer than 10 bytes"):
        list(Files(["long.ndjson"], line_limit=10).batches())

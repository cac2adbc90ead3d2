"""Files and pipes: compression by name, limits on memory, and names only for complete files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zstandard

from esjournal.exceptions import InvalidLine, UnusableFile
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.formats import format_of
from esjournal.interchange.inputfiles import read_events
from esjournal.interchange.outputfiles import sink

MEBIBYTE = 1024 * 1024
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"


def lines(path: Path, data: bytes | None = None, *, line_limit: int = MEBIBYTE) -> list[tuple[int, bytes]]:
    if data is not None:
        path.write_bytes(data)
    with byte_stream(str(path), line_limit=line_limit) as opened:
        return list(opened.lines())


def gzipped(data: bytes) -> bytes:
    """Compress without a time, which would make the test's name differ between the processes that run tests."""
    return gzip.compress(data, mtime=0)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("name", ["events", "events.gz", "events.zst"])
@pytest.mark.parametrize("data", [b"", b"a\n", b"a\nb\n", bytes(range(11, 256)) * 2_000 + b"\n"])
def test_written_values_are_read_back(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    with sink(str(path)) as stream:
        stream.write(data)
    assert b"".join(line + b"\n" for _, line in lines(path)) == data
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["events.ndjson.gz", "events.ndjson.zst"])
def test_the_same_events_make_the_same_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    for folder, at in (("one", 1_000_000_000.0), ("other", 2_000_000_000.0)):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr("time.time", lambda at=at: at)
        with sink(str(tmp_path / folder / name)) as stream:
            stream.write(b"the same\n")
        written.append((tmp_path / folder / name).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["events", "events.gz", "events.zst"])
@pytest.mark.parametrize("before", [None, b"the export of yesterday"])
@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_half_export_never_bears_the_name(
    tmp_path: Path, name: str, before: bytes | None, interruption: type[BaseException]
) -> None:
    path = tmp_path / name
    if before is not None:
        path.write_bytes(before)

    def write_half() -> None:
        with sink(str(path)) as stream:
            stream.write(b"half\n")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == ([] if before is None else [before])


def test_a_file_gets_its_name_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with sink(str(path)) as stream:
        stream.write(b"a\n")
        assert not path.exists()
    assert path.read_bytes() == b"a\n"


def test_a_device_is_written_to_as_it_is() -> None:
    with sink(os.devnull) as stream:
        stream.write(b"a\n")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("path", ["missing/events", ".", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableFile, match="cannot be written"), sink(path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["missing", ".", "x" * 300, "a\0b"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableFile, match="cannot be read"), byte_stream(path):
        pass


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.gz", gzipped(b"a\n") + gzipped(b"b\n")),
        ("a.gz", gzipped(b"a\nb\n") + b"\0" * 512),
        ("a.zst", zstd(b"a\n") + zstd(b"b\n")),
        ("a.zst", zstd(b"a\n") + zstd(b"") + zstd(b"b\n")),
        ("a.zst", SKIPPABLE_FRAME + zstd(b"a\n") + SKIPPABLE_FRAME + zstd(b"b\n") + SKIPPABLE_FRAME),
    ],
    ids=["gz members", "gz padded", "zst frames", "zst empty frame", "zst skippable frames"],
)
def test_files_of_several_frames_are_read_to_their_end(tmp_path: Path, name: str, data: bytes) -> None:
    assert lines(tmp_path / name, data) == [(1, b"a"), (2, b"b")]


COMPRESSED = {"gz": gzipped(b"a\n" * 20_000), "zst": zstd(random.Random(1).randbytes(20_000).hex(sep="\n").encode())}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        *[(f"a.{kind}", data[:-1]) for kind, data in COMPRESSED.items()],
        *[(f"a.{kind}", data[: len(data) // 2]) for kind, data in COMPRESSED.items()],
        *[(f"a.{kind}", data[:3]) for kind, data in COMPRESSED.items()],
        *[(f"a.{kind}", b"") for kind in COMPRESSED],
        *[(f"a.{kind}", data + data[:-1]) for kind, data in COMPRESSED.items()],
        *[(f"a.{kind}", data + b"garbage") for kind, data in COMPRESSED.items()],
        ("a.gz", COMPRESSED["gz"][:-8] + b"\0" * 8),
        ("a.gz", COMPRESSED["gz"][:20] + b"\xff" * 20 + COMPRESSED["gz"][40:]),
        ("a.zst", COMPRESSED["zst"][:20] + b"\xff" * 20 + COMPRESSED["zst"][40:]),
    ],
)
def test_compressed_data_that_is_corrupt_or_cut_off_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(InvalidLine, match=r"corrupt or cut off \(.+\): get the file again") as caught:
        lines(tmp_path / name, data)
    assert caught.value.source == str(tmp_path / name)


@pytest.mark.parametrize("name", ["a", "a.ndjson", "a.gz", "a.zst", "a.NDJSON.GZ"])
@pytest.mark.parametrize(
    "data",
    [
        b"a\nb\n",
        gzipped(b"a\nb\n"),
        zstd(b"a\nb\n"),
        gzipped(zstd(b"a\nb\n")),
        gzipped(zstd(gzipped(b"a\nb\n"))),
        SKIPPABLE_FRAME + zstd(b"a\nb"),
    ],
    ids=["plain", "gzip", "zstd", "twice", "three times", "skippable frame"],
)
def test_the_first_bytes_say_what_is_read_whatever_the_name_is(tmp_path: Path, name: str, data: bytes) -> None:
    assert lines(tmp_path / name, data) == [(1, b"a"), (2, b"b")]


@pytest.mark.parametrize("data", [gzipped(b"a\nb\n"), zstd(b"a\nb\n")])
def test_compressed_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    with byte_stream("-") as opened:
        assert list(opened.lines()) == [(1, b"a"), (2, b"b")]


def test_standard_input_that_cannot_be_read_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lzma.compress(b"a\n"))))
    message = r"^standard input is compressed by xz: `xz -dc - \| esjournal import -` reads it$"
    with pytest.raises(UnusableFile, match=message), byte_stream("-") as opened:
        list(opened.lines())


TEXT = '{"originator_id":"9b300b13"}\r\n'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lzma.compress(b"a\n"), "is compressed by xz: `xz -dc"),
        (bz2.compress(b"a\n"), "is compressed by bzip2: `bzip2 -dc"),
        (b"\x04\x22\x4d\x18rest", "is compressed by lz4"),
        (b"PK\x03\x04" + b"events.ndjson", "is a zip archive: `unzip -p"),
        (b"PK\x03\x04" + b"....[Content_Types].xml", "is an Excel workbook: save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook: save it as CSV"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive: `7z e -so"),
        (TEXT.encode("utf-16"), "is text in UTF-16: `esjournal import --encoding UTF-16 .*` reads it$"),
        (TEXT.encode("utf-16-le"), "is text in UTF-16LE: `esjournal import --encoding UTF-16LE .*` reads it$"),
        (TEXT.encode("utf-16-be"), "is text in UTF-16BE: `esjournal import --encoding UTF-16BE .*` reads it$"),
        (TEXT.encode("utf-32"), "is text in UTF-32: `esjournal import --encoding UTF-32 .*` reads it$"),
        (TEXT.encode("utf-32-le"), "is text in UTF-32LE: `esjournal import --encoding UTF-32LE "),
        (TEXT.encode("utf-32-be"), "is text in UTF-32BE: `esjournal import --encoding UTF-32BE "),
        (b"PAR1....", "is Parquet: `duckdb"),
        (b"SQLite format 3\0", "is a SQLite database: `esjournal --url sqlite:///.* export"),
        (b"a" * 257 + b"ustar", "is a tar archive: `tar -xOf"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (gzipped(lzma.compress(b"a")), "is compressed by xz"),
        (gzipped(gzipped(gzipped(gzipped(b"a")))), "compressed more than 3 times"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_makes_it_readable(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(UnusableFile, match=message) as caught:
        lines(tmp_path / "it's.ndjson", data)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("window", [28, 31])
def test_zstd_that_needs_much_memory_is_refused_by_that_reason(tmp_path: Path, window: int) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([(window - 10) << 3]) + b"\x11\x00\x00a"
    with pytest.raises(
        UnusableFile, match=r"needs [\d,]+ bytes of memory.*`zstd -dc --long=31 .* \| esjournal import -`"
    ):
        lines(tmp_path / "a.ndjson.zst", frame)
    # In a later frame.
    with pytest.raises(InvalidLine, match=r"of memory.*`zstd -dc --long=31 .* \| esjournal import -`"):
        lines(tmp_path / "a.ndjson.zst", zstd(b"a\n") + frame)


def test_zstd_of_the_widest_window_that_zstd_takes_by_itself_is_read(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([(27 - 10) << 3]) + b"\x09\x00\x00a"
    assert lines(tmp_path / "a.zst", frame) == [(1, b"a")]


@pytest.mark.parametrize("name", ["a.NDJSON.GZ", "a.Zst"])
def test_the_case_of_an_ending_does_not_matter(tmp_path: Path, name: str) -> None:
    with sink(str(tmp_path / name)) as stream:
        stream.write(b"a\n")
    assert (tmp_path / name).read_bytes()[:2] in (b"\x1f\x8b", b"\x28\xb5")


def test_a_line_may_be_as_long_as_the_limit_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "events"
    assert lines(path, b"a\n" + b"x" * 1_000 + b"\n", line_limit=1_000) == [(1, b"a"), (2, b"x" * 1_000)]
    for data in (b"a\n" + b"x" * 1_001 + b"\n", b"a\n" + b"x" * 1_001):
        with pytest.raises(InvalidLine, match=":2: the line is longer than 1,000 bytes: `esjournal import --max"):
            lines(path, data, line_limit=1_000)


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"a\nb"))
    monkeypatch.setattr("sys.stdin", stdin)
    with byte_stream("-") as opened:
        assert (opened.name, opened.size) == ("standard input", None)
        assert list(opened.lines()) == [(1, b"a"), (2, b"b")]
    assert not stdin.closed


def test_a_source_says_how_much_of_the_file_was_read(tmp_path: Path) -> None:
    path = tmp_path / "events.gz"
    path.write_bytes(gzipped(os.urandom(MEBIBYTE).hex(sep="\n").encode()))
    with byte_stream(str(path)) as opened:
        assert opened.bytes_read() == 0
        for _ in opened.lines():
            pass
        assert opened.bytes_read() == opened.size == path.stat().st_size


READ_WITHIN_MEMORY = """
import resource, sys
from esjournal.exceptions import InvalidLine
from esjournal.interchange.inputfiles import read_events
from esjournal.interchange.formats import format_of
from esjournal.interchange.bytestreams import byte_stream
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    with byte_stream(sys.argv[1]) as opened:
        for _ in read_events(opened, format_of(sys.argv[1])): pass
except InvalidLine as error:
    print(error.reason)
else:
    print("read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def gzip_of(path: Path, piece: bytes, count: int, head: bytes = b"") -> None:
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(head)
        for _ in range(count):
            stream.write(piece)


def zstd_of(path: Path, piece: bytes, count: int) -> None:
    with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as stream:
        for _ in range(count):
            stream.write(piece)


HEADER = b"originator_id,originator_version,event_type,state\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zeros.ndjson", "the line is longer than 167,772,160 bytes"),
        ("zeros.ndjson.gz", "the line is longer than 167,772,160 bytes"),
        ("zeros.ndjson.zst", "the line is longer than 167,772,160 bytes"),
        ("blanks.ndjson.gz", "read"),
        ("blanks.ndjson.zst", "read"),
        ("fields.csv.gz", "the row is longer than 4,194,304 bytes and has more than 9 fields"),
        ("lines.csv.gz", "the row is longer than 167,772,160 bytes"),
    ],
)
def test_a_line_or_a_bomb_of_400_megabytes_is_handled_in_flat_memory(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name
    if name == "zeros.ndjson":
        with path.open("wb") as file:
            file.truncate(400 * MEBIBYTE)
    elif name == "fields.csv.gz":
        gzip_of(path, b'"\n",' * (MEBIBYTE // 4), 100, HEADER)
    elif name == "lines.csv.gz":
        gzip_of(path, b"\n" * MEBIBYTE, 400, HEADER + b'"')
    else:
        piece = (b"0" if name.startswith("zeros") else b"\n") * MEBIBYTE
        # All blank lines are looked at, and 40 million of them are enough.
        count = 400 if name.startswith("zeros") else 40
        (gzip_of if name.endswith(".gz") else zstd_of)(path, piece, count)
    ended = subprocess.run(
        [sys.executable, "-c", READ_WITHIN_MEMORY, str(path)], capture_output=True, text=True, check=True
    )
    first, kibibytes = ended.stdout.splitlines()
    assert first.startswith(reason)
    assert int(kibibytes) < 260 * 1024


def test_a_link_remains_a_link_to_the_written_file(tmp_path: Path) -> None:
    target, link = tmp_path / "target.ndjson", tmp_path / "link.ndjson"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with sink(str(link)) as stream:
        stream.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.long
@pytest.mark.parametrize(("name", "reason"), [("a.ndjson.zst", "read"), ("a.csv.zst", "")])
@pytest.mark.parametrize("between", [b"", b"bad\n"])
def test_hundreds_of_millions_of_blank_lines_take_seconds(
    tmp_path: Path, name: str, reason: str, between: bytes
) -> None:
    zstd_of(tmp_path / name, between + b"\n" * MEBIBYTE, 100)
    began = time.process_time()
    with byte_stream(str(tmp_path / name)) as opened:
        try:
            for _ in read_events(opened, format_of(name)):
                pass
            found = "read"
        except InvalidLine as error:
            found = error.reason
    # One line at a time, they took 15 seconds.
    assert time.process_time() - began < 6
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        # A frame whose header asks for a window of 2 GiB.
        (b"\x28\xb5\x2f\xfd\x00\xa8" + b"x" * 100, "`zstd -dc --long=31 - | esjournal import -` reads it"),
        (b"PK\x03\x04events.ndjson", "is a zip archive: write it to a file first"),
    ],
)
def test_advice_for_standard_input_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, advice: str
) -> None:
    path = tmp_path / "stdin"
    path.write_bytes(data)
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with byte_stream("-") as stream, pytest.raises(UnusableFile, match=re.escape(advice)):
            list(stream.lines())

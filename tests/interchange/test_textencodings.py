"""Text in other encodings becomes UTF-8, and bytes that are not in the encoding are named by line and byte."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.exceptions import InvalidData, InvalidLine, UnusableFile
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.textencodings import checked_encoding, in_utf_8

# One that has a byte for each character, one with two, those with a mark and without, and one with escapes.
ENCODINGS = ["iso8859-1", "shift_jis", "utf-16", "utf-16-be", "utf-32", "iso2022_jp", "cp500"]


def blocks_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def lines(path: Path, data: bytes, encoding: str) -> list[tuple[int, bytes]]:
    path.write_bytes(data)
    with byte_stream(str(path), encoding=checked_encoding(encoding)) as opened:
        return list(opened.lines())


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("latin-1", "iso8859-1"),
        ("CP1252", "cp1252"),
        ("windows-1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("UTF-16LE", "utf-16-le"),
        ("shift_jis", "shift_jis"),
        ("utf8", "utf-8"),
        ("utf-8-sig", "utf-8"),
    ],
)
def test_an_encoding_has_the_names_that_are_usual(name: str, encoding: str) -> None:
    assert checked_encoding(name) == encoding


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nope",
        "latin 1 or so",
        "rot13",
        "hex",
        "base64",
        "zlib",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "utf-7",
        "charmap",
        "a\0b",
        "\udcff",
        "aliases",
        "../utf_8",
    ],
)
def test_what_is_not_an_encoding_of_files_is_refused(name: str) -> None:
    with pytest.raises(InvalidData, match=re.escape(f"{name!r} is not a text encoding: give one such as cp1252")):
        checked_encoding(name)


@given(st.text(st.sampled_from('aZ09,;"\n\r\t {}é'), max_size=40), st.sampled_from(ENCODINGS), st.integers(1, 7))
@example("ア\n", "shift_jis", 1)
@example("ア\n漢", "iso2022_jp", 1)
@example("😀\n", "utf-16", 1)
def test_text_is_the_same_in_utf_8_wherever_the_blocks_end(text: str, encoding: str, size: int) -> None:
    data = text.encode(encoding, "ignore")
    expected = data.decode(encoding).encode()
    assert b"".join(in_utf_8(blocks_of(data, size), encoding, "e.csv")) == expected


@pytest.mark.parametrize(
    ("data", "encoding", "reason"),
    [
        (b"ab\nc\x81d\n", "cp1252", "2: byte 0x81 at byte 5 of the file is not cp1252: name the encoding that"),
        (b"ab\nc\xe9\n", "ascii", "2: byte 0xe9 at byte 5 of the file is not ascii"),
        (b"a\n\x81\x20\n", "shift_jis", "2: byte 0x81 at byte 3 of the file is not shift_jis"),
        (b"a\n\x1b$B\x80\x21", "iso2022_jp", "2: byte 0x80 at byte 6 of the file is not iso2022_jp"),
        ("a\nb".encode("utf-16-le") + b"\x00\xdca\0", "utf-16-le", "2: byte 0x00 at byte 7 of the file is not utf-16"),
        ("a\nb".encode("utf-16") + b"\x00\xdca\0", "utf-16", "2: byte 0x00 at byte 9 of the file is not utf-16"),
        ("a\nb\n".encode("utf-16")[:-1], "utf-16", "2: the file ends inside a character in utf-16: get it again"),
        (b"\xff\xfea", "utf-16", "1: the file ends inside a character in utf-16: get it again"),
        ("é\n".encode("utf-16-le") * 9, "utf-16", "1: the file is not utf-16, or has no byte order mark: name the "),
        (b"\0\0\0\0\x00\xd8\xff\xfe", "utf-16", "1: the file is not utf-16, or has no byte order mark: name the "),
        ("\n".encode("utf-16-le") + b"\x00\xd8", "utf-16-le", "2: the file ends inside a character in utf-16-le"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_bytes_that_are_not_in_the_encoding_are_named_by_line_and_byte(
    data: bytes, encoding: str, reason: str, size: int
) -> None:
    with pytest.raises(InvalidLine, match=re.escape(f"e.csv:{reason}")):
        list(in_utf_8(blocks_of(data, size), encoding, "e.csv"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "UTF-32LE"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_is_left_out(tmp_path: Path, encoding: str, packed: bool) -> None:
    data = "\ufeffa\n\né".encode(encoding.lower().removesuffix("-le").removesuffix("le") + "-le")
    found = lines(tmp_path / "e.ndjson", gzip.compress(data) if packed else data, encoding)
    assert found == [(1, b"a"), (2, b""), (3, "é".encode())]


@pytest.mark.parametrize(
    ("written", "named", "advised"),
    [
        ("utf-16", "cp1252", "UTF-16"),
        ("utf-16", "utf-16-be", "UTF-16"),
        ("utf-16-le", "utf-16", "UTF-16LE"),
        ("utf-16-be", "utf-16-le", "UTF-16BE"),
        ("utf-32", "utf-16", "UTF-32"),
    ],
)
def test_a_wrong_name_for_wide_characters_is_refused_with_the_right_one(
    tmp_path: Path, written: str, named: str, advised: str
) -> None:
    path = tmp_path / "e.csv"
    with pytest.raises(UnusableFile, match=f"is text in {advised}: `esjournal import --encoding {advised} {path}`"):
        lines(path, "originator_id\n".encode(written), named)


def test_another_kind_of_file_is_named_in_any_encoding(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="is an Excel workbook: save it as CSV"):
        lines(tmp_path / "e.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cp1252")


def test_the_limit_of_a_line_counts_its_bytes_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_bytes("é\nééé\n".encode("latin-1"))
    with (
        byte_stream(str(path), line_limit=5, encoding="latin-1") as opened,
        pytest.raises(InvalidLine, match=":2: the line is longer than 5 bytes"),
    ):
        list(opened.lines())

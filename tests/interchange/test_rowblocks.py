"""Rows of CSV and NDJSON, in blocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidLine
from esjournal.interchange import rowblocks
from esjournal.interchange.bytestreams import ByteStream, byte_stream
from esjournal.interchange.rowblocks import RowBlock, read_csv, read_ndjson

Reader = Callable[[ByteStream], Iterator[RowBlock]]


def blocks_of(path: Path, data: bytes, read: Reader) -> list[RowBlock]:
    path.write_bytes(data)
    with byte_stream(str(path)) as stream:
        return list(read(stream))


def typed(stream: ByteStream) -> Iterator[RowBlock]:
    return read_csv(stream, typed=True)


def test_a_row_of_csv_is_an_object_of_texts(tmp_path: Path) -> None:
    [block] = blocks_of(tmp_path / "r.csv", b'no,"a ""%s"", b"\n\n1,"x\ny"\n002,\n', read_csv)
    assert block.lines == [3, 5]
    assert block.objects() == [r'{"no":"1","a \"%s\", b":"x\ny"}', r'{"no":"002","a \"%s\", b":""}']
    assert block.objects(["no"]) == ['{"no":"1"}', '{"no":"002"}']
    assert block.texts("no") == ("1", "002")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((number, number) for number in ("0", "-12", "1.10", "-0.5", "123456789012345678901234567890")),
        *((word, word) for word in ("true", "false")),
        ("", "null"),
        *((text, json.dumps(text)) for text in ("007", "-0", "+1", "1e5", ".5", "1.", "1,5", " 1", "True", "null")),
        ("9" * 301, json.dumps("9" * 301)),
        ("\u0661", '"\u0661"'),
    ],
)
def test_types_are_detected_without_loss(tmp_path: Path, cell: str, value: str) -> None:
    [block] = blocks_of(tmp_path / "r.csv", f'a,b\n"{cell}",x\n'.encode(), typed)
    assert block.objects() == [f'{{"a":{value},"b":"x"}}']
    assert block.texts("a") == (cell,)


def test_a_row_of_other_length_is_bad_and_the_rest_is_read(tmp_path: Path) -> None:
    [block] = blocks_of(tmp_path / "r.csv", b'a,b\n1,2\n"x,y",2,3\n3,4\n', read_csv)
    assert block.lines == [2, 4]
    [bad] = block.bad
    assert str(bad).endswith(":3: the row has 3 fields and the header 2: quote delimiters and line ends")
    assert bad.text == '"x,y",2,3'


def test_a_header_alone_is_a_block_without_rows(tmp_path: Path) -> None:
    [block] = blocks_of(tmp_path / "r.csv", b"a,b\n", read_csv)
    assert (block.names, block.lines, block.objects()) == (["a", "b"], [], [])


def test_objects_are_kept_byte_for_byte(tmp_path: Path) -> None:
    rows = [b'{"a": 1.10, "b":{"c":[1,"x"]}}', b'  {"b":null,"a":"\\u00fc\\"", "d":1}\r', b"", b'{"a":true}']
    [block] = blocks_of(tmp_path / "r.ndjson", b"\n".join(rows), read_ndjson)
    assert block.lines == [1, 2, 4]
    assert block.names == ["a", "b", "d"]
    assert block.objects() == [rows[0].decode(), rows[1].decode().strip("\r"), rows[3].decode()]
    assert block.objects(["b", "a"]) == ['{"b":{"c":[1,"x"]},"a":1.10}', '{"b":null,"a":"\\u00fc\\""}', '{"a":true}']
    assert block.texts("a") == ["1.10", 'ü"', "true"]
    assert block.texts("b") == ['{"c":[1,"x"]}', "", ""]
    assert block.texts_at(block.path("b.c[1]")) == ["x", "", ""]


def test_rows_in_an_array_and_over_lines_are_read(tmp_path: Path) -> None:
    [block] = blocks_of(tmp_path / "r.json", b'[\n {"a":1},\n {\n  "a": "x y"\n }\n]\n', read_ndjson)
    assert (block.lines, block.objects()) == ([2, 3], ['{"a":1}', '{"a":"x y"}'])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "the row '[1]' is JSON, but not an object"),
        (b"{", "the row is not JSON"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":1e999}', "beyond a double"),
        (b'{"a":"\xff"}', "byte 0xff at byte 7 is not UTF-8"),
        (b'{"a":"\\ud83d"}', "half of a surrogate pair"),
        (b'{"a":' + b"[" * 501 + b"]" * 501 + b"}", "nested deeper"),
    ],
)
def test_a_bad_row_is_reported_by_its_line_and_the_rest_is_read(tmp_path: Path, line: bytes, reason: str) -> None:
    data = b'{"a":1}\n' + line + b'\n{"a":2}\n'
    [block] = blocks_of(tmp_path / "r.ndjson", data, read_ndjson)
    assert block.objects() == ['{"a":1}', '{"a":2}']
    [bad] = block.bad
    assert bad.line == 2
    assert reason in bad.reason


@pytest.mark.parametrize("read", [read_csv, read_ndjson])
def test_many_rows_are_many_blocks(tmp_path: Path, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowblocks, "ROWS_AT_A_TIME", 2)
    rows = b'{"a":"1"}\n' * 5 if read is read_ndjson else b"a\n" + b"1\n" * 5
    blocks = blocks_of(tmp_path / "r", rows, read)
    assert [len(block.lines) for block in blocks] == [2, 2, 1]
    assert [row for block in blocks for row in block.objects()] == ['{"a":"1"}'] * 5


@pytest.mark.parametrize(
    ("data", "read", "reason"),
    [
        (b"", read_csv, ":1: the file has no header: name the columns in its first line"),
        (b"a,b,a\n1,2,3\n", read_csv, ":1: the header names the column 'a' twice: rename one of them"),
        (b'{"a":1}\n', read_csv, "this is JSON: give the file a name that ends in .ndjson"),
        (b'\xef\xbb\xbfa,b\n1,"2\n', read_csv, ":2: the row is not CSV"),
        (b"a,b\n1,2\n", read_ndjson, "this is not JSON: give CSV a name that ends in .csv"),
    ],
)
def test_a_file_that_is_not_rows_is_refused(tmp_path: Path, data: bytes, read: Reader, reason: str) -> None:
    with pytest.raises(InvalidLine, match=reason):
        blocks_of(tmp_path / "r", data, read)

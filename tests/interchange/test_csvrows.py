"""Rows that are too long for the csv module are read as it would read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.exceptions import InvalidLine
from esjournal.interchange import csvrows
from esjournal.interchange.bytestreams import byte_stream

MOST_FIELDS = 4
TEXT = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "é", "§"]), max_size=60).map("".join)


def rows_of(path: Path, text: str, long_row_bytes: int, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patched, byte_stream(str(path)) as stream:
        patched.setattr(csvrows, "_LONG_ROW_BYTES", long_row_bytes)
        return list(csvrows.rows(stream, delimiter, most_fields=MOST_FIELDS))


def outcome(path: Path, text: str, long_row_bytes: int, delimiter: str) -> list[tuple[int, list[str]]] | str:
    try:
        found = rows_of(path, text, long_row_bytes, delimiter)
    except InvalidLine as error:
        return str(error)
    # A blank line is never long, so it need not be the same.
    return [(line, row) for line, row in found if row not in ([], [""])]


# The broken bar and the section sign in the text begin with the same byte.
@given(TEXT, st.integers(1, 12), st.sampled_from(",;\t|^]\\¦"))
@example('a,"b\n\n""c"\r\nd\n', 1, ",")
@example('"a"b\n', 1, ",")
@example('a\rb,"c"\n', 1, ",")
@example('a,"b', 1, ",")
@example('§,"§,§"\n', 1, "¦")
def test_long_rows_are_those_of_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory, text: str, long: int, delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    text = text.replace(",", delimiter)
    expected = outcome(path, text, 1_000_000, delimiter)
    if isinstance(expected, list) and any(len(row) > MOST_FIELDS for _, row in expected):
        return
    found = outcome(path, text, long, delimiter)
    if isinstance(expected, str) and "unexpected end of data" not in expected:
        # Which of two mistakes in a row is reported may differ.
        assert isinstance(found, str)
    else:
        assert found == expected


def test_lines_are_counted_after_a_long_row(tmp_path: Path) -> None:
    text = "h\n" + "a" * 10 + ',"\n\n"\nb\n'
    assert rows_of(tmp_path / "e.csv", text, 5) == [(1, ["h"]), (2, ["a" * 10, "\n\n"]), (5, ["b"])]


def test_a_byte_that_is_not_utf8_is_found_in_a_long_row(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(b'a,"\n\n\xff"\n')
    with pytest.MonkeyPatch.context() as patched, byte_stream(str(path)) as stream:
        patched.setattr(csvrows, "_LONG_ROW_BYTES", 3)
        with pytest.raises(InvalidLine, match=":3: byte 0xff at byte 1 is not UTF-8"):
            list(csvrows.rows(stream, ",", most_fields=MOST_FIELDS))


def test_a_long_row_of_too_many_fields_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidLine, match=":1: the row is longer than 5 bytes and has more than 4 fields"):
        rows_of(tmp_path / "e.csv", "a,b,c,d,e\n", 5)


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n", "\ufeffsep=;\n"])
@pytest.mark.parametrize("long", [12, 1_000])
def test_a_first_line_that_names_the_delimiter_is_not_a_row(tmp_path: Path, line: str, long: int) -> None:
    found = rows_of(tmp_path / "e.csv", f'{line}a;"bbbbbbbb\n"\nsep=;\n', long, ";")
    assert found == [(2, ["a", "bbbbbbbb\n"]), (4, ["sep=", ""])]

"""What separates the fields of CSV: the option, the first line, and the name; and what is said if it is another one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.delimiters import checked_delimiter, delimiter_of

HEADER = "originator_id,originator_version,event_type,state\n"


def delimiter(path: Path, text: str, given: str | None = None) -> str:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    with byte_stream(str(path)) as stream:
        return delimiter_of(stream, given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (";", ";"),
        ("\t", "\t"),
        ("tab", "\t"),
        ("TAB", "\t"),
        (r"\t", "\t"),
        ("|", "|"),
        (" ", " "),
        ("¦", "¦"),
        ("\x01", "\x01"),
    ],
)
def test_a_delimiter_is_a_character_or_the_name_of_a_tab(text: str, expected: str) -> None:
    assert checked_delimiter(text) == expected


# A shell makes a t of \t without quotes.
@pytest.mark.parametrize("text", ["", ";;", "t", "7", "é", '"', "\n", "\r", "\0", "\udcff", "semicolon"])
def test_what_cannot_separate_fields_is_no_delimiter(text: str) -> None:
    with pytest.raises(InvalidData, match=re.escape(f"{text!r} is not a delimiter: give one character, such as ';'")):
        checked_delimiter(text)


@pytest.mark.parametrize(
    ("name", "first_line", "given", "expected"),
    [
        ("e.csv", "", None, ","),
        ("e.csv.gz", "", None, ","),
        ("e.tsv", "", None, "\t"),
        ("e.TSV.gz", "", None, "\t"),
        ("e.tsv", "", ";", ";"),
        ("e.csv", "sep=;\n", None, ";"),
        ("e.csv", '"sep=;"\r\n', None, ";"),
        ("e.csv", "\ufeffSEP=|\n", None, "|"),
        ("e.csv", "sep=\t\n", None, "\t"),
        ("e.tsv", "sep=,\n", None, ","),
        ("e.csv", "sep=;\n", ";", ";"),
    ],
)
def test_the_option_and_the_first_line_come_before_the_name(
    tmp_path: Path, name: str, first_line: str, given: str | None, expected: str
) -> None:
    assert delimiter(tmp_path / name, first_line + HEADER.replace(",", expected), given) == expected


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        ("sep=;\n", ",", "1: the line says that the delimiter is ';', and --delimiter says ',': leave out --delimiter"),
        ("sep=\t\n", ";", "1: the line says that the delimiter is a tab, and"),
        ("sep=\n", None, "1: the line sep= names no delimiter: '' is not a delimiter"),
        ("sep=;;", None, "1: the line sep= names no delimiter: ';;' is not a delimiter"),
        (
            HEADER.replace(",", ";"),
            None,
            "1: the header has ';' instead of ',': `esjournal import --delimiter ';'` reads it",
        ),
        (
            HEADER.replace(",", "\t"),
            None,
            "1: the header has a tab instead of ',': `esjournal import --delimiter tab` reads it",
        ),
        (
            HEADER.replace(",", "\t"),
            ";",
            "1: the header has a tab instead of ';': `esjournal import --delimiter tab` reads it",
        ),
        (HEADER, "\t", "1: the header has ',' instead of a tab: `esjournal import --delimiter ,` reads it"),
        (HEADER.replace(",", "|"), None, "1: the header has '|' instead of ',': `esjournal import --delimiter '|'`"),
        ('"originator_id";"originator_version"\n', None, "1: the header has ';' instead of ','"),
        ("\ufeff\n \n" + HEADER.replace(",", ";"), None, "3: the header has ';' instead of ','"),
        ("sep=|\n" + HEADER, None, "2: the header has ',' instead of '|': correct the line sep="),
    ],
)
def test_a_delimiter_that_is_not_that_of_the_text_is_refused(
    tmp_path: Path, text: str, given: str | None, reason: str
) -> None:
    path = tmp_path / "e.csv"
    with pytest.raises(InvalidLine, match=re.escape(f"{path}:{reason}")):
        delimiter(path, text, given)


@pytest.mark.parametrize("text", ["", "\n\n", "state\n", "a b\n"])
def test_a_header_without_any_usual_delimiter_is_left_to_the_reader(tmp_path: Path, text: str) -> None:
    assert delimiter(tmp_path / "e.csv", text) == ","

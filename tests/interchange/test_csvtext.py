"""CSV: any valid text comes back unchanged, and each refusal names its line."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import InvalidLine
from esjournal.interchange import csvtext
from esjournal.interchange.batches import Read
from esjournal.interchange.bytestreams import byte_stream
from tests.helpers.events import ID, event, json_states, reads

HEADER = "originator_id,originator_version,event_type,state"


def read(path: Path, data: str | bytes | None = None, *, line_limit: int = 1_000_000) -> list[Read]:
    if data is not None:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    with byte_stream(str(path), line_limit=line_limit) as opened:
        return list(reads(csvtext.read(opened)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.csv"


def test_the_first_line_names_the_columns_of_the_interchange() -> None:
    assert "".join(csvtext.write([], safe=False)) == (
        "originator_id,originator_version,event_type,state,recorded_at,global_position\n"
    )


def test_an_event_is_one_row_with_its_state_as_text() -> None:
    [_, row] = "".join(csvtext.write([event(3, '{"a":1}')._replace(global_position=7)], safe=False)).splitlines()
    assert row == f'{ID},3,a.b#C,"{{""a"":1}}",2026-01-31T12:00:00.000000Z,7'


@given(st.lists(json_states(), max_size=4))
def test_events_with_json_objects_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, states: list[str]
) -> None:
    events = [event(version, state) for version, state in enumerate(states)]
    text = "".join(csvtext.write(events, safe=False))
    path = tmp_path_factory.getbasetemp() / "property.csv"
    path.write_bytes(text.encode())
    assert [found for _, found in read(path)] == events


def test_a_state_with_nothing_but_a_carriage_return_in_it_comes_back(path: Path) -> None:
    # Python 3.11 and 3.12 only quote a cell because of a comma, a quote or a line feed, and this one has none.
    assert [found for _, found in read(path, "".join(csvtext.write([event(0, "{\r}")], safe=False)))] == [
        event(0, "{\r}")
    ]


def test_rows_are_numbered_by_the_line_they_begin_on(path: Path) -> None:
    rows = [f'{ID},0,a,"{{\n\n}}"', "", f"{ID},1,a,{{}}"]
    found = read(path, "\n".join([HEADER, *rows]))
    states = [(line, row.state) for line, row in found if isinstance(row, RecordedEvent)]
    assert states == [(2, "{\n\n}"), (6, "{}")]
    assert len(found) == 2


@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["no-bom", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("final", [True, False], ids=["final-end", "no-final-end"])
def test_a_bom_both_line_ends_and_no_final_one_are_accepted(path: Path, bom: str, end: str, final: bool) -> None:
    data = bom + end.join([HEADER, f"{ID},0,a,{{}}"]) + (end if final else "")
    assert [found for _, found in read(path, data)] == [RecordedEvent(ID, 0, "a", "{}")]


def test_columns_may_stand_in_any_order_and_two_may_be_missing(path: Path) -> None:
    data = f'state,global_position,event_type,originator_version,originator_id\n{{}},9,a,1,{ID}\n"{{}}",,a,2,{ID}\n'
    assert [found for _, found in read(path, data)] == [
        RecordedEvent(ID, 1, "a", "{}", global_position=9),
        RecordedEvent(ID, 2, "a", "{}"),
    ]


def test_a_field_longer_than_the_csv_module_takes_by_itself_is_read(path: Path) -> None:
    csv.field_size_limit(131_072)
    state = '{"a":"' + "x" * 500_000 + '"}'
    [(_, found)] = read(path, "".join(csvtext.write([event(0, state)], safe=False)))
    assert found == event(0, state)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        ("", 1, "the file has no header: name originator_id, originator_version"),
        (f"{ID},0,a,{{}}\n", 1, "the file has no header"),
        ("originator_id,originator_version,state\n", 1, "the header has no column event_type: add it"),
        (f"{HEADER},colour\n", 1, "the header has an unknown column 'colour': remove it"),
        (f"{HEADER},state\n", 1, "the header names a column twice"),
        (f'{HEADER}\n{ID},0,a,{{}}\n{ID},1,a,"{{}}" x\n', 3, "the row is not CSV"),
        (f'{HEADER}\n{ID},0,a,"{{}}\n\n', 2, "the row is not CSV: unexpected end of data"),
        (
            f"{HEADER}\r{ID},0,a,{{}}\n",
            1,
            "the row is not CSV: a carriage return is not in quotes: quote it",
        ),
        (f"{HEADER}\n{ID},0,a,{{}}\n".encode() + b"\xff\n", 3, "byte 0xff at byte 1 is not UTF-8"),
    ],
)
def test_what_cannot_be_read_on_from_is_refused_with_its_line(
    path: Path, data: str | bytes, line: int, message: str
) -> None:
    with pytest.raises(InvalidLine, match=message) as caught:
        read(path, data)
    assert (caught.value.source, caught.value.line) == (str(path), line)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"{ID},0,a", "the row has 3 fields and the header 4"),
        (f"{ID},0,a,{{a:1,b:2}}", "the row has 5 fields and the header 4: quote delimiters"),
        ("1,0,a,{}", "'1' is not a UUID"),
        (f"{ID},1_000,a,{{}}", "'1_000' is not a version"),
        (f"{ID},0,,{{}}", "event_type is empty"),
        (f"{ID},0,a,gAAAA", "state is not JSON"),
        (f"{ID},0,a,[1]", "is JSON, but not an object"),
        (f"{ID},0,a,\0", "raw U\\+0000"),
        (f"{ID},0,a\0,{{}}", "control character U\\+0000"),
    ],
)
def test_a_row_that_is_not_an_event_is_reported_and_the_next_ones_are_read(path: Path, row: str, message: str) -> None:
    [(line, bad), (_, good)] = read(path, f"{HEADER}\n{row}\n{ID},1,a,{{}}\n")
    assert isinstance(bad, InvalidLine)
    assert (bad.line, line) == (2, 2)
    assert re.search(message, bad.reason)
    assert good == RecordedEvent(ID, 1, "a", "{}")


def test_a_row_of_many_lines_is_held_to_the_limit_of_one(path: Path) -> None:
    with pytest.raises(
        InvalidLine, match="the row is longer than 1,000 bytes: close its quotes; `esjournal import --max"
    ):
        read(path, f"{HEADER}\n" + '"\n",' * 1_000, line_limit=1_000)


def test_other_text_is_unchanged_if_formulas_are_escaped() -> None:
    events = [event(version, state, event_type="a-b=c#D") for version, state in enumerate(['{"a":-1}', "", " ", "''"])]
    assert list(csvtext.write(events, safe=True)) == list(csvtext.write(events, safe=False))


def test_rows_may_together_be_longer_than_the_limit_of_one(path: Path) -> None:
    rows = "".join(f"{ID},{version},a,{{}}\n" for version in range(100))
    assert len(read(path, f"{HEADER}\n{rows}", line_limit=100)) == 100


SIGNS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
BEFORE_THEM = ["", " ", "  ", '"', "'", "\n", "\r\n", "\xa0", "\x00", '" \n']


@pytest.mark.parametrize("start", [*(before + sign for sign in SIGNS for before in BEFORE_THEM), "\t", "\r", "\n"])
def test_text_that_a_spreadsheet_takes_for_a_formula_is_escaped_on_request(start: str) -> None:
    dangerous = event(0, f"{start}HYPERLINK()", event_type="=cmd|'/c calc'!A1")
    cells = next(csv.reader("".join(csvtext.write([dangerous], safe=True)).split("\n", 1)[1:], strict=True))
    assert cells[2:4] == ["'=cmd|'/c calc'!A1", f"'{start}HYPERLINK()"]
    cells = next(csv.reader("".join(csvtext.write([dangerous], safe=False)).split("\n", 1)[1:], strict=True))
    assert cells[2] == "=cmd|'/c calc'!A1"

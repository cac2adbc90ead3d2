"""JSON that is not one document a line: arrays and formatted events are read, anything else is refused in one line."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import InvalidLine
from esjournal.interchange import decompression, jsondocuments, ndjson
from esjournal.interchange.inputfiles import Files
from tests.helpers.events import ID, json_states, reads

TIME = "2026-01-31T12:00:00.000000Z"


def line(version: int, state: str = '{"a":1}') -> str:
    return f'{{"originator_id":"{ID}","originator_version":{version},"event_type":"a","state":{state}}}'


def read(path: Path, text: str, **options: Any) -> list[tuple[int, object]]:
    path.write_bytes(text.encode())
    batches = Files([str(path)], **options).batches()
    return [
        (number, found.reason if isinstance(found, InvalidLine) else (found.originator_version, found.state))
        for number, found in reads(batches)
    ]


def formatted(*lines: str) -> str:
    return json.dumps([json.loads(text) for text in lines], indent=2)


GOOD = [(0, '{"a":1}'), (1, '{"b":[1.10,"x y"]}')]
LINES = [line(0), line(1, GOOD[1][1])]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (f"[{','.join(LINES)}]", [1, 1]),
        (f"[\n{LINES[0]},\n{LINES[1]}\n]\n", [2, 3]),
        (f"\ufeff \n[ {' , '.join(LINES)} ]", [2, 2]),
        (f"[{LINES[0]}]\n[{LINES[1]}]\n".replace("]\n[", "\n][\n"), [1, 3]),
        ("{\n" + LINES[0][1:] + "\n{\n\n" + LINES[1][1:], [1, 3]),
        ("\n{" + LINES[0][1:].replace(',"', ',\n"') + LINES[1], [2, 5]),
        ("[{\r\n" + LINES[0][1:-1] + "\r\n},\r\n" + LINES[1] + "]", [1, 4]),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 256 * 1024])
def test_arrays_and_events_over_lines_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, numbers: list[int], block: int
) -> None:
    monkeypatch.setattr(decompression, "BLOCK_BYTES", block)
    assert read(tmp_path / "a.json", text) == list(zip(numbers, GOOD, strict=True))


def test_a_long_event_is_looked_through_a_few_times_however_small_the_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brackets, searched = jsondocuments._NEXT_BRACKET, []

    class Searching:
        def match(self, data: bytearray, at: int) -> re.Match[bytes] | None:
            searched.append(len(data) - at)
            return brackets.match(data, at)

    monkeypatch.setattr(jsondocuments, "_NEXT_BRACKET", Searching())
    monkeypatch.setattr(jsondocuments, "_LONG_EVENT", 1_000)
    monkeypatch.setattr(decompression, "BLOCK_BYTES", 500)
    assert read(tmp_path / "a.json", f"[{line(0, json.dumps('x' * 500_000))}\n]")[0][0] == 1
    assert sum(searched) < 5 * 500_000


def test_what_a_formatter_put_between_the_parts_of_a_state_is_left_out(tmp_path: Path) -> None:
    state = '{\n  "a b" : [ 1.10 ,\n "\\"  {" ] ,"c":"\\ud800" \n}'
    assert read(tmp_path / "a.json", f"[\n{line(0, state)}]") == [(2, (0, '{"a b":[1.10,"\\"  {"],"c":"\\ud800"}'))]


def test_a_state_on_one_line_stays_as_it_is(tmp_path: Path) -> None:
    state = '{ "a" : [ 1.10 , 2 ] }'
    assert read(tmp_path / "a.json", f"[\n{line(0, state)}]") == [(2, (0, state))]


def test_a_bad_event_of_an_array_is_one_bad_line(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", f'[{line(0)},\n{{"a":{{}}}},\n{line(1)}]')
    assert [number for number, _ in found] == [1, 2, 3]
    assert found[1][1] == "the event has an unknown field 'a': remove it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", ":1: expected one event a line, an array of events"),
        (f"[{LINES[0]}\n{LINES[1]}]", r":2: expected ',' or ']' after an event of the array"),
        (f"[{LINES[0]}", r":1: expected ',' or ']' after an event of the array; found the end"),
        (f"[\n{LINES[0]},\n]", ":3: expected one event a line"),
        (f"[\n{LINES[0]},\n{LINES[1][:-5]}", ":3: the event has no end: get the file again"),
        (f"[\n{LINES[0]}\n", ":3: expected ',' or ']'"),
        (f"[{LINES[0]}", ":1: expected ',' or ']'"),
        ("[[]]", ":1: expected one event a line"),
        ("[" * 1000, ":1: expected one event a line"),
    ],
)
def test_any_other_shape_is_one_line_that_says_what_is_expected(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidLine, match=message):
        read(tmp_path / "a.json", text)


def test_an_event_is_held_to_the_limit_of_a_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidLine, match=":1: the event is longer than 1,000 bytes: `esjournal import --max"):
        read(tmp_path / "a.json", f"[{line(0, json.dumps({'a': 'x' * 2_000_000}))}]", line_limit=1_000)


@pytest.mark.parametrize("bad", ["[]", f"[{LINES[0]}]", "{", '{"a":', "[1,2]"])
def test_a_bad_first_line_of_ndjson_is_one_bad_line(tmp_path: Path, bad: str) -> None:
    found = read(tmp_path / "a.ndjson", f"{bad}\n{LINES[0]}\n{LINES[1]}\n")
    assert [number for number, _ in found] == [1, 2, 3]
    assert [event for _, event in found[1:]] == GOOD


def test_an_empty_array_has_no_events(tmp_path: Path) -> None:
    assert read(tmp_path / "a.json", " [ ] \n") == []


@given(st.lists(json_states().filter(lambda state: not {"\n", "\r"} & set(state)), max_size=5), st.booleans())
def test_an_array_of_any_events_is_what_they_are_as_lines(states: list[str], spaced: bool) -> None:
    events = [
        RecordedEvent(ID, version, "a", state, TIME, global_position=version + 1)
        for version, state in enumerate(states)
    ]
    texts = [ndjson.line_of(event) for event in events]
    joined = "[" + (",\n" if spaced else ",").join(texts) + "]"
    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder) / "a.json", joined)
    assert [event for _, event in found] == [(event.originator_version, event.state) for event in events]

"""A state as key=value, in the room that a line has."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from esjournal.cli.rendering.parts.eventtypes import style_of
from esjournal.cli.rendering.parts.keyvalues import line_of
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.terminal import on_one_line
from tests.helpers.events import json_states

WITHOUT_COLOURS = Paint(Console(file=io.StringIO(), color_system=None))


def shown(state: str, room: int = 200) -> str:
    return line_of(state, room, WITHOUT_COLOURS)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ('{"a":1,"b":"x","c":null,"d":true}', "a=1 b=x c=null d=true"),
        # Texts keep their quotes where they could be taken for something else.
        ('{"a":"1","b":"null","c":"two words","d":"","e":"x=y","f":"true"}', None),
        ('{"two words":1,"a=b":2,"":3}', '"two words"=1 "a=b"=2 ""=3'),
        ('{"a":{"b":[1,{"c":"}]"}]},"d":[ ],"e":{}}', 'a={"b":[1,{"c":"}]"}]} d=[ ] e={}'),
        (' { "a" : 1.10 , "b":-1e5 } ', "a=1.10 b=-1e5"),
        ('{"a":"quote \\" and \\\\","b":1}', 'a="quote \\" and \\\\" b=1'),
        ("{}", ""),
        # What is not an object is shown as it is.
        ("gAAAA==", "gAAAA=="),
        ("[1,2]", "[1,2]"),
        ('"text {"', '"text {"'),
        ("", ""),
        ("{nonsense}", "nonsense"),
        ('{"a":1,nonsense', "a=1 nonsense"),
    ],
)
def test_members_are_shown_as_key_and_value(state: str, expected: str | None) -> None:
    if expected is None:
        expected = " ".join(f"{key}={json.dumps(value)}" for key, value in json.loads(state).items())
    assert shown(state) == expected


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (200, "first=1 second=two third=3"),
        (26, "first=1 second=two third=3"),
        (25, "first=1 second=two third…"),
        (18, "first=1 second=tw…"),
        (19, "first=1 second=two…"),
        (16, "first=1 second=…"),
        (12, "first=1 sec…"),
        (8, "first=1…"),
        (7, "first=…"),
        (3, "fi…"),
        (1, "…"),
    ],
)
def test_a_line_that_is_cut_says_so(room: int, expected: str) -> None:
    assert shown('{"first":1,"second":"two","third":3}', room) == expected


@example('{"a":"' + "漢" * 50 + '"}', 20)
@example('{"' + "漢" * 50 + '":1}', 7)
@given(json_states(), st.integers(1, 60))
def test_no_line_is_wider_than_its_room(state: str, room: int) -> None:
    on_a_line = on_one_line(state)
    assert cell_len(shown(on_a_line, room)) <= room
    whole = shown(on_a_line, 10_000)
    if cell_len(whole) <= room:
        assert shown(on_a_line, room) == whole


def test_only_the_beginning_of_a_long_state_is_looked_at() -> None:
    assert shown('{"a":"' + "x" * 10_000_000 + '"}', 10) == 'a="xxxxxx…'
    assert shown('{"' + "x" * 10_000_000 + '":1}', 10) == "xxxxxxxxx…"


def test_keys_are_dim_and_the_colours_of_a_terminal_are_those_of_rich() -> None:
    paint = Paint(Console(file=io.StringIO(), force_terminal=True, color_system="standard", _environ={}))
    assert line_of('{"a":1,"b":"x"}', 20, paint) == "\x1b[2ma=\x1b[0m1 \x1b[2mb=\x1b[0mx"
    assert paint("x", "") == "x"
    assert paint("x", "yellow") == "\x1b[33mx\x1b[0m"


def test_the_colour_of_an_event_type_is_the_same_everywhere_and_always() -> None:
    types = ("shop#Placed", "shop#Paid", "flights.events#FlightCompleted", "flights.events#FlightCancelled")
    assert [style_of(each) for each in types] == ["cyan", "blue", "bold green", "bold magenta"]

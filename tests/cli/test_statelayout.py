"""A state laid out by its keys."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.parts.statelayout import fields_of, lines_of
from esjournal.cli.terminal import visible
from tests.helpers.events import json_states

WITHOUT_COLOURS = Paint(Console(file=io.StringIO(), color_system=None))


def laid_out(state: str, width: int = 40) -> list[str]:
    return list(lines_of(fields_of(visible(state), width), width, WITHOUT_COLOURS))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("{}", ["{}"]),
        ("cipher text", ["cipher text"]),
        ("[1,2]", ["[1,2]"]),
        ('{"a":1,"b":"x","c":null}', ["a=1       b=x       c=null"]),
        ('{"a":1,"long":"' + "x" * 30 + '","b":2,"c":3}', ["a=1", f"long={'x' * 30}", "b=2   c=3"]),
        # Columns are as wide as the widest short value, rounded up.
        ('{"a":1,"number":12345678,"c":3,"d":4}', ["a=1               number=12345678", "c=3               d=4"]),
        ('{"who":{"name":"Ann"},"n":[1, 2]}', ['who={"name":"Ann"}', "n=[1, 2]"]),
        ('{\n  "a": {\n    "b": 1\n  }\n}', ['a={     "b": 1   }']),
        ('{"a.b":1,"c d":2,"é":3}', ['"a.b"=1   "c d"=2   é=3']),
        ('{"a":1,"a":2}', ["a=2"]),
    ],
)
def test_short_values_stand_in_columns(state: str, expected: list[str]) -> None:
    assert laid_out(state) == expected


def test_an_object_that_does_not_fit_on_a_line_is_laid_out_by_paths() -> None:
    state = '{"who":{"name":"Ann Example","mail":"ann@example.org"},"items":[{"sku":"a-long-one","n":1},{"n":2}]}'
    assert laid_out(state, 30) == [
        'who.name="Ann Example"',
        "who.mail=ann@example.org",
        "items[0].sku=a-long-one",
        "items[0].n=1",
        'items[1]={"n":2}',
    ]


def test_a_long_text_ends_with_how_many_characters_follow() -> None:
    [line] = laid_out('{"a":"' + "x" * 12_345 + '"}', 40)
    assert line == f"a={'x' * 18}… +12,327 characters"
    [opaque] = laid_out("y" * 100, 40)
    assert opaque == f"{'y' * 23}… +77 characters"


@given(json_states(), st.integers(30, 100))
def test_no_line_is_wider_than_the_screen_if_the_paths_fit(state: str, width: int) -> None:
    fields = fields_of(visible(state), width)
    if all(cell_len(field.path) + 25 <= width for field in fields):
        assert max(map(cell_len, laid_out(state, width)), default=0) <= width


def test_a_state_that_is_nested_deeply_ends() -> None:
    state = '{"a":' * 300 + "1" + "}" * 300
    lines = laid_out(state, 40)
    assert len(lines) == 1
    assert lines[0].startswith("a.a.a.a")

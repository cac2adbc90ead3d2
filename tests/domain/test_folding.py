"""Folding events by a function or a class, and the states of such classes as plain values."""

from __future__ import annotations

import datetime
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest

import esjournal
from esjournal.domain.model.replayedevent import ReplayedEvent
from esjournal.domain.state.plain import plain
from esjournal.domain.state.values import Number, text_of
from esjournal.exceptions import InvalidData
from tests.helpers.events import event, row_of


def test_a_function_may_return_the_next_state_or_change_it() -> None:
    def changed(state: dict[str, Any], number: int) -> None:
        state["sum"] = state.get("sum", 0) + number

    def returned(state: dict[str, Any], number: int) -> dict[str, Any]:
        return {"sum": state.get("sum", 0) + number}

    assert esjournal.fold([1, 2, 3], changed) == esjournal.fold([1, 2, 3], returned) == {"sum": 6}
    assert esjournal.fold([1, 2, 3], lambda state, number: state + number, 10) == 16


def test_an_object_of_a_class_is_made_and_applies_each_event() -> None:
    class Sum:
        def __init__(self) -> None:
            self.numbers: list[int] = []

        def apply(self, number: int) -> str:
            self.numbers.append(number)
            return "what it returns is not a state"

    assert esjournal.fold([1, 2], Sum).numbers == [1, 2]
    assert esjournal.fold([], Sum).numbers == []


def test_an_event_without_metadata_or_a_time_and_with_a_state_that_is_not_json() -> None:
    found = ReplayedEvent((*row_of(event(0, "x'"), 1)[:4], None, None, None, 1))
    assert (found.state, found.metadata, found.recorded_at, found.name) == ("x'", {}, None, None)
    half = ReplayedEvent(row_of(event(0, r'{"a":"\ud800","b":1.50}'), 1))
    assert half.state == {"a": "\ud800", "b": Decimal("1.50")}


class Colour(Enum):
    RED = "red"


class Point(NamedTuple):
    x: int


@dataclass
class Account:
    balance: Decimal
    lines: list[Any] = field(default_factory=list)


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self) -> None:
        self.shown = 1
        self.__hidden = 2


class Struct(msgspec.Struct):
    a: int


class Object:
    def __init__(self) -> None:
        self._balance = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 1.5, True, None, "x"]}, '{"a":[1,1.5,true,null,"x"]}'),
        (Account(Decimal("1.10"), [Point(1)]), '{"balance":1.10,"lines":[{"x":1}]}'),
        (Object(), '{"_balance":1}'),
        (Slotted(), '{"_Slotted__hidden":2,"shown":1}'),
        (Struct(1), '{"a":1}'),
        (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
        ({3: {"b", "a"}, Colour.RED: Colour.RED}, '{"3":["a","b"],"red":"red"}'),
        ((1, deque([2])), "[1,[2]]"),
        (datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC), '"2026-01-31T00:00:00+00:00"'),
        (UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
    ],
)
def test_a_state_is_shown_by_its_fields(value: Any, text: str) -> None:
    assert text_of(plain(value)) == text


def test_numbers_are_kept_as_they_are_written() -> None:
    assert plain(Decimal("1.10")) == Number("1.10")
    assert plain(True) is True


LOOP: list[Any] = []
LOOP.append(LOOP)
LONG = 10**5000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "it has the number nan, which JSON does not have"),
        ([Decimal("Infinity")], "it has the number Infinity"),
        (b"x", r"it has a value of type builtins\.bytes, which has no fields to show"),
        ({"a": print}, "builtin_function_or_method, which has no fields to show"),
        (object(), r"builtins\.object, which has no fields"),
        (LOOP, "nested too deeply to be shown, or contains itself"),
        (LONG, "an integer of too many digits"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_shown_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(InvalidData, match=reason):
        plain(value)

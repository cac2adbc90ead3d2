"""The difference between two events at one place, in words."""

from __future__ import annotations

import pytest

from esjournal.journal.compare.wording import difference
from tests.helpers.events import event


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        ('{"price":1}', '{"price":2}', "state.price is 1 there and 2 here"),
        ('{"price":1}', '{"price":1.0}', "state.price is 1 there and 1.0 here"),
        ('{"price":1}', '{"price":"1"}', 'state.price is 1 there and "1" here'),
        ('{"paid":true}', '{"paid":1}', "state.paid is true there and 1 here"),
        ('{"paid":true}', '{"paid":null}', "state.paid is true there and null here"),
        ('{"a":1}', '{"b":1}', "state.a is only there, state.b is only here"),
        ('{"a":{"b":{"c":1}},"d":1}', '{"a":{"b":{"c":2}},"d":1}', "state.a.b.c is 1 there and 2 here"),
        ('{"a":[1,{"b":2}]}', '{"a":[1,{"b":3}]}', 'state.a is [1,{"b":2}] there and [1,{"b":3}] here'),
        ('{"a":{}}', '{"a":[]}', "state.a is {} there and [] here"),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', "the states have the same meaning, but different texts"),
        ('{"a":1}', '{ "a": 1 }', "the states have the same meaning, but different texts"),
        ("gAAAA", "gAAAB", "the states are different texts"),
        ('{"a":1}', '{"a":{"b":2}}', "state.a is only there, state.a.b is only here"),
        ('{"a.b":1}', '{"a.b":2}', 'state."a.b" is 1 there and 2 here'),
        ("gAAAA", "{}", "the states are different texts"),
        (
            '{"a":1,"b":1,"c":1,"d":1,"e":1}',
            '{"a":2,"b":2,"c":2,"d":2,"e":2}',
            "state.a is 1 there and 2 here, state.b is 1 there and 2 here, state.c is 1 there and 2 here, and 2 more",
        ),
        (f'{{"a":"{"x" * 100}"}}', '{"a":"y"}', f'state.a is "{"x" * 39}... there and "y" here'),
    ],
)
def test_the_fields_that_differ_are_named_with_their_values(there: str, here: str, words: str) -> None:
    assert difference(event(0, there), event(0, here)) == words


def test_the_type_comes_first() -> None:
    one, other = event(0, '{"a":1}', event_type="a#A"), event(0, '{"a":2}', event_type="a#B")
    assert difference(one, other) == "event_type is 'a#A' there and 'a#B' here, state.a is 1 there and 2 here"
    assert difference(one, one._replace(event_type="a#B")) == "event_type is 'a#A' there and 'a#B' here"

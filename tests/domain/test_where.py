"""Conditions on a field of a state or of metadata: how they are written, and which ones meet them."""

from __future__ import annotations

import pytest

from esjournal.domain.state import values
from esjournal.domain.state.where import FieldCondition, field_condition
from esjournal.exceptions import InvalidData

STATE = values.parsed(
    '{"carrier":"UA","delay":60,"exact":1.10,"big":9007199254740993,"none":null,"yes":true,"no":false,'
    '"a":{"b":{"c":"deep"},"x.y":1},"list":[1,2],"\u00e9":"\u00e9","tiny":1e-400}'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('carrier == "UA"', FieldCondition(("carrier",), "==", "UA")),
        ("  delay>60 ", FieldCondition(("delay",), ">", values.Number("60"))),
        ("a.b.c != null", FieldCondition(("a", "b", "c"), "!=", None)),
        ('a."x.y" <= -1.5e3', FieldCondition(("a", "x.y"), "<=", values.Number("-1.5e3"))),
        ("ok == true", FieldCondition(("ok",), "==", True)),
        ('a == "=="', FieldCondition(("a",), "==", "==")),
        ('"" == "\\u00e9"', FieldCondition(("",), "==", "\u00e9")),
        ("a<=2", FieldCondition(("a",), "<=", values.Number("2"))),
        ('meta.user == "ann"', FieldCondition(("user",), "==", "ann", of_metadata=True)),
        ('meta."$by"[0].id != 1', FieldCondition(("$by", 0, "id"), "!=", values.Number("1"), of_metadata=True)),
        # A state may have a field of this name.
        ('"meta".user == "ann"', FieldCondition(("meta", "user"), "==", "ann")),
        ("meta == 1", FieldCondition(("meta",), "==", values.Number("1"))),
        ("meta[0] == 1", FieldCondition(("meta", 0), "==", values.Number("1"))),
        ("metadata.a == 1", FieldCondition(("metadata", "a"), "==", values.Number("1"))),
    ],
)
def test_a_condition_is_a_path_an_operator_and_a_json_value(text: str, expected: FieldCondition) -> None:
    found = field_condition(text)
    assert found == expected
    assert type(found.value) is type(expected.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a condition"),
        ("carrier", "is not a condition"),
        ('carrier = "UA"', "is not a condition"),
        ('== "UA"', "is not a condition"),
        ('a..b == "UA"', "is not a condition"),
        ('a b == "UA"', "is not a condition"),
        ("carrier == UA", "'UA' is not a JSON string"),
        ("carrier ==", "'' is not a JSON string"),
        ("carrier == 'UA'", "is not a JSON string"),
        ("a == NaN", "'NaN' is not a JSON string"),
        ("a == [1]", "is not a JSON string"),
        ("a == {}", "is not a JSON string"),
        ("a == 1e400", "beyond a double"),
        ("a == 1e-400", "beyond a double"),
        ("a > 1e-9999999999999999999", "beyond a double"),
        ("a > 1e9999999999999999999", "beyond a double"),
        ("a < null", "null has no order"),
        ("a >= true", "true has no order"),
        ('"a\\q" == 1', "is not a path"),
        ("meta. == 1", "is not a condition"),
    ],
)
def test_text_that_is_not_a_condition_is_refused_with_an_example(text: str, complaint: str) -> None:
    with pytest.raises(InvalidData, match=complaint):
        field_condition(text)


@pytest.mark.parametrize(
    "text",
    [
        'carrier == "UA"',
        'carrier != "AA"',
        'carrier > "AA"',
        'carrier <= "UA"',
        "delay == 60.0",
        "delay >= 60",
        "delay < 6.1e1",
        "exact == 1.1",
        "big == 9007199254740993",
        "big > 9007199254740992",
        "none == null",
        "yes == true",
        "yes != false",
        "no != null",
        'a.b.c == "deep"',
        'a."x.y" == 1',
        'delay != "60"',
        "list != 1",
        "a != null",
        '\u00e9 == "\\u00e9"',
        "tiny > 0",
    ],
)
def test_conditions_that_are_true_of_a_state(text: str) -> None:
    assert field_condition(text).holds(STATE)


@pytest.mark.parametrize(
    "text",
    [
        'carrier == "ua"',
        "delay > 60",
        "exact == 1.1000000000000000888",
        "big == 9007199254740992",
        'delay == "60"',
        'delay < "a"',
        "yes == 1",
        "no == 0",
        'list.0 == "1"',
        "list == 1",
        "none == false",
        "carrier.x == 1",
        # A missing field does not even meet !=.
        'missing != "UA"',
        "missing == null",
        "a.b.d != 1",
    ],
)
def test_conditions_that_are_not_true_of_a_state(text: str) -> None:
    assert not field_condition(text).holds(STATE)

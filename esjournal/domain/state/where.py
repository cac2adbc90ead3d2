"""Conditions on a field of a state: `carrier == "UA"`, `dep_delay > 60`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from esjournal.domain.state import paths, values
from esjournal.domain.state.numbers import ZERO, exact, order
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = ("==", "!=")
_CONDITION = re.compile(rf"\s*({paths.PATTERN})\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*", re.DOTALL)
_HINT = """write a path, one of == != < <= > >=, and a JSON value, such as 'carrier == "UA"' or 'dep_delay > 60'"""


@dataclass(frozen=True)
class StateCondition:
    """A condition on a state: a comparison of one of its fields with a value.

    `path` leads to the field, `operator` is one of == != < <= > >=, `value` is a string, a `values.Number`, a truth
    value or None for null. Strings are compared by code points, numbers exactly. A comparison with a missing field is
    never true; a value of another kind is different, and neither less nor greater.
    """

    path: paths.Path
    operator: str
    value: Any

    def holds(self, state: Any) -> bool:
        """Say whether a parsed state meets the condition."""
        found = paths.value_at(state, self.path)
        if found is values.MISSING:
            return False
        if type(found) is not type(self.value):
            return self.operator == "!="
        compare = _OPERATORS[self.operator]
        if isinstance(found, values.Number):
            return compare(order(exact(found), exact(self.value)), 0)
        return compare(found, self.value)


def state_condition(text: str) -> StateCondition:
    """Return a condition from its text, `PATH OPERATOR VALUE`, with the value as JSON.

    Raises:
        InvalidData: the text is not a condition.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise InvalidData(f"{shortened(text)} is not a condition: {_HINT}")
    path_text, operator_text, value_text = found.groups()
    value = values.scalar(value_text)
    if value is values.MISSING:
        raise InvalidData(f"{shortened(value_text)} is not a JSON string, number, true, false or null: {_HINT}")
    if isinstance(value, values.Number) and not _is_double(value):
        raise InvalidData(f"{shortened(value_text)} is beyond a double: write a number that a double can hold")
    if operator_text not in _EQUALITY and not isinstance(value, str):
        raise InvalidData(f"{value_text} has no order: compare it with == or !=")
    return StateCondition(paths.path(path_text), operator_text, value)


def _is_double(number: values.Number) -> bool:
    value = float(number)
    return math.isfinite(value) and (value != 0 or exact(number) == ZERO)

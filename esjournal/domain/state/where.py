"""Comparisons with a field of a state: `carrier == "UA"`, `dep_delay > 60`."""

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
_COMPARISON = re.compile(rf"\s*({paths.PATTERN})\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*", re.DOTALL)
_HINT = """write a path, one of == != < <= > >=, and a JSON value, such as 'carrier == "UA"' or 'dep_delay > 60'"""


@dataclass(frozen=True)
class Comparison:
    """A field of a state held against a value.

    `path` leads to the field, `operator` is one of == != < <= > >=, `value` is a string, a `values.Number`, a truth
    value or None for null. Strings are compared by code points, numbers exactly. A field that is not there makes no
    comparison true; a value of another kind is different, and neither less nor more.
    """

    path: paths.Path
    operator: str
    value: Any

    def holds(self, state: Any) -> bool:
        """Say whether it is true of a parsed state."""
        found = paths.value_at(state, self.path)
        if found is values.MISSING:
            return False
        if type(found) is not type(self.value):
            return self.operator == "!="
        compare = _OPERATORS[self.operator]
        if isinstance(found, values.Number):
            return compare(order(exact(found), exact(self.value)), 0)
        return compare(found, self.value)


def comparison(text: str) -> Comparison:
    """Return a comparison as it is written: `PATH OPERATOR VALUE`, in which the value is JSON.

    Raises:
        InvalidData: the text is no comparison.
    """
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise InvalidData(f"{shortened(text)} is no comparison: {_HINT}")
    path_text, operator_text, value_text = found.groups()
    value = values.scalar(value_text)
    if value is values.MISSING:
        raise InvalidData(f"{shortened(value_text)} is no JSON string, number, true, false or null: {_HINT}")
    if isinstance(value, values.Number) and not _is_double(value):
        raise InvalidData(f"{shortened(value_text)} is beyond a double: write a number nearer to 1")
    if operator_text not in _EQUALITY and not isinstance(value, str):
        raise InvalidData(f"{value_text} has no order: compare it with == or !=")
    return Comparison(paths.path(path_text), operator_text, value)


def _is_double(number: values.Number) -> bool:
    value = float(number)
    return math.isfinite(value) and (value != 0 or exact(number) == ZERO)

"""Conditions on a field of a state or of metadata: `carrier == "UA"`, `meta.user == "ann"`."""

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
# At the start of a path, these lead into the metadata. `"meta".user` is a field of the state.
_METADATA = "meta."
_HINT = """write a path, one of == != < <= > >=, and a JSON value, such as 'carrier == "UA"' or 'dep_delay > 60'"""


@dataclass(frozen=True)
class FieldCondition:
    """A condition on an event: a comparison of a field of its state, or of its metadata, with a value.

    `path` leads to the field, `operator` is one of == != < <= > >=, `value` is a string, a `values.Number`, a truth
    value or None for null. Strings are compared by code points, numbers exactly. A comparison with a missing field is
    never true; a value of another kind is different, and neither less nor greater. `of_metadata` says whether the field
    is one of the metadata.
    """

    path: paths.Path
    operator: str
    value: Any
    of_metadata: bool = False

    def holds(self, fields: Any) -> bool:
        """Say whether a parsed state, or parsed metadata, meets the condition."""
        found = paths.value_at(fields, self.path)
        if found is values.MISSING:
            return False
        if type(found) is not type(self.value):
            return self.operator == "!="
        compare = _OPERATORS[self.operator]
        if isinstance(found, values.Number):
            return compare(order(exact(found), exact(self.value)), 0)
        return compare(found, self.value)


def field_condition(text: str) -> FieldCondition:
    """Return a condition from its text, `PATH OPERATOR VALUE`, with the value as JSON.

    A path that starts with `meta.` leads into the metadata, and any other into the state.

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
    path = paths.path(path_text.removeprefix(_METADATA))
    return FieldCondition(path, operator_text, value, of_metadata=path_text.startswith(_METADATA))


def _is_double(number: values.Number) -> bool:
    value = float(number)
    return math.isfinite(value) and (value != 0 or exact(number) == ZERO)

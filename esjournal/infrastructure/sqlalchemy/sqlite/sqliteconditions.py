"""Conditions on states and metadata in SQLite's SQL; see `items/conditions.py`."""

from __future__ import annotations

import json
import re

from esjournal.domain.state.values import Number
from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.items.conditions import COMPARISONS, Fragment

_SIMPLE_NAME = re.compile(r'[^"\\\x00-\x1f]+')
# SQLite may read decimal digits with an error in the last bits of a double.
_SPREAD = 1e-12


def json_fragment(condition: FieldCondition, data: str) -> Fragment:
    """Return a condition on a column of JSON as SQL.

    Args:
        condition: the condition.
        data: the name of the column.
    """
    names_of_path = [part for part in condition.path if isinstance(part, str)]
    if not all(map(_SIMPLE_NAME.fullmatch, names_of_path)):
        return "TRUE", ()
    keys = [f'"{name}"' for name in names_of_path]
    steps = [f'."{part}"' if isinstance(part, str) else f"[{part}]" for part in condition.path]
    # Before 3.45 SQLite compares keys without decoding their escapes, and of two equal keys it takes the first.
    twice = f"instr(substr({data}, instr({data}, ?) + length(?)), ?)"
    doubtful = " OR ".join([f"instr({data}, '\\')", *[twice] * len(keys)])
    holds, values = _condition(condition, data, f"${''.join(steps)}")
    return (
        f"CASE WHEN {doubtful} THEN TRUE WHEN json_valid({data}) THEN {holds} ELSE FALSE END",
        [*(key for key in keys for _ in range(3)), *values],
    )


def _condition(condition: FieldCondition, data: str, path: str) -> Fragment:
    kind, field = f"json_type({data}, ?)", f"json_extract({data}, ?)"
    value = condition.value
    if condition.operator == "!=":
        # Different numbers may have the same double.
        return f"{kind} IS NOT NULL", [path]
    if isinstance(value, Number):
        number = float(value)
        spread = abs(number) * _SPREAD
        holds, bounds = _with_spread(condition.operator, number - spread, number + spread)
        return f"({kind} IN ('integer', 'real') AND CAST({field} AS REAL) {holds})", [path, path, *bounds]
    if isinstance(value, str):
        return f"({kind} = 'text' AND {field} {COMPARISONS[condition.operator]} ?)", [path, path, value]
    return f"{kind} = ?", [path, json.dumps(value)]


def _with_spread(operator: str, low: float, high: float) -> Fragment:
    if operator == "==":
        return "BETWEEN ? AND ?", [low, high]
    return ("<= ?", [high]) if operator in ("<", "<=") else (">= ?", [low])

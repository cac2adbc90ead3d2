"""Conditions on states and metadata in PostgreSQL's SQL; see `items/conditions.py`."""

from __future__ import annotations

import json
from typing import Any

from esjournal.domain.state.numbers import canonical, exact
from esjournal.domain.state.values import Number
from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.items.conditions import COMPARISONS, Fragment

# Since this version a server can check JSON without an error; older servers return everything.
CHECKS_JSON = 16
# A numeric has up to 16,383 digits after the point, and the exponent of a double shifts them by some hundreds.
_MOST_DIGITS = 10_000


def json_fragment(condition: FieldCondition, data: str) -> Fragment:
    """Return a condition on a column of JSON as SQL, for servers since CHECKS_JSON.

    Args:
        condition: the condition.
        data: the name of the column.
    """
    value = condition.value
    marks = ", ".join(["CAST(%s AS text)"] * len(condition.path))
    field = f"pg_catalog.jsonb_extract_path(CAST({data} AS jsonb), {marks})"
    sign = COMPARISONS.get(condition.operator)
    # For the server an index is text too, and a name of digits is an index in an array: it may return more than wanted.
    values: list[Any] = [*map(str, condition.path)]
    if condition.operator == "!=":
        holds = f"{field} IS NOT NULL"
    elif isinstance(value, Number):
        # The server refuses numbers with very many digits; those are compared by the caller only.
        number = canonical(exact(value))
        fits = len(number) <= _MOST_DIGITS
        holds = _of_kind(field, "number", f"CAST(value AS numeric) {sign} CAST(%s AS numeric)" if fits else "TRUE")
        values[:0] = [number] if fits else []
    elif isinstance(value, str):
        # By code points, as everywhere: the order of text differs from server to server.
        holds = _of_kind(field, "string", f"(value #>> CAST('{{}}' AS text[])) COLLATE \"C\" {sign} CAST(%s AS text)")
        values.insert(0, value)
    else:
        holds = f"{field} = CAST(%s AS jsonb)"
        values.append(json.dumps(value))
    # Escapes such as \\u0000 are valid JSON, but not valid jsonb.
    return f"CASE WHEN pg_catalog.pg_input_is_valid({data}, 'jsonb') THEN {holds} ELSE TRUE END", values


def _of_kind(field: str, kind: str, holds: str) -> str:
    return (
        f"(SELECT CASE pg_catalog.jsonb_typeof(value) WHEN '{kind}' THEN {holds} ELSE FALSE END "
        f"FROM (SELECT {field} AS value) AS field)"
    )

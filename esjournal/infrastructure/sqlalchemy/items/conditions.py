"""Conditions as SQL: the database may return events that do not match, but never leaves out one that does.

The databases read JSON differently: which of two equal keys counts, escapes, and numbers beyond a double. So the SQL
only narrows the search, with bound parameters, and the caller checks each event, so that both databases give the same
result. A state that a database could read differently than we do is always returned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from esjournal.domain.state.numbers import canonical, exact
from esjournal.domain.state.values import Number
from esjournal.domain.state.where import StateCondition

# A fragment of SQL, and the values of its parameters.
Fragment = tuple[str, Sequence[Any]]

_SIMPLE_NAME = re.compile(r'[^"\\\x00-\x1f]+')
# Since this version PostgreSQL can check JSON without an error; older servers return all states.
_POSTGRESQL_CHECKS_JSON = 16
# SQLite may read decimal digits with an error in the last bits of a double.
_SPREAD = 1e-12
# A numeric has up to 16,383 digits after the point, and the exponent of a double shifts them by some hundreds.
_MOST_DIGITS_ON_POSTGRESQL = 10_000
# A parameter cannot hold half of a surrogate pair, and on PostgreSQL no NUL.
_NOT_SENDABLE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_LIKE = re.compile("[\\[\0\ud800-\udfff]")
_SQL = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True)
class Conditions:
    """Conditions that events must meet; an empty field is no condition.

    `sequence_ids` are in the driver's form, `topics` are whole topics, and `topic_patterns` are patterns as in fnmatch.
    A topic matches if it is one of the topics or matches one of the patterns.
    """

    sequence_ids: Sequence[Any] = ()
    topics: Sequence[str] = ()
    topic_patterns: Sequence[str] = ()
    state_conditions: Sequence[StateCondition] = ()

    def __bool__(self) -> bool:
        return any((self.sequence_ids, self.topics, self.topic_patterns, self.state_conditions))


EVERYTHING = Conditions()


@dataclass(frozen=True)
class Names:
    """The names in conditions: the columns of a sequence's id, the topic and the data, and the marks of parameters.

    `id_mark` is the mark of an id, `mark` that of any other value. `server_version` is PostgreSQL's, None for SQLite.
    """

    sequence_id: str
    topic: str
    data: str
    id_mark: str
    mark: str
    server_version: int | None = None


def fragments(conditions: Conditions, names: Names) -> Iterator[Fragment]:
    """Yield the parts of a WHERE clause, to be joined by AND."""
    if conditions.sequence_ids:
        marks = ", ".join([names.id_mark] * len(conditions.sequence_ids))
        yield f"{names.sequence_id} IN ({marks})", conditions.sequence_ids
    if conditions.topics or conditions.topic_patterns:
        yield _of_topics(conditions, names)
    for condition in conditions.state_conditions:
        if not _is_sendable(condition):
            continue
        if names.server_version is None:
            yield _on_sqlite(condition, names)
        elif names.server_version >= _POSTGRESQL_CHECKS_JSON:
            yield _on_postgresql(condition, names)


def _is_sendable(condition: StateCondition) -> bool:
    texts = [text for text in (*condition.path, condition.value) if isinstance(text, str)]
    return not any(map(_NOT_SENDABLE.search, texts))


def _of_topics(conditions: Conditions, names: Names) -> Fragment:
    # A topic that cannot be sent is never stored.
    topics = [topic for topic in conditions.topics if not _NOT_SENDABLE.search(topic)]
    alternatives = [f"{names.topic} LIKE {names.mark} ESCAPE '!'"] * len(conditions.topic_patterns)
    if topics:
        alternatives.append(f"{names.topic} IN ({', '.join([names.mark] * len(topics))})")
    return f"({' OR '.join(alternatives) or 'FALSE'})", [*map(_like, conditions.topic_patterns), *topics]


def _like(pattern: str) -> str:
    # LIKE has no sets of characters, so anything matches from there on.
    start, *rest = _NOT_IN_LIKE.split(pattern, maxsplit=1)
    escaped = re.sub(r"([!%_])", r"!\1", start)
    return escaped.replace("*", "%").replace("?", "_") + ("%" if rest else "")


def _on_sqlite(condition: StateCondition, names: Names) -> Fragment:
    names_of_path = [part for part in condition.path if isinstance(part, str)]
    if not all(map(_SIMPLE_NAME.fullmatch, names_of_path)):
        return "TRUE", ()
    keys = [f'"{name}"' for name in names_of_path]
    steps = [f'."{part}"' if isinstance(part, str) else f"[{part}]" for part in condition.path]
    # Before 3.45 SQLite compares keys without decoding their escapes, and of two equal keys it takes the first.
    twice = f"instr(substr({names.data}, instr({names.data}, ?) + length(?)), ?)"
    doubtful = " OR ".join([f"instr({names.data}, '\\')", *[twice] * len(keys)])
    holds, values = _condition_on_sqlite(condition, names.data, f"${''.join(steps)}")
    return (
        f"CASE WHEN {doubtful} THEN TRUE WHEN json_valid({names.data}) THEN {holds} ELSE FALSE END",
        [*(key for key in keys for _ in range(3)), *values],
    )


def _condition_on_sqlite(condition: StateCondition, data: str, path: str) -> Fragment:
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
        return f"({kind} = 'text' AND {field} {_SQL[condition.operator]} ?)", [path, path, value]
    return f"{kind} = ?", [path, json.dumps(value)]


def _with_spread(operator: str, low: float, high: float) -> Fragment:
    if operator == "==":
        return "BETWEEN ? AND ?", [low, high]
    return ("<= ?", [high]) if operator in ("<", "<=") else (">= ?", [low])


def _on_postgresql(condition: StateCondition, names: Names) -> Fragment:
    data, value = names.data, condition.value
    marks = ", ".join(["CAST(%s AS text)"] * len(condition.path))
    field = f"pg_catalog.jsonb_extract_path(CAST({data} AS jsonb), {marks})"
    sign = _SQL.get(condition.operator)
    # For the server an index is text too, and a name of digits is an index in an array: it may return more than wanted.
    values: list[Any] = [*map(str, condition.path)]
    if condition.operator == "!=":
        holds = f"{field} IS NOT NULL"
    elif isinstance(value, Number):
        # The server refuses numbers with very many digits; those are compared by the caller only.
        number = canonical(exact(value))
        fits = len(number) <= _MOST_DIGITS_ON_POSTGRESQL
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

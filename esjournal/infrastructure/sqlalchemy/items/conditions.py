"""Conditions as SQL: the database may return events that do not match, but never leaves out one that does.

The databases read JSON differently: which of two equal keys counts, escapes, and numbers beyond a double. So the SQL
only narrows the search, with bound parameters, and the caller checks each event, so that both databases give the same
result. A state, or metadata, that a database could read differently than we do is always returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from esjournal.domain.state.where import FieldCondition

# A fragment of SQL, and the values of its parameters.
Fragment = tuple[str, Sequence[Any]]

# A parameter cannot hold half of a surrogate pair, and on PostgreSQL no NUL.
_NOT_SENDABLE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_LIKE = re.compile("[\\[\0\ud800-\udfff]")
COMPARISONS = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True)
class Conditions:
    """Conditions that events must meet; an empty field is no condition.

    `sequence_ids` are in the driver's form, `topics` are whole topics, and `topic_patterns` are patterns as in fnmatch.
    A topic matches if it is one of the topics or matches one of the patterns. `names` and `name_patterns` are the same
    for the names of sequences. `has_metadata` leaves out events without metadata.
    """

    sequence_ids: Sequence[Any] = ()
    names: Sequence[str] = ()
    name_patterns: Sequence[str] = ()
    topics: Sequence[str] = ()
    topic_patterns: Sequence[str] = ()
    field_conditions: Sequence[FieldCondition] = ()
    has_metadata: bool = False

    def __bool__(self) -> bool:
        given = (self.sequence_ids, self.names, self.topics, self.topic_patterns, self.field_conditions)
        return self.has_metadata or any(given)


EVERYTHING = Conditions()


@dataclass(frozen=True)
class Names:
    """The names in conditions: the columns of a sequence's id, the topic, the data and the metadata, and the marks of
    parameters.

    `id_mark` is the mark of an id, `mark` that of any other value. `named` selects the ids of the sequences that have
    names; it is None if the database cannot check names. `metadata` is None if the items have no metadata.
    """

    sequence_id: str
    named: str | None
    topic: str
    data: str
    metadata: str | None
    id_mark: str
    mark: str


def fragments(
    conditions: Conditions, names: Names, of_field: Callable[[FieldCondition, str], Fragment | None]
) -> Iterator[Fragment]:
    """Yield the parts of a WHERE clause, to be joined by AND.

    Args:
        conditions: the conditions.
        names: the names in the clause.
        of_field: returns the database's own SQL for a condition on a column of JSON, None if it cannot check it.
    """
    if conditions.sequence_ids:
        marks = ", ".join([names.id_mark] * len(conditions.sequence_ids))
        yield f"{names.sequence_id} IN ({marks})", conditions.sequence_ids
    if conditions.names and names.named is not None:
        are_named, values = of_texts("name", conditions.names, conditions.name_patterns, names.mark)
        yield f"{names.sequence_id} IN ({names.named} WHERE {are_named})", values
    if conditions.topics or conditions.topic_patterns:
        yield of_texts(names.topic, conditions.topics, conditions.topic_patterns, names.mark)
    # What is missing matches no comparison.
    if conditions.has_metadata or any(condition.of_metadata for condition in conditions.field_conditions):
        yield "FALSE" if names.metadata is None else f"{names.metadata} IS NOT NULL", ()
    for condition in conditions.field_conditions:
        column = names.metadata if condition.of_metadata else names.data
        if column is not None and _is_sendable(condition) and (fragment := of_field(condition, column)) is not None:
            yield fragment


def _is_sendable(condition: FieldCondition) -> bool:
    texts = [text for text in (*condition.path, condition.value) if isinstance(text, str)]
    return not any(map(_NOT_SENDABLE.search, texts))


def of_texts(column: str, texts: Sequence[str], patterns: Sequence[str], mark: str) -> Fragment:
    """Return a condition that a column has one of some texts, or matches one of some patterns, and perhaps others."""
    # A text that cannot be sent is never stored.
    sendable = [text for text in texts if not _NOT_SENDABLE.search(text)]
    alternatives = [f"{column} LIKE {mark} ESCAPE '!'"] * len(patterns)
    if sendable:
        alternatives.append(f"{column} IN ({', '.join([mark] * len(sendable))})")
    return f"({' OR '.join(alternatives) or 'FALSE'})", [*map(_like, patterns), *sendable]


def _like(pattern: str) -> str:
    # LIKE has no sets of characters, so anything matches from there on.
    start, *rest = _NOT_IN_LIKE.split(pattern, maxsplit=1)
    escaped = re.sub(r"([!%_])", r"!\1", start)
    return escaped.replace("*", "%").replace("?", "_") + ("%" if rest else "")

"""Compares the shape of a journal's table with what it must be: columns, types, keys and indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from esjournal.domain.findings import Finding, FindingKind


class Shape(NamedTuple):
    """The shape of a table.

    `columns` and `indexes` have a definition for each name; `options` are SQLite's table options.
    """

    columns: dict[str, str]
    indexes: dict[str, str]
    options: frozenset[str]


def shape_findings(table: str, found: Shape, expected: Shape, named: Collection[str]) -> Iterator[Finding]:
    """Yield the differences between two shapes of a table; additional columns or indexes are fine.

    Args:
        table: the table's name.
        found: the shape that it has.
        expected: the shape that the statements that create it give it.
        named: the names of the indexes that `init` makes.
    """
    if not found.columns:
        yield Finding(FindingKind.SCHEMA, table, "the table is missing")
        return
    for name, definition in expected.columns.items():
        if name not in found.columns:
            yield Finding(FindingKind.SCHEMA, table, f"the column {name} is missing")
        elif found.columns[name] != definition:
            yield Finding(FindingKind.SCHEMA, table, f"the column {name} is {found.columns[name]}, not {definition}")
    for option in sorted(expected.options - found.options):
        yield Finding(FindingKind.SCHEMA, table, f"the table is not {option}")
    for name, definition in expected.indexes.items():
        if definition not in found.indexes.values():
            others = {other: its for other, its in found.indexes.items() if other == name or other not in named}
            hints = [f"{other} is {its}" for other, its in others.items() if _columns(its) in definition]
            if name in named and name not in found.indexes:
                hints.append("`esjournal init` makes it")
            yield Finding(FindingKind.INDEX, table, "; ".join([f"there is no index {definition}", *hints]))


def _columns(index: str) -> str:
    return index[index.index("(") : index.index(")") + 1]

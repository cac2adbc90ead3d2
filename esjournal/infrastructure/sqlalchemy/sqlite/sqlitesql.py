"""The SQL of SQLite, where it differs from that of PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

from sqlalchemy import Column, Table

from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.databasesql import PROTECTED, DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.conditions import Fragment
from esjournal.infrastructure.sqlalchemy.schema import create_statements, index_statements
from esjournal.infrastructure.sqlalchemy.upgrades import A_SECOND

# Strict tables have no other types.
_STRICT_TYPES = {"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"}
_CLASSES = {"INTEGER": int, "REAL": float, "TEXT": str}


class SQLiteSQL(DatabaseSQL):
    """The SQL of SQLite.

    Places have a named index, so that a bulk load can build it last. Every index contains the global position anyway.
    """

    mark: ClassVar[str] = "?"
    assigns_positions: ClassVar[bool] = True
    position_definition: ClassVar[str] = "INTEGER PRIMARY KEY AUTOINCREMENT"
    has_key_of_places: ClassVar[bool] = False
    also_indexed: ClassVar[tuple[str, ...]] = ()
    joins_keep_order: ClassVar[bool] = True
    by_no_index: ClassVar[str] = " NOT INDEXED"
    in_order_of_bytes: ClassVar[str] = ""

    def without_schema(self) -> Self:
        """Return this: SQLite has no schemas."""
        return self

    def typed_mark(self, column: Column[Any]) -> str:
        """Return a parameter: it needs no type."""
        return self.mark

    def stored_class(self, column: Column[Any]) -> type | None:
        """Return the Python class of a column's stored values, None if it may be any."""
        return _CLASSES.get(column.type.compile(self.dialect))

    def table_options(self, table: Table) -> str:
        """Return STRICT if the types of all columns allow it."""
        return " STRICT" if {column.type.compile(self.dialect) for column in table.columns} <= _STRICT_TYPES else ""

    def seconds_statements(self, table: Table, counted: Collection[str]) -> list[str]:
        """Return statements that move the rows to a new table: SQLite cannot change the type of a column."""
        quote = self.dialect.identifier_preparer
        name = quote.format_table(table)
        before = quote.quote(f"{table.name}_before")
        names = [quote.quote(column.name) for column in table.columns]
        values = [
            f"{quoted} / {A_SECOND}.0" if column.name in counted else quoted
            for quoted, column in zip(names, table.columns, strict=True)
        ]
        return [
            *(f"DROP INDEX IF EXISTS {quote.quote(index)}" for index in index_statements(table, self)),
            f"ALTER TABLE {name} RENAME TO {before}",
            *create_statements(table, self),
            f"INSERT INTO {name} ({', '.join(names)}) SELECT {', '.join(values)} FROM {before} ORDER BY 1",
            f"DROP TABLE {before}",
        ]

    def protecting_statements(self, table: Table) -> dict[str, list[str]]:
        """Return the statements of two triggers: SQLite has none for both; see the base class."""
        quote = self.dialect.identifier_preparer
        statements = {}
        for what in ("UPDATE", "DELETE"):
            trigger = f"{table.name}_no_{what.lower()}"
            statements[trigger] = [
                f"DROP TRIGGER IF EXISTS {quote.quote(trigger)}",
                f"CREATE TRIGGER {quote.quote(trigger)} BEFORE {what} ON {quote.format_table(table)} "
                f"BEGIN SELECT RAISE(ABORT, '{PROTECTED}'); END",
            ]
        return statements

    def rows_at(self, at_one_place: str, everywhere: str, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return the select by one place or key."""
        return at_one_place

    def last_positions(self, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return a select by one id."""
        sequence_id, position = self._names(place)
        name = self.dialect.identifier_preparer.format_table(table)
        return f"SELECT max({position}) FROM {name} WHERE {sequence_id} = {self.mark}"

    def json_fragment(self, condition: FieldCondition, data: str) -> Fragment:
        """Return a condition on a column of JSON as SQL; see the base class."""
        # Loaded here, because few commands have conditions.
        from esjournal.infrastructure.sqlalchemy.sqlite import sqliteconditions

        return sqliteconditions.json_fragment(condition, data)

"""The SQL of a database where SQLite and PostgreSQL differ; each database's own is in its room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

from sqlalchemy import Column, Dialect, Table

from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.items.conditions import Fragment

# What a protected journal answers to an UPDATE or a DELETE.
PROTECTED = "the journal is protected: no event is changed or deleted; append one that corrects it"


class DatabaseSQL(ABC):
    """What the statements of a database look like.

    `mark` marks a parameter. `assigns_positions` says whether the database itself assigns the global positions of a
    journal. `position_definition` is the type and the constraints of their column. `has_key_of_places` says whether
    places are the primary key of a table, and not a named index. `also_indexed` are the columns at the end of every
    other index. `joins_keep_order` says whether a left join gives its rows in the order of its left side.
    `by_no_index` follows the name of a table that is to be read without an index. `in_order_of_bytes` follows a text
    that is to be sorted by its bytes, whatever the database's language is.

    Args:
        dialect: SQLAlchemy's dialect of the database, with positional parameters.
    """

    mark: ClassVar[str]
    assigns_positions: ClassVar[bool]
    position_definition: ClassVar[str]
    has_key_of_places: ClassVar[bool]
    also_indexed: ClassVar[tuple[str, ...]]
    joins_keep_order: ClassVar[bool]
    by_no_index: ClassVar[str]
    in_order_of_bytes: ClassVar[str]

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    @abstractmethod
    def without_schema(self) -> Self:
        """Return the same for statements that name no schema."""

    @abstractmethod
    def typed_mark(self, column: Column[Any]) -> str:
        """Return a parameter that has the type of a column."""

    def compared(self, column: Column[Any]) -> str:
        """Return a column as it is compared with `typed_mark`."""
        return self.dialect.identifier_preparer.quote(column.name)

    def stored_class(self, column: Column[Any]) -> type | None:
        """Return the Python class of a column's stored values if the database does not enforce it, else None."""
        return None

    @abstractmethod
    def table_options(self, table: Table) -> str:
        """Return the end of the statement that creates a table, after its columns."""

    @abstractmethod
    def seconds_statements(self, table: Table, counted: Collection[str]) -> list[str]:
        """Return the statements that turn columns of whole microseconds into columns of seconds.

        Args:
            table: the table as it should be.
            counted: the names of the columns.
        """

    @abstractmethod
    def protecting_statements(self, table: Table) -> dict[str, list[str]]:
        """Return the statements that make the triggers that refuse to change or delete rows, by the triggers' names.

        Args:
            table: the table to protect.
        """

    @abstractmethod
    def rows_at(self, at_one_place: str, everywhere: str, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return the statement for `Session.rows_at`.

        Args:
            at_one_place: a select by a place, or by another key.
            everywhere: the same select without conditions.
            table: the table that it reads.
            place: the columns of the place or the key.
        """

    @abstractmethod
    def last_positions(self, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return the statement for `Session.last_positions`.

        Args:
            table: the table to read.
            place: the columns of the id and the position.
        """

    @abstractmethod
    def json_fragment(self, condition: FieldCondition, data: str) -> Fragment | None:
        """Return a condition on a column of JSON as SQL, None if the database cannot check it.

        Args:
            condition: the condition.
            data: the name of the column.
        """

    def _names(self, columns: Sequence[Column[Any]]) -> list[str]:
        return [self.dialect.identifier_preparer.quote(column.name) for column in columns]

"""The SQL of PostgreSQL, where it differs from that of SQLite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Self

from sqlalchemy import Column, Dialect, String, Table

from esjournal.domain.state.where import FieldCondition
from esjournal.infrastructure.sqlalchemy.databasesql import PROTECTED, DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.conditions import Fragment
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.upgrades import A_SECOND


class PostgreSQLSQL(DatabaseSQL):
    """The SQL of PostgreSQL; queries by an index want the global position, so the index has it too.

    Args:
        dialect: SQLAlchemy's dialect, with positional parameters.
        server_version: returns the server's major version.
    """

    mark: ClassVar[str] = "%s"
    assigns_positions: ClassVar[bool] = False
    position_definition: ClassVar[str] = "bigint NOT NULL UNIQUE"
    has_key_of_places: ClassVar[bool] = True
    also_indexed: ClassVar[tuple[str, ...]] = (GLOBAL_POSITION,)
    joins_keep_order: ClassVar[bool] = False
    by_no_index: ClassVar[str] = ""
    in_order_of_bytes: ClassVar[str] = ' COLLATE pg_catalog."C"'

    def __init__(self, dialect: Dialect, server_version: Callable[[], int]) -> None:
        super().__init__(dialect)
        self._server_version = server_version

    def without_schema(self) -> Self:
        """Return the same for statements that name no schema; see the base class."""
        return type(self)(type(self.dialect)(), self._server_version)

    def typed_mark(self, column: Column[Any]) -> str:
        """Return a parameter with a cast; a cast to varchar(n) would cut off the end of a longer text."""
        return f"CAST({self.mark} AS {self._type_of(column)})"

    def compared(self, column: Column[Any]) -> str:
        """Return a column, with a cast if it is text.

        PostgreSQL compares varchar with the operators of text, unless another role has made one that fits better.
        """
        return self._comparable(super().compared(column), column)

    def _comparable(self, value: str, column: Column[Any]) -> str:
        kind = self._text_type(column)
        return value if kind is None else f"CAST({value} AS {kind})"

    def _type_of(self, column: Column[Any]) -> str:
        return self._text_type(column) or column.type.compile(self.dialect)

    def _text_type(self, column: Column[Any]) -> str | None:
        """Return the type as which a column of text is compared; None if it is not text."""
        kind = column.type.dialect_impl(self.dialect)
        if not isinstance(getattr(kind, "impl_instance", kind), String):
            return None
        # As text, 'abc' and 'abc ' differ; to the unique index of a column of characters they are the same.
        return "bpchar" if column.type.compile(self.dialect).startswith("CHAR") else "text"

    def table_options(self, table: Table) -> str:
        """Return nothing: all tables are strict."""
        return ""

    def seconds_statements(self, table: Table, counted: Collection[str]) -> list[str]:
        """Return statements that change the types of the columns."""
        quote = self.dialect.identifier_preparer
        name = quote.format_table(table)
        return [
            f"ALTER TABLE {name} ALTER COLUMN {quote.quote(column)} TYPE double precision "
            f"USING CAST(CAST({quote.quote(column)} AS numeric) / CAST({A_SECOND} AS numeric) AS double precision)"
            for column in sorted(counted)
        ]

    def protecting_statements(self, table: Table) -> dict[str, list[str]]:
        """Return the statements of one trigger and its function, which is in the table's schema; see the base class."""
        quote = self.dialect.identifier_preparer
        name, trigger = quote.format_table(table), quote.quote(f"{table.name}_protected")
        function = name.removesuffix(quote.quote(table.name)) + trigger
        return {
            f"{table.name}_protected": [
                f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{PROTECTED}'; END $$",
                f"DROP TRIGGER IF EXISTS {trigger} ON {name}",
                # For a whole statement, because TRUNCATE has no rows.
                f"CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
                # Otherwise session_replication_role would switch it off.
                f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger}",
            ]
        }

    def rows_at(self, at_one_place: str, everywhere: str, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return a select by arrays, one for each column of the place."""
        name = self.dialect.identifier_preparer.format_table(table)
        arrays = ", ".join(map(self._unnested, place))
        given = [f"given_{number}" for number in range(len(place))]
        equal = (
            f"{self._comparable(f'{name}.{quoted}', column)} = place.{value}"
            for quoted, column, value in zip(self._names(place), place, given, strict=True)
        )
        return f"{everywhere} JOIN ROWS FROM ({arrays}) AS place ({', '.join(given)}) ON {' AND '.join(equal)}"

    def last_positions(self, table: Table, place: Sequence[Column[Any]]) -> str:
        """Return a select by an array of ids."""
        position = self._names(place)[1]
        name = self.dialect.identifier_preparer.format_table(table)
        # Not max(), which some types, such as uuid, do not have.
        return (
            f"SELECT (SELECT {position} FROM {name} WHERE {self.compared(place[0])} = given.id "
            f"AND {position} IS NOT NULL ORDER BY {position} DESC LIMIT 1) "
            f"FROM {self._unnested(place[0])} WITH ORDINALITY AS given (id, rank) ORDER BY rank"
        )

    def json_fragment(self, condition: FieldCondition, data: str) -> Fragment | None:
        """Return a condition on a column of JSON as SQL; see the base class."""
        # Loaded here, because few commands have conditions.
        from esjournal.infrastructure.sqlalchemy.postgresql import postgresqlconditions

        if self._server_version() < postgresqlconditions.CHECKS_JSON:
            return None
        return postgresqlconditions.json_fragment(condition, data)

    def _unnested(self, column: Column[Any]) -> str:
        return f"pg_catalog.unnest(CAST({self.mark} AS {self._type_of(column)}[]))"

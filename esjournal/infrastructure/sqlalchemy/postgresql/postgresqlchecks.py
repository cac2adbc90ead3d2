"""The checks of a journal that PostgreSQL does itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from sqlalchemy import Table

from esjournal.domain.findings import Finding, FindingKind
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.postgresql import citus
from esjournal.infrastructure.sqlalchemy.reports.storechecks import StoreChecks
from esjournal.infrastructure.sqlalchemy.reports.tableshape import Shape

_COLUMNS = """
    SELECT attname, pg_catalog.format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    FROM pg_catalog.pg_attribute
    WHERE attrelid = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid) AND attnum > 0 AND NOT attisdropped
"""
_INDEXES = """
    SELECT relname, CASE WHEN indisunique THEN 'unique ' ELSE '' END || '(' ||
        (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(indexrelid, number, true), ', ' ORDER BY number)
         FROM pg_catalog.generate_series(1, indnkeyatts::integer) AS number) || ')' ||
        CASE WHEN indpred IS NULL THEN '' ELSE ' where ...' END ||
        CASE WHEN indisvalid AND indisready THEN '' ELSE ' not valid' END
    FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid)
"""


class PostgreSQLChecks(StoreChecks):
    """The checks of a journal in PostgreSQL; its indexes are checked if the extension amcheck is installed."""

    # Qualified, because lag accepts any type, and another schema's function for this type would be preferred.
    _LAG: ClassVar[str] = "pg_catalog.lag"

    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        """Return the check of the indexes."""
        return nullcontext(self._damaged_indexes())

    def unreadable(self) -> str | None:
        """Return which column has a type for which another role could have made the operators; None if none has."""
        dialect = self._session.engine.dialect
        for table in self._tables:
            name = dialect.identifier_preparer.format_table(table)
            with self._session.connection() as connection:
                found = dict(connection.execute(_COLUMNS, (name,)).fetchall())
            for column in table.columns:
                expected = column.type.compile(dialect).lower()
                there = found.get(column.name, expected).removesuffix(" not null")
                if expected in ("bigint", "uuid") and there != expected:
                    return f"the column {column.name} of {table.name} is {there}, and not {expected}"
        return None

    def own_check(self) -> str | None:
        """Return which check of amcheck is made."""
        if self._amcheck()[0] is None:
            return None
        return "bt_index_check" if self._quick else "bt_index_check with heapallindexed"

    def unchecked(self) -> str | None:
        """Return why the indexes are not checked; None if they are."""
        return self._amcheck()[1]

    def _shape(self, connection: Any, table: Table) -> Shape:
        name = (self._session.engine.dialect.identifier_preparer.format_table(table),)
        columns = dict(connection.execute(_COLUMNS, name).fetchall())
        return Shape(columns, dict(connection.execute(_INDEXES, name).fetchall()), frozenset())

    def _damaged_indexes(self) -> Iterator[Finding]:
        check_index, _ = self._amcheck()
        for oid, name in self._indexes() if check_index else ():
            try:
                with self._session.connection() as connection:
                    # The second argument: whether to look for each row of the table in the index.
                    connection.execute(f"SELECT {check_index}(%s::oid::regclass, %s)", (oid, not self._quick))
            except StoreDamaged as error:
                yield Finding(FindingKind.INTEGRITY, name, error.reason)

    def _amcheck(self) -> tuple[str | None, str | None]:
        """Return the function that checks an index, and the reason if there is none."""
        with self._session.connection() as connection:
            if citus.is_elsewhere(connection, self._name):
                return None, f"indexes were not checked, because Citus keeps the rows of {self._name} on another server"
            row = connection.execute(
                "SELECT called, pg_catalog.has_schema_privilege(extnamespace, 'usage') AND "
                "pg_catalog.has_function_privilege(called || '(regclass, boolean)', 'execute') "
                "FROM (SELECT pg_catalog.quote_ident(nspname::text) || '.bt_index_check' AS called, extnamespace "
                "FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace ON pg_namespace.oid = extnamespace "
                "WHERE extname = 'amcheck') AS extension"
            ).fetchone()
        if row is None:
            return None, "indexes were not checked, because the extension amcheck is not installed"
        function, is_permitted = row
        if not is_permitted:
            return None, f"indexes were not checked, because this user may not execute {function}"
        return function, None

    def _indexes(self) -> list[tuple[int, str]]:
        quote = self._session.engine.dialect.identifier_preparer
        names = [quote.format_table(table) for table in self._tables]
        with self._session.connection() as connection:
            rows: list[tuple[int, str]] = connection.execute(
                "SELECT indexrelid, relname FROM pg_catalog.pg_index "
                "JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid JOIN pg_catalog.pg_am ON pg_am.oid = relam "
                "WHERE indrelid IN (SELECT CAST(pg_catalog.to_regclass(name) AS oid) "
                "FROM pg_catalog.unnest(CAST(%s AS text[])) AS named (name)) "
                "AND amname = 'btree' AND indisvalid ORDER BY relname",
                (names,),
            ).fetchall()
        return rows

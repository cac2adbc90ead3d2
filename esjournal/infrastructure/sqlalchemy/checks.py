"""What a database itself can find wrong in a journal: lost positions, gaps in versions, damage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Table

from esjournal.domain.model.findings import Finding, counted, span
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.besidereading import FindingsBeside
from esjournal.infrastructure.sqlalchemy.schema import identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.shapes import shape_findings
from esjournal.infrastructure.sqlalchemy.statements import GLOBAL_POSITION

# A check takes a driver connection.
Check = Callable[[Any], Iterator[Finding]]

# The name of what is damaged, where the database does not say more exactly.
_WHOLE = "database"
_FIRST_POSITION = 1
# Who numbers from 0 and who numbers from 1 both begin at the beginning.
_LAST_FIRST_VERSION = 1
_TAKEN_TWICE_SHOWN = 1_000


def checks_of(session: Session, table: Table) -> StoreChecks:
    """Return the checks of a session's database.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """
    kind: type[StoreChecks] = _SQLiteChecks if session.engine.dialect.name == "sqlite" else _PostgreSQLChecks
    return kind(session, table)


class StoreChecks(ABC):
    """The checks that are statements; what is found comes one at a time, however much it is.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._table = table
        quote = session.engine.dialect.identifier_preparer
        self._name = quote.format_table(table)
        self._id, self._version = map(quote.quote, place_names(table))

    def shape(self) -> Iterator[Finding]:
        """Yield what is wrong with tables and indexes, and what no reader sees because of it."""
        found = [finding for table in (identity_table, self._table) for finding in shape_findings(self._session, table)]
        yield from found
        if any(finding.kind == "index" for finding in found):
            yield from self._run(self._positions_taken_twice)

    def positions_outside(self) -> Iterator[Finding]:
        """Yield positions where no reader looks, and those behind the last event whose events are gone."""
        return self._run(self._positions_before_the_first)

    @abstractmethod
    def long_checks(self) -> AbstractContextManager[Iterator[Finding]]:
        """Return the checks that read everything, to be gone through when the events have been read."""

    def unchecked(self) -> str | None:
        """Say which check of the database is not made, and why; None where all are."""
        return None

    def _run(self, check: Check) -> Iterator[Finding]:
        try:
            with self._session.connection() as connection:
                yield from check(connection)
        except StoreDamaged as error:
            yield Finding("integrity", _WHOLE, error.reason)

    def _positions_before_the_first(self, connection: Any) -> Iterator[Finding]:
        count, first, last = connection.execute(
            f"SELECT count(*), min({GLOBAL_POSITION}), max({GLOBAL_POSITION}) FROM {self._name} "
            f"WHERE {GLOBAL_POSITION} < {_FIRST_POSITION}"
        ).fetchone()
        if count:
            yield Finding("bad-position", span(first, last), f"{counted(count, 'event')} where no reader looks")

    def _positions_taken_twice(self, connection: Any) -> Iterator[Finding]:
        rows = connection.execute(
            f"SELECT {GLOBAL_POSITION}, count(*) FROM {self._name} GROUP BY {GLOBAL_POSITION} "
            f"HAVING count(*) > 1 ORDER BY {GLOBAL_POSITION} LIMIT {_TAKEN_TWICE_SHOWN}"
        ).fetchall()
        for position, count in rows:
            yield Finding("bad-position", str(position), f"{count} events have this position")

    def _breaks_in_versions(self, connection: Any) -> Iterator[Finding]:
        # That a sequence is whole is told by its first, its last and its number of events, which the index gives fast:
        # comparing each version of 3 million with the one before takes 3.4 seconds, and this 0.8.
        # Numeric, because the distance of two bad versions may be beyond a bigint.
        statement = (
            f"WITH broken AS (SELECT {self._id} FROM {self._name} GROUP BY {self._id} "
            f"HAVING CAST(max({self._version}) AS numeric) - min({self._version}) <> count(*) - 1 "
            f"OR min({self._version}) > {_LAST_FIRST_VERSION}) "
            f"SELECT CAST({self._id} AS text), previous, {self._version} FROM "
            f"(SELECT {self._id}, {self._version}, "
            f"lag({self._version}) OVER (PARTITION BY {self._id} ORDER BY {self._version}) AS previous "
            f"FROM {self._name} WHERE {self._id} IN (SELECT {self._id} FROM broken)) AS places "
            f"WHERE (previous IS NULL AND {self._version} > {_LAST_FIRST_VERSION}) OR {self._version} - 1 <> previous"
        )
        for sequence_id, previous, version in self._streamed(connection, statement):
            if version == previous:
                yield Finding("conflict", f"{sequence_id}@{version}", "two events have this version")
                continue
            # A bad version before 0 is a finding of its own.
            first = 0 if previous is None else max(previous + 1, 0)
            if first < version:
                before = "the sequence begins with" if previous is None else f"version {previous} is followed by"
                yield Finding("missing-version", f"{sequence_id}@{span(first, version - 1)}", f"{before} {version}")

    @abstractmethod
    def _streamed(self, connection: Any, statement: str) -> Iterator[Any]:
        """Yield the rows of a statement one at a time."""


class _SQLiteChecks(StoreChecks):
    def long_checks(self) -> AbstractContextManager[Iterator[Finding]]:
        checks = [self._integrity, self._breaks_in_versions]
        if self._session.is_shared:
            return FindingsBeside(self._session, checks)
        return nullcontext(finding for check in checks for finding in self._run(check))

    def positions_outside(self) -> Iterator[Finding]:
        yield from super().positions_outside()
        yield from self._run(self._positions_behind_the_last)

    def _integrity(self, connection: Any) -> Iterator[Finding]:
        # It looks up each row in each index: with SQLite's own 2 MB of cache that takes twice as long.
        self._session.prepare_for_many_rows(connection)
        for (text,) in connection.execute("PRAGMA integrity_check"):
            # A text may be several lines, the first of which is a heading.
            for line in text.splitlines():
                if line != "ok" and not line.startswith("***"):
                    yield Finding("integrity", _WHOLE, line)

    def _positions_behind_the_last(self, connection: Any) -> Iterator[Finding]:
        last, given_out = connection.execute(
            f"SELECT (SELECT coalesce(max({GLOBAL_POSITION}), 0) FROM {self._name}), "
            f"(SELECT max(seq) FROM sqlite_sequence WHERE name = ?)",
            (self._table.name,),
        ).fetchone()
        if given_out is not None and given_out > last:
            yield Finding(
                "missing-position",
                span(last + 1, given_out),
                f"{counted(given_out - last, 'event')} missing at the end",
            )

    def _streamed(self, connection: Any, statement: str) -> Iterator[Any]:
        yield from connection.execute(statement)


class _PostgreSQLChecks(StoreChecks):
    def long_checks(self) -> AbstractContextManager[Iterator[Finding]]:
        return nullcontext(self._long_checks())

    def unchecked(self) -> str | None:
        return self._amcheck()[1]

    def _long_checks(self) -> Iterator[Finding]:
        check_index, _ = self._amcheck()
        for table in (identity_table, self._table) if check_index else ():
            for oid, name in self._indexes(table):
                try:
                    with self._session.connection() as connection:
                        # With every row of the table held against the index.
                        connection.execute(f"SELECT {check_index}(%s::oid::regclass, true)", (oid,))
                except StoreDamaged as error:
                    yield Finding("integrity", name, error.reason)
        yield from self._run(self._breaks_in_versions)

    def _amcheck(self) -> tuple[str | None, str | None]:
        """Return the function that checks an index, or why there is none."""
        with self._session.connection() as connection:
            row = connection.execute(
                "SELECT quote_ident(nspname) || '.bt_index_check', has_schema_privilege(nspname, 'usage') AND "
                "has_function_privilege(quote_ident(nspname) || '.bt_index_check(regclass, boolean)', 'execute') "
                "FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'amcheck'"
            ).fetchone()
        if row is None:
            return None, "indexes were not checked, because the extension amcheck is not installed"
        function, is_permitted = row
        if not is_permitted:
            return None, f"indexes were not checked, because this user may not execute {function} of amcheck"
        return function, None

    def _indexes(self, table: Table) -> list[tuple[int, str]]:
        name = self._session.engine.dialect.identifier_preparer.format_table(table)
        with self._session.connection() as connection:
            rows: list[tuple[int, str]] = connection.execute(
                "SELECT indexrelid, relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
                "JOIN pg_am ON pg_am.oid = relam "
                "WHERE indrelid = to_regclass(%s) AND amname = 'btree' AND indisvalid ORDER BY relname",
                (name,),
            ).fetchall()
        return rows

    def _streamed(self, connection: Any, statement: str) -> Iterator[Any]:
        with connection.cursor() as cursor:
            yield from cursor.stream(statement)

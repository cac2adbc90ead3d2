"""The checks of a journal that the database does itself: lost positions, gaps in versions, damage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import Table

from esjournal.domain.findings import INTEGRITY, Finding
from esjournal.domain.text import counted, span
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.reports.tableshape import shape_findings
from esjournal.infrastructure.sqlalchemy.schema import identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.sqlite.integrity import WHOLE, IntegrityBeside, integrity_findings

_FIRST_POSITION = 1
# Sequences may begin with version 0 or 1.
_LAST_FIRST_VERSION = 1


def checks_of(session: Session, table: Table) -> StoreChecks:
    """Return the checks of a session's database.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """
    kind: type[StoreChecks] = _SQLiteChecks if session.engine.dialect.name == "sqlite" else _PostgreSQLChecks
    return kind(session, table)


class StoreChecks(ABC):
    """The checks in SQL; findings are read a few rows at a time, however many there are.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
    """

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._tables = (identity_table, table)
        quote = session.engine.dialect.identifier_preparer
        self._name = quote.format_table(table)
        self._id, self._version = map(quote.quote, place_names(table))
        # Qualified, because lag accepts any type, and another schema's function for this type would be preferred.
        self._lag = "lag" if session.engine.dialect.name == "sqlite" else "pg_catalog.lag"

    def shape(self) -> Iterator[Finding]:
        """Yield what is wrong with tables and indexes, and the consequences."""
        found = [finding for table in self._tables for finding in shape_findings(self._session, table)]
        yield from found
        if any(finding.kind == "index" for finding in found):
            yield from _as_findings(self._positions_taken_twice)

    def positions(self) -> Iterator[Finding]:
        """Yield the positions that no reader finds, and on SQLite events missing at the end."""
        return _as_findings(self._positions_before_the_first)

    def versions(self) -> Iterator[Finding]:
        """Yield the gaps in the versions of sequences, and the versions that two events have."""
        return _as_findings(self._breaks_in_versions)

    @abstractmethod
    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        """Return the database's own check; it may run in the background from its entry until its findings are read."""

    def unchecked(self) -> str | None:
        """Return which check of the database is not made, and why; None if all are."""
        return None

    def _positions_before_the_first(self) -> Iterator[Finding]:
        with self._session.connection() as connection:
            count, first, last = connection.execute(
                f"SELECT count(*), min({GLOBAL_POSITION}), max({GLOBAL_POSITION}) FROM {self._name} "
                f"WHERE {GLOBAL_POSITION} < {_FIRST_POSITION}"
            ).fetchone()
        if count:
            yield Finding(
                "bad-position", span(first, last), f"{counted(count, 'event')} at positions that no command reads"
            )

    def _positions_taken_twice(self) -> Iterator[Finding]:
        statement = (
            f"SELECT {GLOBAL_POSITION}, count(*) FROM {self._name} GROUP BY {GLOBAL_POSITION} "
            f"HAVING count(*) > 1 ORDER BY {GLOBAL_POSITION}"
        )
        for rows in self._session.rows_streamed(statement, ()):
            for position, count in rows:
                yield Finding("bad-position", str(position), f"{counted(count, 'event')} have this position")

    def _breaks_in_versions(self) -> Iterator[Finding]:
        # The first version, the last version and the number of events show whether a sequence is whole, and the index
        # has all three: SQLite takes 0.8 seconds for 3 million events, and 3.4 to compare each version with the one
        # before. Numeric, because the distance of two bad versions may be beyond a bigint.
        statement = (
            f"WITH broken AS (SELECT {self._id} FROM {self._name} GROUP BY {self._id} "
            f"HAVING CAST(max({self._version}) AS numeric) - CAST(min({self._version}) AS numeric) "
            f"<> CAST(count(*) - 1 AS numeric) "
            f"OR min({self._version}) > {_LAST_FIRST_VERSION}) "
            f"SELECT CAST({self._id} AS text), previous, {self._version} FROM "
            f"(SELECT {self._id}, {self._version}, "
            f"{self._lag}({self._version}) OVER (PARTITION BY {self._id} ORDER BY {self._version}) AS previous "
            f"FROM {self._name} WHERE {self._id} IN (SELECT {self._id} FROM broken)) AS places "
            f"WHERE (previous IS NULL AND {self._version} > {_LAST_FIRST_VERSION}) OR {self._version} - 1 <> previous"
        )
        for rows in self._session.rows_streamed(statement, ()):
            for sequence_id, previous, version in rows:
                # A table of SQLite that is not strict may have text as a version, which is another finding.
                if isinstance(version, int) and isinstance(previous, int | None):
                    yield from _break_findings(sequence_id, previous, version)


class _SQLiteChecks(StoreChecks):
    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        return IntegrityBeside(self._session) if self._session.is_shared else nullcontext(_as_findings(self._integrity))

    def positions(self) -> Iterator[Finding]:
        yield from _as_findings(self._positions_after_the_last)
        yield from super().positions()

    def _integrity(self) -> Iterator[Finding]:
        with self._session.connection() as connection:
            yield from integrity_findings(self._session, connection)

    def _positions_after_the_last(self) -> Iterator[Finding]:
        # AUTOINCREMENT stores the last position it assigned.
        with self._session.connection() as connection:
            last, assigned = connection.execute(
                f"SELECT (SELECT coalesce(max({GLOBAL_POSITION}), 0) FROM {self._name}), "
                f"(SELECT max(seq) FROM sqlite_sequence WHERE name = ?)",
                (self._tables[-1].name,),
            ).fetchone()
        if not isinstance(assigned, int | None):
            yield Finding("bad-position", "sqlite_sequence", f"the last assigned position is {assigned!r}")
        elif assigned is not None and assigned > last:
            missing = counted(assigned - last, "event")
            yield Finding("missing-position", span(last + 1, assigned), f"{missing} missing at the end")


class _PostgreSQLChecks(StoreChecks):
    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        return nullcontext(self._damaged_indexes())

    def unchecked(self) -> str | None:
        return self._amcheck()[1]

    def _damaged_indexes(self) -> Iterator[Finding]:
        check_index, _ = self._amcheck()
        for oid, name in self._indexes() if check_index else ():
            try:
                with self._session.connection() as connection:
                    # True: look for each row of the table in the index.
                    connection.execute(f"SELECT {check_index}(%s::oid::regclass, true)", (oid,))
            except StoreDamaged as error:
                yield Finding(INTEGRITY, name, error.reason)

    def _amcheck(self) -> tuple[str | None, str | None]:
        """Return the function that checks an index, and the reason if there is none."""
        with self._session.connection() as connection:
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
                "WHERE indrelid IN (CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid), "
                "CAST(pg_catalog.to_regclass(CAST(%s AS text)) AS oid)) "
                "AND amname = 'btree' AND indisvalid ORDER BY relname",
                names,
            ).fetchall()
        return rows


def _as_findings(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check; a StoreDamaged error becomes a finding too."""
    try:
        yield from check()
    except StoreDamaged as error:
        yield Finding(INTEGRITY, WHOLE, error.reason)


def _break_findings(sequence_id: str, previous: int | None, version: int) -> Iterator[Finding]:
    if version == previous:
        yield Finding("conflict", f"{sequence_id}@{version}", "two events have this version")
        return
    # A version before 0 is another finding.
    first = 0 if previous is None else max(previous + 1, 0)
    if first < version:
        before = "the sequence begins with" if previous is None else f"version {previous} is followed by"
        yield Finding("missing-version", f"{sequence_id}@{span(first, version - 1)}", f"{before} {version}")

"""The checks of a journal that the database does itself: lost positions, gaps in versions, damage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from sqlalchemy import Table

from esjournal.domain.findings import WHOLE, Finding, FindingKind
from esjournal.domain.model.sequencenames import id_of_name, new_name
from esjournal.domain.text import counted, shortened, span
from esjournal.exceptions import InvalidData, StoreDamaged
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.reports.protection import protection_of
from esjournal.infrastructure.sqlalchemy.reports.tableshape import Shape, shape_findings
from esjournal.infrastructure.sqlalchemy.schema import (
    columns_of_version,
    create_statements,
    identity_table,
    index_statements,
    names_table,
    place_names,
)
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.sqlite.sqliteshape import shape_made_by

_FIRST_POSITION = 1
# Sequences may begin with version 0 or 1.
_LAST_FIRST_VERSION = 1


class StoreChecks(ABC):
    """The checks in SQL; findings are read a few rows at a time, however many there are.

    `is_protected` says whether the database refuses to change or delete events, once the shape was checked.

    Args:
        session: a session on the journal.
        table: the journal's table of events.
        quick: whether the database need not look up each row in the indexes.
    """

    # The name of the function in SQL.
    _LAG: ClassVar[str]

    def __init__(self, session: Session, table: Table, *, quick: bool = False) -> None:
        self._session = session
        self._quick = quick
        version = session.schema_version
        # A journal of schema version 1 has no table of names.
        # Known once the shape is checked.
        self.is_protected = False
        self._tables = tuple(each for each in (identity_table, names_table, table) if columns_of_version(each, version))
        quote = session.engine.dialect.identifier_preparer
        self._name = quote.format_table(table)
        self._id, self._version = map(quote.quote, place_names(table))

    def shape(self) -> Iterator[Finding]:
        """Yield what is wrong with tables and indexes, and the consequences."""
        found = [finding for table in self._tables for finding in self._shape_findings(table)]
        yield from found
        yield from self._identity_findings()
        yield from self._protection_findings()
        if any(finding.kind is FindingKind.INDEX for finding in found):
            yield from as_findings(self._positions_taken_twice)

    def _identity_findings(self) -> Iterator[Finding]:
        name = self._session.engine.dialect.identifier_preparer.format_table(identity_table)
        [(count,)] = self._session.rows(f"SELECT count(*) FROM {name}")
        if count > 1:
            # A backup of the data only was restored into a journal that init had just made, for example.
            detail = (
                f"{counted(count, 'row')} and not 1: cursors may belong to any of these journal ids; keep the old one"
            )
            yield Finding(FindingKind.SCHEMA, identity_table.name, detail)

    def _shape_findings(self, table: Table) -> Iterator[Finding]:
        sql = self._session.sql
        with self._session.connection() as connection:
            found = self._shape(connection, table)
        expected = shape_made_by(create_statements(table, sql.without_schema()), table.name)
        if table is identity_table:
            # Those of earlier journals have no key, and nothing relies on it.
            expected = expected._replace(indexes={})
        yield from shape_findings(table.name, found, expected, index_statements(table, sql))

    def _protection_findings(self) -> Iterator[Finding]:
        """Yield what is missing of a protection; a journal without any is sound."""
        protection = protection_of(self._session, self._tables)
        self.is_protected = protection.is_complete
        if protection.present:
            for table, trigger in protection.missing:
                detail = f"the trigger {trigger} is missing or switched off: `esjournal init --protect` makes it"
                yield Finding(FindingKind.SCHEMA, table, detail)

    @abstractmethod
    def _shape(self, connection: Any, table: Table) -> Shape: ...

    def names(self) -> Iterator[Finding]:
        """Yield the names that do not belong to the ids of their sequences, or that no sequence may have."""
        return as_findings(self._bad_names) if names_table in self._tables else iter(())

    def positions(self) -> Iterator[Finding]:
        """Yield the positions that no reader finds, and on SQLite events missing at the end."""
        return as_findings(self._positions_before_the_first)

    def versions(self) -> Iterator[Finding]:
        """Yield the gaps in the versions of sequences, and the versions that two events have."""
        return as_findings(self._breaks_in_versions)

    @abstractmethod
    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        """Return the database's own check; it may run in the background from its entry until its findings are read."""

    @abstractmethod
    def own_check(self) -> str | None:
        """Return which check the database makes, by its own name; None if it makes none."""

    def unreadable(self) -> str | None:
        """Return why reading the events could run code that others put there; None if it could not."""
        return None

    def unchecked(self) -> str | None:
        """Return which check of the database is not made, and why; None if all are."""
        return None

    def _bad_names(self) -> Iterator[Finding]:
        table = self._session.engine.dialect.identifier_preparer.format_table(names_table)
        statement = f"SELECT CAST(originator_id AS text), name FROM {table} ORDER BY originator_id"
        for rows in self._session.rows_streamed(statement, ()):
            for originator_id, name in rows:
                try:
                    named = id_of_name(new_name(name))
                except InvalidData as error:
                    yield Finding(FindingKind.BAD_NAME, originator_id, str(error))
                    continue
                if named != originator_id:
                    detail = f"the name {shortened(name)} belongs to the sequence {named}"
                    yield Finding(FindingKind.BAD_NAME, originator_id, detail)

    def _positions_before_the_first(self) -> Iterator[Finding]:
        with self._session.connection() as connection:
            count, first, last = connection.execute(
                f"SELECT count(*), min({GLOBAL_POSITION}), max({GLOBAL_POSITION}) FROM {self._name} "
                f"WHERE {GLOBAL_POSITION} < {_FIRST_POSITION}"
            ).fetchone()
        if count:
            detail = f"{counted(count, 'event')} at positions that no command reads"
            yield Finding(FindingKind.BAD_POSITION, span(first, last), detail)

    def _positions_taken_twice(self) -> Iterator[Finding]:
        statement = (
            f"SELECT {GLOBAL_POSITION}, count(*) FROM {self._name} GROUP BY {GLOBAL_POSITION} "
            f"HAVING count(*) > 1 ORDER BY {GLOBAL_POSITION}"
        )
        for rows in self._session.rows_streamed(statement, ()):
            for position, count in rows:
                yield Finding(FindingKind.BAD_POSITION, str(position), f"{counted(count, 'event')} have this position")

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
            f"{self._LAG}({self._version}) OVER (PARTITION BY {self._id} ORDER BY {self._version}) AS previous "
            f"FROM {self._name} WHERE {self._id} IN (SELECT {self._id} FROM broken)) AS places "
            f"WHERE (previous IS NULL AND {self._version} > {_LAST_FIRST_VERSION}) OR {self._version} - 1 <> previous"
        )
        for rows in self._session.rows_streamed(statement, ()):
            for sequence_id, previous, version in rows:
                # A table of SQLite that is not strict may have text as a version, which is another finding.
                if isinstance(version, int) and isinstance(previous, int | None):
                    yield from _break_findings(sequence_id, previous, version)


def as_findings(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check; a StoreDamaged error becomes a finding too.

    Args:
        check: the check.
    """
    try:
        yield from check()
    except StoreDamaged as error:
        yield Finding(FindingKind.INTEGRITY, WHOLE, error.reason)


def _break_findings(sequence_id: str, previous: int | None, version: int) -> Iterator[Finding]:
    if version == previous:
        yield Finding(FindingKind.CONFLICT, f"{sequence_id}@{version}", "two events have this version")
        return
    # A version before 0 is another finding.
    first = 0 if previous is None else max(previous + 1, 0)
    if first < version:
        before = "the sequence begins with" if previous is None else f"version {previous} is followed by"
        yield Finding(FindingKind.MISSING_VERSION, f"{sequence_id}@{span(first, version - 1)}", f"{before} {version}")

"""The checks of a journal that SQLite does itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from sqlalchemy import Table

from esjournal.domain.findings import Finding, FindingKind
from esjournal.domain.text import counted, span
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.reports.storechecks import StoreChecks, as_findings
from esjournal.infrastructure.sqlalchemy.reports.tableshape import Shape
from esjournal.infrastructure.sqlalchemy.sqlite.integrity import IntegrityBeside, integrity_findings
from esjournal.infrastructure.sqlalchemy.sqlite.sqliteshape import shape_in_sqlite


class SQLiteChecks(StoreChecks):
    """The checks of a journal in SQLite; its own check runs in the background if it is in a file."""

    _LAG: ClassVar[str] = "lag"

    def integrity(self) -> AbstractContextManager[Iterable[Finding]]:
        """Return SQLite's own check."""
        if self._session.is_shared:
            return IntegrityBeside(self._session, self._check)
        return nullcontext(as_findings(self._integrity))

    def own_check(self) -> str | None:
        """Return which check SQLite makes; a journal that only this process sees is not what anybody asks about."""
        return self._check if self._session.is_shared else None

    @property
    def _check(self) -> str:
        return "quick_check" if self._quick else "integrity_check"

    def positions(self) -> Iterator[Finding]:
        """Yield the positions that no reader finds, and events missing at the end."""
        yield from as_findings(self._positions_after_the_last)
        yield from super().positions()

    def _shape(self, connection: Any, table: Table) -> Shape:
        return shape_in_sqlite(connection, table.name)

    def _integrity(self) -> Iterator[Finding]:
        with self._session.connection() as connection:
            yield from integrity_findings(self._session, connection, self._check)

    def _positions_after_the_last(self) -> Iterator[Finding]:
        # AUTOINCREMENT stores the last position it assigned.
        with self._session.connection() as connection:
            last, assigned = connection.execute(
                f"SELECT (SELECT coalesce(max({GLOBAL_POSITION}), 0) FROM {self._name}), "
                f"(SELECT max(seq) FROM sqlite_sequence WHERE name = ?)",
                (self._tables[-1].name,),
            ).fetchone()
        if not isinstance(assigned, int | None):
            yield Finding(FindingKind.BAD_POSITION, "sqlite_sequence", f"the last assigned position is {assigned!r}")
        elif assigned is not None and assigned > last:
            missing = counted(assigned - last, "event")
            yield Finding(FindingKind.MISSING_POSITION, span(last + 1, assigned), f"{missing} missing at the end")

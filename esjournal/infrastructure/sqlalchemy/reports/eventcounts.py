"""Counts the events of a journal in SQL, up to a global position, so that later events are not counted in part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import Table

from esjournal.domain.periods import Period
from esjournal.infrastructure.sqlalchemy.items.rowclasses import INTEGER, TEXT
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, RECORDED_AT, Row
from esjournal.infrastructure.sqlalchemy.schema import identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Session

_COUNTED = {"event_type": TEXT, RECORDED_AT: TEXT, "number of events": INTEGER}


class EventCounts(ABC):
    """Counts of the events of a journal.

    Args:
        session: the session on the journal.
        table: the table of its recorded events.
        until: the last global position that counts.
    """

    # The number of positions of one statement.
    SPAN: ClassVar[int]

    def __init__(self, session: Session, table: Table, until: int) -> None:
        quote = session.engine.dialect.identifier_preparer
        self._session = session
        self._of = table
        self._until = until
        self._tables = [quote.format_table(each) for each in (table, identity_table)]
        self._table = self._tables[0]
        self._sequence_id, self._version = map(quote.quote, place_names(table))

    def by_type_and_period(self, period: Period) -> Iterator[list[Row]]:
        """Yield rows of event type, name of the period and number of events; a type and period may have several rows.

        Args:
            period: the length of a period.
        """
        select = self._select_by_type_and_period(period)
        after = 0
        while after < self._until:
            end = min(after + self.SPAN, self._until)
            rows = self._session.whole(self._rows(select, after, end), _COUNTED)
            yield rows
            after = end if rows else self._before_the_next(end)

    def _before_the_next(self, position: int) -> int:
        """Return the position before the next event after a position, or the last one that counts."""
        mark = self._session.sql.mark
        statement = f"SELECT min({GLOBAL_POSITION}) FROM {self._table} WHERE {GLOBAL_POSITION} > {mark}"
        [[following]] = self._rows(statement, position)
        return self._until if following is None else int(following) - 1

    def last_version(self, originator_id: str) -> int:
        """Return the last version of a sequence that has events."""
        rows = self._rows(self._select_last_version(), originator_id, self._until)
        [[version]] = self._session.whole(rows, {"originator_version": INTEGER})
        return int(version)

    def _rows(self, select: str, *parameters: Any) -> list[Row]:
        with self._session.connection() as connection:
            rows: list[Row] = connection.execute(select, parameters).fetchall()
        return rows

    @abstractmethod
    def first_and_last_time(self) -> tuple[str, str] | None:
        """Return the earliest and the latest recording time, None if there are no events."""

    @abstractmethod
    def sequences(self, longest: int) -> tuple[int, list[Row]]:
        """Return the number of sequences, and rows of the longest: id and number of events.

        Args:
            longest: the number of rows. Sequences of equal length are sorted by id.
        """

    @abstractmethod
    def bytes_on_disk(self) -> int:
        """Return the size of the journal in bytes, with its indexes."""

    @abstractmethod
    def _select_by_type_and_period(self, period: Period) -> str: ...

    @abstractmethod
    def _select_last_version(self) -> str: ...

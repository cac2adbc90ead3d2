"""Counts the events of a journal in SQL, up to a global position, so that later events are not counted in part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Table, literal_column

from esjournal.domain.periods import Period
from esjournal.infrastructure.sqlalchemy.columntypes import CANONICAL_TIME, within_years
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, Row
from esjournal.infrastructure.sqlalchemy.schema import identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Session


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
            rows = self._session.whole(self._rows(select, after, end))
            yield rows
            after = end if rows else self._before_the_next(end)

    def _before_the_next(self, position: int) -> int:
        """Return the position before the next event after a position, or the last one that counts."""
        mark = "?" if self._session.engine.dialect.paramstyle == "qmark" else "%s"
        statement = f"SELECT min({GLOBAL_POSITION}) FROM {self._table} WHERE {GLOBAL_POSITION} > {mark}"
        [[following]] = self._rows(statement, position)
        return self._until if following is None else int(following) - 1

    def last_version(self, originator_id: str) -> int:
        """Return the last version of a sequence that has events."""
        [[version]] = self._session.whole(self._rows(self._select_last_version(), originator_id, self._until))
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


class SQLiteEventCounts(EventCounts):
    """Counts with short statements, which block nobody.

    A condition on `+global_position` keeps SQLite from reading the rows up to that position. It uses the index of
    another column instead, which also has the positions.
    """

    # SQLite sorts rows to group them, and is fast at sorting few: 3,000,000 events take 1.9 seconds, and 3.5 by 50,000
    # at a time. Counting single rows in Python takes 4.3.
    SPAN = 2_000
    # A page of sequences, in the order of their index.
    _PAGE = 5_000

    def first_and_last_time(self) -> tuple[str, str] | None:
        """Return the earliest and the latest recording time.

        SQLite finds the end of an index at once only if a statement asks for one end, so these are two statements.
        """
        first, last = (
            self._rows(f"SELECT {end}(recorded_at) FROM {self._table} WHERE +{GLOBAL_POSITION} <= ?", self._until)[0][0]
            for end in ("min", "max")
        )
        if first is None:
            return None
        self._session.whole([(first, last)])
        return first, last

    def sequences(self, longest: int) -> tuple[int, list[Row]]:
        """Return the number of sequences, and the longest, from the index of places alone."""
        select = (
            f"SELECT {self._sequence_id}, count(*) FROM {self._table} "
            f"WHERE {self._sequence_id} > ? AND +{GLOBAL_POSITION} <= ? "
            f"GROUP BY {self._sequence_id} ORDER BY {self._sequence_id} LIMIT {self._PAGE}"
        )
        count, after = 0, ""
        found: list[Row] = []
        while page := self._session.whole(self._rows(select, after, self._until)):
            count += len(page)
            after = page[-1][0]
            # The sort is stable, so sequences of equal length stay in the order of their ids.
            found = sorted([*found, *page], key=itemgetter(1), reverse=True)[:longest]
        return count, found

    def bytes_on_disk(self) -> int:
        """Return the bytes of the file and its WAL, or those of a database in memory."""
        if self._session.is_shared:
            file = Path(str(self._session.url.path))
            return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
        [[pages]], [[page_bytes]] = self._rows("PRAGMA page_count"), self._rows("PRAGMA page_size")
        return int(pages * page_bytes)

    def _select_by_type_and_period(self, period: Period) -> str:
        return (
            f"SELECT event_type, substr(recorded_at, 1, {period.characters}), count(*) FROM {self._table} "
            f"WHERE {GLOBAL_POSITION} > ? AND {GLOBAL_POSITION} <= ? GROUP BY 1, 2"
        )

    def _select_last_version(self) -> str:
        return (
            f"SELECT max({self._version}) FROM {self._table} WHERE {self._sequence_id} = ? AND +{GLOBAL_POSITION} <= ?"
        )


class PostgreSQLEventCounts(EventCounts):
    """Counts on a server, which can be interrupted at any time, and lets others write meanwhile."""

    SPAN = 10_000
    _CANONICAL = f"CAST('{CANONICAL_TIME}' AS text)"
    _RECORDED_AT = "pg_catalog.timezone('UTC', {})"

    def first_and_last_time(self) -> tuple[str, str] | None:
        """Return the earliest and the latest recording time."""
        # If both are within the years, so are all between.
        found = (within_years(literal_column(f"{end}(recorded_at)")) for end in ("min", "max"))
        dialect = self._session.engine.dialect
        ends = ", ".join(
            f"pg_catalog.to_char({self._RECORDED_AT.format(end.compile(dialect=dialect))}, {self._CANONICAL})"
            for end in found
        )
        [[first, last]] = self._rows(f"SELECT {ends} FROM {self._table} WHERE {GLOBAL_POSITION} <= %s", self._until)
        return None if first is None else (first, last)

    def sequences(self, longest: int) -> tuple[int, list[Row]]:
        """Return the number of sequences, and the longest.

        It is one statement, which reads the rows in parallel. By pages of the index, which does not have the positions,
        3,000,000 rows take 15 seconds instead of 2.
        """
        rows = self._rows(
            f"SELECT CAST({self._sequence_id} AS text), events, count(*) OVER () FROM "
            f"(SELECT {self._sequence_id}, count(*) AS events FROM {self._table} WHERE {GLOBAL_POSITION} <= %s "
            f"GROUP BY {self._sequence_id}) AS counted ORDER BY events DESC, counted.{self._sequence_id} LIMIT %s",
            self._until,
            longest,
        )
        return (rows[0][2] if rows else 0), [row[:2] for row in rows]

    def bytes_on_disk(self) -> int:
        """Return the bytes of the tables, with their indexes and TOAST tables."""
        sizes = " + ".join(
            "pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(CAST(%s AS text)))" for _ in self._tables
        )
        [[size]] = self._rows(f"SELECT {sizes}", *self._tables)
        return int(size)

    def _select_by_type_and_period(self, period: Period) -> str:
        begin = f"pg_catalog.date_trunc('{period}', {self._RECORDED_AT.format('recorded_at')})"
        return (
            f"SELECT event_type, pg_catalog.left(pg_catalog.to_char({begin}, {self._CANONICAL}), {period.characters}), "
            f"count(*) "
            f"FROM {self._table} WHERE {GLOBAL_POSITION} > %s AND {GLOBAL_POSITION} <= %s GROUP BY event_type, {begin}"
        )

    def _select_last_version(self) -> str:
        return (
            f"SELECT max({self._version}) FROM {self._table} "
            f"WHERE {self._sequence_id} = CAST(%s AS uuid) AND {GLOBAL_POSITION} <= %s"
        )


def event_counts(session: Session, table: Table, until: int) -> EventCounts:
    """Return the counts of a journal on either database."""
    kind = SQLiteEventCounts if session.engine.dialect.name == "sqlite" else PostgreSQLEventCounts
    return kind(session, table, until)

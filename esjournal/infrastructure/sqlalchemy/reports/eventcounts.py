"""Counting what is in a journal, in SQL, up to a global position: what comes meanwhile is not counted by halves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Table, literal_column

from esjournal.domain.periods import Period
from esjournal.infrastructure.sqlalchemy.columntypes import CANONICAL_TIME, within_years
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from esjournal.infrastructure.sqlalchemy.schema import identity_table, place_names
from esjournal.infrastructure.sqlalchemy.session import Session

Row = tuple[Any, ...]


class Counts(ABC):
    """Counts of the events of a journal.

    Args:
        session: the journal's.
        table: the table of its recorded events.
        until: the last global position that counts.
    """

    # How many positions are counted by one statement.
    SPAN: ClassVar[int]

    def __init__(self, session: Session, table: Table, until: int) -> None:
        quote = session.engine.dialect.identifier_preparer
        self._session = session
        self._until = until
        self._tables = [quote.format_table(each) for each in (table, identity_table)]
        self._table = self._tables[0]
        self._sequence_id, self._version = map(quote.quote, place_names(table))

    def by_type_and_period(self, period: Period) -> Iterator[list[Row]]:
        """Yield rows of an event type, a period's name and a number of events; types and periods come again and again.

        Args:
            period: how long.
        """
        select = self._select_by_type_and_period(period)
        after = 0
        while after < self._until:
            end = min(after + self.SPAN, self._until)
            rows = self._session.whole(self._rows(select, after, end))
            yield rows
            after = end if rows else self._before_the_next(end)

    def _before_the_next(self, position: int) -> int:
        """Return the position before that of the next event after a position, or the last one that counts."""
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
        """Return when the first and when the last event was recorded by the clock, None where there are no events."""

    @abstractmethod
    def sequences(self, longest: int) -> tuple[int, list[Row]]:
        """Return how many sequences there are, and rows of the longest: their ids and numbers of events.

        Args:
            longest: how many rows; of sequences that are as long, those come first whose id is smaller.
        """

    @abstractmethod
    def bytes_on_disk(self) -> int:
        """Return how many bytes the journal takes, with its indexes."""

    @abstractmethod
    def _select_by_type_and_period(self, period: Period) -> str: ...

    @abstractmethod
    def _select_last_version(self) -> str: ...


class SQLiteCounts(Counts):
    """Counts by short statements, which hold nobody up.

    Where a position is only compared as `+global_position`, SQLite takes the index of something else, which holds the
    positions too, instead of the rows up to there.
    """

    # What SQLite sorts to group it, it sorts fast while it is little: 3,000,000 events take 1.9 seconds, and 3.5 by
    # 50,000 at a time. Python counts single rows in 4.3.
    SPAN = 2_000
    # A page of sequences, in the order of their index.
    _PAGE = 5_000

    def first_and_last_time(self) -> tuple[str, str] | None:
        """Return when the first and when the last event was recorded; in two statements, because each end of an index
        is found at once only by itself.
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
        """Return how many sequences there are, and the longest, from the index of places alone."""
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
            # The sort is stable: pages come in the order of the ids, and stay so among equals.
            found = sorted([*found, *page], key=itemgetter(1), reverse=True)[:longest]
        return count, found

    def bytes_on_disk(self) -> int:
        """Return the bytes of the file and of the write-ahead log beside it, or those of a database in memory."""
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


class PostgreSQLCounts(Counts):
    """Counts on a server: it can be interrupted at any time, and lets others write meanwhile."""

    SPAN = 10_000
    _CANONICAL = f"CAST('{CANONICAL_TIME}' AS text)"
    _RECORDED_AT = "pg_catalog.timezone('UTC', {})"

    def first_and_last_time(self) -> tuple[str, str] | None:
        """Return when the first and when the last event was recorded."""
        # Where both ends can be said, so can all between.
        found = (within_years(literal_column(f"{end}(recorded_at)")) for end in ("min", "max"))
        dialect = self._session.engine.dialect
        ends = ", ".join(
            f"pg_catalog.to_char({self._RECORDED_AT.format(end.compile(dialect=dialect))}, {self._CANONICAL})"
            for end in found
        )
        [[first, last]] = self._rows(f"SELECT {ends} FROM {self._table} WHERE {GLOBAL_POSITION} <= %s", self._until)
        return None if first is None else (first, last)

    def sequences(self, longest: int) -> tuple[int, list[Row]]:
        """Return how many sequences there are, and the longest.

        In one statement, which reads the rows in parallel: by pages of the index, which does not hold the positions,
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
        """Return the bytes of the tables, with their indexes and what does not fit into rows."""
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


def counts(session: Session, table: Table, until: int) -> Counts:
    """Return the counts of a journal, on whichever database it is."""
    kind = SQLiteCounts if session.engine.dialect.name == "sqlite" else PostgreSQLCounts
    return kind(session, table, until)

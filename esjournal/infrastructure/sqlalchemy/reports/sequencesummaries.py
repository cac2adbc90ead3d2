"""Summaries of a journal's sequences: the first and the last event of each is looked up, or all events are sorted.

The events of a sequence usually lie far from each other, so looking up two of them reads two pages. In SQLite, looking
up a million sequences of three events takes 10 seconds of processor time, and sorting their events 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Table, select

from esjournal.domain.choices import SequenceOrder
from esjournal.domain.model.typepatterns import Patterns
from esjournal.infrastructure.sqlalchemy.items.conditions import Fragment, of_texts
from esjournal.infrastructure.sqlalchemy.items.rowclasses import INTEGER, OPTIONAL_TEXT, TEXT
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, RECORDED_AT, Row
from esjournal.infrastructure.sqlalchemy.schema import names_table
from esjournal.infrastructure.sqlalchemy.session import STREAMED_ROWS, Session

_RANKS = {
    SequenceOrder.ID: "originator_id",
    SequenceOrder.NAME: "name NULLS LAST, originator_id",
    SequenceOrder.EVENTS: "count(*) DESC, originator_id",
    SequenceOrder.FIRST: f"min({GLOBAL_POSITION})",
    SequenceOrder.LAST: f"max({GLOBAL_POSITION}) DESC",
}

_SUMMARY = {
    "originator_id": TEXT,
    "number of events": INTEGER,
    "originator_version": INTEGER,
    "last originator_version": INTEGER,
    "event_type": TEXT,
    "first recorded_at": TEXT,
    "last recorded_at": TEXT,
    "name": OPTIONAL_TEXT,
}
_NAMED = {"originator_id": TEXT, "name": TEXT}


class Sequences:
    """The sequences of a table of stored events.

    Args:
        session: the session of the store.
        table: the table of a record class for stored events.
        has_names: whether any sequence has a name.
    """

    def __init__(self, session: Session, table: Table, *, has_names: bool) -> None:
        self._session = session
        self._dialect = session.engine.dialect
        self._mark = session.sql.mark
        self._table = table
        self._names = self._dialect.identifier_preparer.format_table(names_table) if has_names else None

    def types(self) -> list[str]:
        """Return every event type that occurs; this reads all rows."""
        with self._session.connection() as connection:
            rows = connection.execute(self._select("event_type", distinct=True)).fetchall()
        return [found for (found,) in rows]

    def summary_rows(
        self,
        first: str,
        last: str,
        types: Sequence[str] | None,
        names: Patterns,
        order: SequenceOrder,
        limit: int,
        *,
        after_first: bool = False,
        until: int | None = None,
    ) -> Iterator[list[Row]]:
        """Yield the summaries of sequences, as rows of the fields of SequenceSummary, some hundreds at a time.

        Args:
            first: the id to begin with.
            last: the id to end with.
            types: only sequences with an event of one of these types; None for all.
            names: only sequences with one of these names, and perhaps others.
            order: the sort order; equal ones are sorted by id.
            limit: the largest number of summaries.
            after_first: whether to begin after the first id, and not with it.
            until: the last global position of the events that count; None for all.
        """
        begin = ">" if after_first else ">="
        up_to, given_until = ("", ()) if until is None else (f"AND {self._up_to} ", (until,))
        of_types = ""
        if types is not None:
            marks = ", ".join([self._mark] * len(types))
            of_types = f"AND originator_id IN (SELECT originator_id FROM {self._from} WHERE event_type IN ({marks})) "
        of_names, given_names = self._of_names(names)
        columns, joined = self._joined() if self._session.sql.joins_keep_order else (self._looked_up(), "")
        # The outer query only adds columns to the sequences within the limit, so the order stays.
        statement = (
            "SELECT CAST(sequence.id AS text), sequence.events, sequence.first, sequence.last, "
            f"{columns}, sequence.name "
            "FROM (SELECT originator_id AS id, count(*) AS events, min(originator_version) AS first, "
            f"max(originator_version) AS last, {self._name_of_sequence()} AS name FROM {self._from} "
            f"WHERE originator_id {begin} {self._id_mark} AND originator_id <= {self._id_mark} "
            f"{up_to}{of_types}{of_names}"
            f"GROUP BY originator_id ORDER BY {_RANKS[order]} LIMIT {self._mark}) AS sequence{joined}"
        )
        self._session.check_ids(self._table)
        parameters = (first, last, *given_until, *(types or ()), *given_names, limit)
        for rows in self._session.rows_streamed(statement, parameters):
            yield self._session.whole(rows, _SUMMARY)

    def sorted_summary_rows(self, after: str, last: str, until: int) -> Iterator[list[Row]]:
        """Yield the summaries of all sequences between two ids, as `summary_rows` does, by sorting their events.

        The first row comes when all events are sorted. The sort takes room in the database's temporary files.

        Args:
            after: the id after which to begin.
            last: the id to end with.
            until: the last global position of the events that count.
        """
        # An id in a damaged page may be NULL, and must not be left out. SQLite assumes that the bare column is not NULL
        # and skips such a condition; the cast makes it test. There is no LIMIT, with which SQLite inserts each row into
        # a tree in place of its faster sorter, and no join of names, which would be looked up before the sort.
        statement = (
            f"{self._select('originator_id', 'originator_version', 'event_type', RECORDED_AT)}"
            f"{self._session.sql.by_no_index} WHERE {GLOBAL_POSITION} <= {self._mark} "
            f"AND (originator_id > {self._id_mark} AND originator_id <= {self._id_mark} "
            "OR CAST(originator_id AS text) IS NULL) "
            f"ORDER BY {self._name('originator_id')}, {self._name('originator_version')}"
        )
        self._session.check_ids(self._table)
        events = chain.from_iterable(self._session.rows_streamed(statement, (until, after, last)))
        summaries = _summaries(events)
        while rows := self._session.whole(list(islice(summaries, STREAMED_ROWS)), _SUMMARY):
            yield self._named(rows)

    def _named(self, rows: list[Row]) -> list[Row]:
        """Return rows of sequences, sorted by id, with the names of the sequences."""
        if self._names is None:
            return rows
        select = (
            f"SELECT CAST(originator_id AS text), name FROM {self._names} "
            f"WHERE originator_id BETWEEN {self._id_mark} AND {self._id_mark}"
        )
        found = self._session.rows(select, (rows[0][0], rows[-1][0]))
        names: dict[str, str] = dict(self._session.whole(found, _NAMED))
        return [(*row[:-1], names.get(row[0])) for row in rows]

    def _name_of_sequence(self) -> str:
        if self._names is None:
            return "CAST(NULL AS text)"
        name = f"name{self._session.sql.in_order_of_bytes}"
        return f"(SELECT {name} FROM {self._names} AS named WHERE named.originator_id = {self._name('originator_id')})"

    def _of_names(self, names: Patterns) -> Fragment:
        if not names:
            return "", ()
        if self._names is None:
            return "AND FALSE ", ()
        fragment, values = of_texts("name", names.whole, names.with_magic, self._mark)
        return f"AND originator_id IN (SELECT originator_id FROM {self._names} WHERE {fragment}) ", values

    def _joined(self) -> tuple[str, str]:
        """Return the columns of the first and the last event of a sequence, and the joins that find these events.

        Each is found once: a million sequences take 8.6 seconds of SQLite, and 10 with a query for each column.
        """
        first, last = (
            f" LEFT JOIN {self._from} AS {version}_event ON {version}_event.originator_id = sequence.id "
            f"AND {version}_event.originator_version = sequence.{version}"
            for version in ("first", "last")
        )
        return f"last_event.event_type, first_event.{RECORDED_AT}, last_event.{RECORDED_AT}", first + last

    def _looked_up(self) -> str:
        """Return queries for the same columns."""
        return (
            f"({self._event('event_type', 'last')}), ({self._event(RECORDED_AT, 'first')}), "
            f"({self._event(RECORDED_AT, 'last')})"
        )

    def _event(self, column: str, version: str) -> str:
        return (
            f"{self._select(column)} WHERE {self._name('originator_id')} = sequence.id "
            f"AND {self._name('originator_version')} = sequence.{version}"
        )

    @property
    def _up_to(self) -> str:
        # With a plus, so that SQLite does not search the events by their positions, but their index by the ids.
        return f"+{GLOBAL_POSITION} <= {self._mark}"

    @property
    def _from(self) -> str:
        return self._dialect.identifier_preparer.format_table(self._table)

    @property
    def _id_mark(self) -> str:
        return f"CAST({self._mark} AS {self._column('originator_id').type.compile(self._dialect)})"

    def _column(self, name: str) -> Column[Any]:
        return self._table.columns[name]

    def _name(self, column: str) -> str:
        # With the table's name, because on PostgreSQL the bare name would mean the selected text.
        return f"{self._from}.{column}"

    def _select(self, *columns: str, distinct: bool = False) -> str:
        statement = select(*map(self._column, columns))
        return str((statement.distinct() if distinct else statement).compile(dialect=self._dialect))


def _summaries(events: Iterable[Row]) -> Iterator[Row]:
    """Yield a row for each sequence, without a name, from its events in the order of their versions."""
    for sequence_id, of_one in groupby(events, itemgetter(0)):
        first = last = next(of_one)
        count = 1
        # A sequence may have any number of events, so they are not put into a list.
        for last in of_one:  # noqa: B007, B031 - used after the loop; the first one has been taken
            count += 1
        yield sequence_id, count, first[1], last[1], last[2], first[3], last[3], None

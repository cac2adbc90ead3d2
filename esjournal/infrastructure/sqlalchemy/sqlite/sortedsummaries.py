"""Summaries of many short sequences in SQLite, from one pass through the table and a sort.

The events of a sequence usually lie far from each other. To look up the first and the last one takes two reads of a
page each time: a million sequences of three events take 10 seconds of processor time, and 5 sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from operator import itemgetter

from sqlalchemy import Table

from esjournal.infrastructure.sqlalchemy.items.rowclasses import TEXT
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, RECORDED_AT, Row
from esjournal.infrastructure.sqlalchemy.reports.sequencesummaries import SUMMARY
from esjournal.infrastructure.sqlalchemy.schema import names_table
from esjournal.infrastructure.sqlalchemy.session import STREAMED_ROWS, Session

_NAMED = {"originator_id": TEXT, "name": TEXT}


def sorted_summary_rows(
    session: Session, table: Table, after: str, last: str, *, until: int, has_names: bool
) -> Iterator[list[Row]]:
    """Yield the summaries of sequences, as `Sequences.summary_rows` does, sorted by id.

    Nothing comes before all events are sorted, which takes room in the folder for temporary files.

    Args:
        session: the session of a SQLite store.
        table: the table of a record class for stored events.
        after: the id after which to begin.
        last: the id to end with.
        until: the last global position of the events that count.
        has_names: whether any sequence has a name.
    """
    # An id in a damaged page may be NULL, and must not be left out. A limit, or names that are joined, would take the
    # place of SQLite's fast sort: with `LIMIT -1`, it inserts each row into a tree.
    statement = (
        f"SELECT originator_id, originator_version, event_type, {RECORDED_AT} FROM {session.table_name(table.name)} "
        f"NOT INDEXED WHERE {GLOBAL_POSITION} <= ? "
        "AND (originator_id > ? AND originator_id <= ? OR typeof(originator_id) <> 'text') "
        "ORDER BY originator_id, originator_version"
    )
    session.check_ids(table)
    summaries = _summaries(chain.from_iterable(session.rows_streamed(statement, (until, after, last))))
    while rows := session.whole(list(islice(summaries, STREAMED_ROWS)), SUMMARY):
        yield _named(session, rows) if has_names else rows


def _summaries(events: Iterable[Row]) -> Iterator[Row]:
    """Yield a row for each sequence, without a name, from its events in the order of their versions."""
    for sequence_id, of_one in groupby(events, itemgetter(0)):
        first = last = next(of_one)
        count = 1
        # A sequence may have any number of events, so they are not put into a list.
        for last in of_one:  # noqa: B007, B031 - used after the loop; the first one has been taken
            count += 1
        yield sequence_id, count, first[1], last[1], last[2], first[3], last[3], None


def _named(session: Session, rows: list[Row]) -> list[Row]:
    """Return rows for sequences, which are sorted by id, with their names."""
    select = (
        f"SELECT originator_id, name FROM {session.table_name(names_table.name)} WHERE originator_id BETWEEN ? AND ?"
    )
    names: dict[str, str] = dict(session.whole(session.rows(select, (rows[0][0], rows[-1][0])), _NAMED))
    return [(*row[:-1], names.get(row[0])) for row in rows]

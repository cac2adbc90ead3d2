"""Events in the order of their places: sequence by sequence, version by version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, select, tuple_

from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE, RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.statements import GLOBAL_POSITION

# Before every other place, on both databases.
_BEFORE_ALL = ("00000000-0000-0000-0000-000000000000", -1)


def pages_by_place(session: Session, *, until: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the events of a journal a page at a time, as plain tuples of the fields of `RecordedEvent`.

    Args:
        session: a session on the journal.
        until: the last global position that counts.
    """
    columns = RecordedEventRecord.__table__.columns
    sequence_id, version = columns["originator_id"], columns["originator_version"]
    place = tuple_(bindparam("sequence_id", type_=sequence_id.type), bindparam("version", type_=version.type))
    statement = (
        select(*(columns[name] for name in RecordedEvent._fields))
        .where(tuple_(sequence_id, version) > place, columns[GLOBAL_POSITION] <= bindparam("until"))
        .order_by(sequence_id, version)
    )
    dialect = session.engine.dialect
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    text = f"{statement.compile(dialect=dialect)} LIMIT {mark}"
    after = _BEFORE_ALL
    while True:
        with session.connection() as connection:
            page = connection.execute(text, (*after, until, PAGE_SIZE)).fetchall()
        if page:
            yield page
        if len(page) < PAGE_SIZE:
            return
        after = page[-1][:2]

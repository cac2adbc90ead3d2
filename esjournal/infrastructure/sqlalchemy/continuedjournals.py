"""The journals that a journal continues: what a copy has noted in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import Table

from esjournal.infrastructure.sqlalchemy.items.rowclasses import INTEGER, TEXT
from esjournal.infrastructure.sqlalchemy.schema import continued_table, create_statements
from esjournal.infrastructure.sqlalchemy.session import Session

_COLUMNS = {"journal_id": TEXT, "position_there": INTEGER, "position_here": INTEGER}


@dataclass(frozen=True)
class ContinuedJournal:
    """An earlier journal, whose events are the first ones of this journal, in the same order.

    The event at the global position `position_there` of the earlier journal, `journal_id`, is here at `position_here`.
    """

    journal_id: str
    position_there: int
    position_here: int


def continued_journals(session: Session, journal_id: str) -> Sequence[ContinuedJournal]:
    """Return the journals that a journal continues, each up to the last position that was noted.

    Args:
        session: a session on the journal.
        journal_id: the journal's own id; what another journal noted, whose tables were here before, does not count.

    Raises:
        StoreError: the table cannot be read, or is not one of ours.
    """
    with session.connection() as connection:
        if not session.names_present(connection, [continued_table.name]):
            return ()
    session.check_tables([continued_table])
    name = session.table_name(continued_table.name)
    rows = session.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM {name} WHERE noted_by = {session.sql.mark}",
        (journal_id,),
    )
    found = [ContinuedJournal(*row) for row in session.whole(rows, _COLUMNS)]
    latest = {each.journal_id: each for each in sorted(found, key=attrgetter("position_here"))}
    return tuple(latest.values())


def note_continued(session: Session, table: Table, journal_id: str, found: Iterable[ContinuedJournal]) -> None:
    """Note which journals a journal continues; the table is made if it is not there yet.

    Args:
        session: a session on the journal.
        table: the journal's table of events, whose roles may use what is noted.
        journal_id: the journal's own id.
        found: the earlier journals.

    Raises:
        StoreError: the note cannot be written; then nothing of it is.
    """
    name = session.table_name(continued_table.name)
    marks = ", ".join([session.sql.mark] * 4)
    with session.transaction(table) as connection, session.translating():
        if not session.names_present(connection, [continued_table.name]):
            for statement in create_statements(continued_table, session.sql):
                connection.execute(statement)
            session.grant_as_on(connection, table, continued_table)
        for each in found:
            connection.execute(
                f"INSERT INTO {name} (noted_by, {', '.join(_COLUMNS)}) VALUES ({marks})",
                (journal_id, each.journal_id, each.position_there, each.position_here),
            )

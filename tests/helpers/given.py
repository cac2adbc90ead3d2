"""Input for an import, and its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import InvalidLine
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions
from esjournal.interchange.batches import Batch, batch_of
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.verdicts import ImportOutcome

BAD = "bad"


def given(*events: RecordedEvent | str, source: str = "events.ndjson", size: int | None = None) -> Iterator[Batch]:
    """Yield batches of `size` lines; by default of one, then two, then three, and so on. A text is a bad line."""
    reads = [
        (line, InvalidLine(source, line, found, found) if isinstance(found, str) else found)
        for line, found in enumerate(events, 1)
    ]
    start, count = 0, size or 1
    while start < len(reads):
        yield batch_of(source, reads[start : start + count])
        start, count = start + count, size or count + 1


class OfAnotherLayout:
    """A strategy that returns any rows: positions with gaps, unknown recording times, fields that break rules."""

    def __init__(self, *rows: tuple[Any, ...]) -> None:
        self.rows = rows

    def last_global_position(self) -> int:
        return max((row[-1] for row in self.rows), default=0)

    def pages(
        self, *, after: int = 0, until: int | None = None, size: int = 3, conditions: Conditions = EVERYTHING
    ) -> Iterator[list[tuple[Any, ...]]]:
        wanted = [row for row in self.rows if row[-1] > after and (until is None or row[-1] <= until)]
        for start in range(0, len(wanted), size):
            yield wanted[start : start + size]

    pages_in_one_statement = pages


def of_another_layout(*rows: tuple[Any, ...]) -> Journal:
    return Journal("other", "0b7d9d5e-8a53-4c0c-8a43-0f7f9e1f4a11", OfAnotherLayout(*rows))  # type: ignore[arg-type]


def counts(outcome: ImportOutcome) -> tuple[int, int, int, int, int]:
    return outcome.read, outcome.appended, outcome.already_there, outcome.conflicts, outcome.bad_lines


def content(journal: Journal) -> list[tuple[object, ...]]:
    """Return the fields that writers set, of all stored events in global order."""
    return [found[:4] for found in journal.events.all_items()]


def positions(journal: Journal) -> list[int | None]:
    return [found.global_position for found in journal.events.all_items()]


def refilled(journal: Journal, events: Iterable[RecordedEvent]) -> None:
    """Give a journal these events and no others, as if it were new; they may be such as only other programs write."""
    with journal.events.session.connection() as connection:
        connection.execute(f"DELETE FROM {journal.events.session.table_name(RecordedEventRecord.__table__.name)}")
        if "sqlite" in journal.shown_url:
            connection.execute("DELETE FROM sqlite_sequence")
    batch = batch_of("refilled", enumerate(events))
    with journal.events.transaction() as transaction:
        assert transaction.append_leading([batch.columns]) == batch.size

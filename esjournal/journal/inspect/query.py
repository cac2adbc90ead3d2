"""A query in SQL over the events of a journal, read as often as the query names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange import arrowevents
from esjournal.interchange.secondprocess import second_process
from esjournal.interchange.sqlquery import Answer, Scans, Table, answering, scans_of
from esjournal.interchange.temporaryfolder import temporary_folder
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import read_journal
from esjournal.journal.read.secondreader import second_reader_pays
from esjournal.journal.read.selection import EVERYTHING, Selection

EVENTS = "events"
# The sequences of the events that are selected, from their places, types and times alone.
SEQUENCES = """
    SELECT id, any_value(name) AS name, count(*) AS events, min(version) AS first_version,
        max(version) AS last_version, arg_max(type, version) AS last_type,
        arg_min_null(recorded_at, version) AS first_recorded_at,
        arg_max_null(recorded_at, version) AS last_recorded_at
    FROM events GROUP BY id
"""


@dataclass(frozen=True)
class QueriedPart:
    """The part of a journal that a query sees.

    `selection` says which events, `after` is the global position to start after, and `limit` the number of events.
    """

    selection: Selection = EVERYTHING
    after: int = 0
    limit: int | None = None


ALL = QueriedPart()


@contextmanager
def query(journal: Journal, sql: str, part: QueriedPart = ALL) -> Iterator[Answer]:
    """Run a SELECT over the tables `events` and `sequences`, and yield its answer, whose rows come as they are found.

    All that it reads is the journal up to its last event when the query begins. Memory does not grow with the events.

    Args:
        journal: an open journal.
        sql: the query.
        part: the part of the journal that it sees.

    Raises:
        InvalidQuery: it is not one SELECT, or names something that is not there.
        InvalidData: the query does not fit the data. It is raised while rows are read, as is an error of the journal.
        OutOfOrder: there is a position to start after, and events with lower positions may come later.
        StoreError: the journal cannot be read, or memory or the disk is used up.
    """
    if part.after:
        journal.events.check_order()
    views = {"sequences": SEQUENCES}
    scans = scans_of(sql, EVENTS, arrowevents.SCHEMA, views)
    reading = _Reading(journal, part, scans)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        begun = reading.begun_in_other_processes(stack)

        def batches() -> Iterator[Any]:
            # Here, because DuckDB takes less time than reading does in the other process.
            return map(arrowevents.completed, begun.pop() if begun else reading.batches())

        tables = {EVENTS: Table(arrowevents.SCHEMA, batches)}
        yield stack.enter_context(answering(sql, folder, tables, views))


class _Reading:
    """Reads the events of a part of a journal, up to the same one each time."""

    def __init__(self, journal: Journal, part: QueriedPart, scans: Scans) -> None:
        self._journal = journal
        self._part = part
        self._scans = scans
        self._until = journal.events.settled_position() if scans.count else 0
        self._columns = [name for name in arrowevents.FIELDS if scans.columns is None or name in scans.columns]
        self._fields = list(dict.fromkeys(arrowevents.FIELDS[name] for name in self._columns))

    def begun_in_other_processes(self, stack: ExitStack) -> list[Iterator[Any]]:
        """Begin to read in a process for each time that the query reads the events, if that pays."""
        if not second_reader_pays(self._journal, self._until - self._part.after):
            return []

        def there() -> Iterator[Any]:
            self._journal.events.session.forget_connections()
            return self.batches()

        return [stack.enter_context(second_process(there)) for _ in range(self._scans.count)]

    def batches(self) -> Iterator[Any]:
        """Yield Arrow batches of what the query needs of the events."""
        names, pages = self._pages()
        for page in pages:
            fields = dict(zip(names, zip(*page, strict=True), strict=True))
            yield arrowevents.batch_of(fields, self._columns)

    def _pages(self) -> tuple[list[str], Iterator[Any]]:
        part, until = self._part, self._until
        if part.selection.is_everything and part.limit is None:
            names = [name for name in self._fields if name != "global_position"]
            pages = self._journal.events.pages_of_columns(names, after=part.after, until=until)
            if pages is not None:
                return [*names, "global_position"], pages
        pages = read_journal(self._journal, part.selection, after=part.after, until=until, limit=part.limit)
        return list(RecordedEvent._fields), pages

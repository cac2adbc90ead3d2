"""The outcome of an import: its counts, and the events that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import ConcurrencyError, Conflict, EventIdTaken, InvalidLine
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction
from esjournal.interchange.batches import Batch
from esjournal.interchange.rejects import ConflictingEvent, Problem
from esjournal.journal.transfer.options import TransferOptions

# How many bad lines, and how many conflicts, are kept to be shown; all of them are counted.
KEPT_PROBLEMS = 10


@dataclass
class ImportOutcome:
    """The outcome of an import.

    `committed` says whether the import ran to its end, and everything it appended is in the journal. If it is False
    and the import commits every n events, `appended` and `already_there` count the committed ones. The counts are of
    events, `seconds` is wall time.
    """

    read: int = 0
    appended: int = 0
    already_there: int = 0
    left_out: int = 0
    conflicts: int = 0
    bad_lines: int = 0
    first_conflicts: list[ConflictingEvent] = field(default_factory=list)
    first_bad_lines: list[InvalidLine] = field(default_factory=list)
    seconds: float = 0.0
    committed: bool = False

    @property
    def problems(self) -> int:
        """How many events were bad or in conflict."""
        return self.bad_lines + self.conflicts


def is_given_up(outcome: ImportOutcome, options: TransferOptions) -> bool:
    """Say whether events that do not fit ended a transfer early, or kept it from writing anything.

    Args:
        outcome: the outcome of the transfer.
        options: its options.
    """
    if options.max_rejects is not None and outcome.problems > options.max_rejects:
        return True
    is_tried_out = options.dry_run and (options.rejects is not None or not outcome.problems)
    return not (outcome.committed or is_tried_out)


class Abandoned(Exception):
    """Ends a transaction or a file, and undoes what was not committed."""


class Verdicts:
    """Counts events in an outcome, and puts aside those that do not fit.

    Args:
        put_aside: takes bad and conflicting events; without it, they are only counted.
        max_put_aside: give up if more than this many are put aside.
    """

    def __init__(self, put_aside: Callable[[Problem], None] | None, max_put_aside: int | None) -> None:
        self.outcome = ImportOutcome()
        self._put_aside = put_aside
        self._max_put_aside = max_put_aside

    def read(self, batch: Batch) -> None:
        """Count the events of a batch, and note what is bad in it.

        Raises:
            Abandoned: too many are put aside.
        """
        self.outcome.read += batch.size + batch.left_out
        self.outcome.left_out += batch.left_out
        for bad_line in batch.bad:
            self.bad(bad_line)

    def bad(self, bad_line: InvalidLine) -> None:
        """Note a line that is not an event, or an event that cannot be taken.

        Raises:
            Abandoned: too many are put aside.
        """
        self.outcome.bad_lines += 1
        if self.outcome.bad_lines <= KEPT_PROBLEMS:
            self.outcome.first_bad_lines.append(bad_line)
        self._put(bad_line)

    def conflict(
        self,
        transaction: Transaction[RecordedEvent],
        source: str,
        line: int,
        event: RecordedEvent,
        stored: RecordedEvent | None = None,
    ) -> None:
        """Note an event whose place, or event id, is taken by a different one.

        Args:
            transaction: the transaction that was to write it.
            source: the name of the source.
            line: the line of the event in the source.
            event: the event.
            stored: the event at its place, or with its event id, if it is known.

        Raises:
            Abandoned: too many are put aside.
        """
        self.outcome.conflicts += 1
        kept = self.outcome.conflicts <= KEPT_PROBLEMS
        if kept or self._put_aside is not None:
            conflict = ConflictingEvent(source, line, event, _error(transaction, event, stored), stored)
            if kept:
                self.outcome.first_conflicts.append(conflict)
            self._put(conflict)

    def _put(self, problem: Problem) -> None:
        if self._put_aside is None:
            return
        if self._max_put_aside is not None and self.outcome.problems > self._max_put_aside:
            raise Abandoned
        self._put_aside(problem)


def _error(transaction: Transaction[RecordedEvent], event: RecordedEvent, stored: RecordedEvent | None) -> Conflict:
    if stored is not None and stored[:2] != event[:2]:
        return EventIdTaken(event.event_id, *stored[:2])
    [last] = transaction.last_positions([event.originator_id])
    return ConcurrencyError(*event[:2], last, False)

"""Reading events into a journal: all of them, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from esjournal.exceptions import ConcurrencyError, InvalidLine, SequencedItemConflict
from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.infrastructure.sqlalchemy.transaction import Transaction
from esjournal.interchange.codecs import Read
from esjournal.journal.opening import Journal

CHUNK_SIZE = 5_000
# So many bad lines, and so many conflicts, are kept to be shown; all of them are counted.
KEPT_PROBLEMS = 10

Numbered = tuple[int, RecordedEvent]


@dataclass(frozen=True)
class Conflict:
    """An event whose place is taken by a different one; `line` is where it stands in the file."""

    line: int
    conflict: ConcurrencyError


@dataclass
class ImportOutcome:
    """What an import came to.

    `committed` says whether the events are in the journal; the counts are of events, `seconds` is wall time.
    """

    read: int = 0
    appended: int = 0
    already_there: int = 0
    conflicts: int = 0
    bad_lines: int = 0
    first_conflicts: list[Conflict] = field(default_factory=list)
    first_bad_lines: list[InvalidLine] = field(default_factory=list)
    seconds: float = 0.0
    committed: bool = False


class _Abandoned(Exception):
    """Ends the transaction without committing it."""


def import_events(
    journal: Journal,
    numbered_events: Iterable[Read],
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda events: None,
) -> ImportOutcome:
    """Append events in one transaction; those that are there already, with the same content, are skipped.

    Nothing is written if any line is bad or any event conflicts with a stored one; the file is read to its end all the
    same, so that all of them are counted.

    Args:
        journal: an open journal.
        numbered_events: line numbers and events, or what is wrong with a line.
        dry_run: find out everything, and write nothing.
        on_progress: is called with the number of events read so far, once for each chunk.

    Returns:
        What it came to.
    """
    outcome = ImportOutcome()
    started = time.perf_counter()
    events = _events(numbered_events, outcome)
    try:
        with journal.events.transaction() as transaction:
            while chunk := list(islice(events, CHUNK_SIZE)):
                _import_chunk(transaction, chunk, outcome)
                on_progress(outcome.read)
            if dry_run or outcome.bad_lines or outcome.conflicts:
                raise _Abandoned
        outcome.committed = True
    except _Abandoned:
        pass
    outcome.seconds = time.perf_counter() - started
    return outcome


def _events(numbered_events: Iterable[Read], outcome: ImportOutcome) -> Iterator[Numbered]:
    for line, event in numbered_events:
        outcome.read += 1
        if isinstance(event, InvalidLine):
            outcome.bad_lines += 1
            if outcome.bad_lines <= KEPT_PROBLEMS:
                outcome.first_bad_lines.append(event)
        else:
            yield line, event


def _import_chunk(transaction: Transaction[RecordedEvent], chunk: list[Numbered], outcome: ImportOutcome) -> None:
    # Nearly always nothing of a chunk is there yet, and then no event needs to be looked up.
    try:
        transaction.append([event for _, event in chunk])
        outcome.appended += len(chunk)
    except SequencedItemConflict:
        new = _new_events(transaction, chunk, outcome)
        if new:
            transaction.append(new)
            outcome.appended += len(new)


def _new_events(
    transaction: Transaction[RecordedEvent], chunk: Sequence[Numbered], outcome: ImportOutcome
) -> list[RecordedEvent]:
    there = transaction.stored_at([event for _, event in chunk])
    new = []
    for line, event in chunk:
        place = event[:2]
        stored = there.get(place)
        if stored is None:
            new.append(event)
            there[place] = event
        elif transaction.same_content(event, stored):
            outcome.already_there += 1
        else:
            outcome.conflicts += 1
            if outcome.conflicts <= KEPT_PROBLEMS:
                last = transaction.last_position(event.originator_id)
                outcome.first_conflicts.append(Conflict(line, ConcurrencyError(*place, last, False)))
    return new

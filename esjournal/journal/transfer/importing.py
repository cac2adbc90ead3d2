"""Reading events into a journal, with a verdict on each: new, already there, in conflict, or bad."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import chain, islice
from operator import itemgetter

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import counted
from esjournal.exceptions import EsjournalError, InvalidLine, advising
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction
from esjournal.infrastructure.sqlalchemy.layouts.base import LayoutStrategy
from esjournal.interchange.batches import Batch, Read, batch_of
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.options import Progress, TransferOptions
from esjournal.journal.transfer.typechoice import fitting
from esjournal.journal.transfer.verdicts import Abandoned, ImportOutcome, Verdicts

# The most of a chunk, which is written before the next one is read: in events, and in characters of their states.
CHUNK_EVENTS = 10_000
CHUNK_CHARACTERS = 8_000_000
# The versions of a sequence may begin at 0 or at 1.
FIRST_VERSIONS = (0, 1)


def import_events(
    journal: Journal,
    batches: Iterable[Batch],
    *,
    dry_run: bool = False,
    commit_every: int | None = None,
    require_contiguous: bool = False,
    lock_readers: bool = False,
    put_aside: Callable[[Problem], None] | None = None,
    max_put_aside: int | None = None,
    on_progress: Callable[[int], None] = lambda events: None,
) -> ImportOutcome:
    """Append events, skipping those that are already there with the same content.

    In one transaction, nothing is written if any line is bad or any event conflicts with a stored one; the file is
    still read to its end, to count them all. With `commit_every`, the import ends at the first transaction that has
    such an event, and what was committed before it stays.

    Args:
        journal: an open journal.
        batches: the events, and what is wrong with the lines between.
        dry_run: check everything, and write nothing.
        commit_every: commit after this many events; by default there is one transaction for all of them.
        require_contiguous: an event is bad unless its version follows the last one of its sequence; a new sequence
            begins with 0 or 1.
        lock_readers: into an empty journal on PostgreSQL, build the indexes last, while nobody can read it; in one
            transaction, and without `require_contiguous`. Two events with the same place are then an error.
        put_aside: takes bad and conflicting events, and the rest is appended.
        max_put_aside: give up, and write nothing, if more than this many are put aside.
        on_progress: called repeatedly with the number of events read so far.

    Returns:
        The outcome.

    Raises:
        OutcomeUnknown: the connection was lost, or the disk failed, while events were committed; what was committed is
            skipped next time.
        EsjournalError: the import ended in another way; a note says how many events were committed before that.
    """
    started = time.perf_counter()
    first_versions: Collection[int] = FIRST_VERSIONS
    batches = fitting(batches, journal.events)
    if isinstance(journal.events, LayoutStrategy):
        require_contiguous = require_contiguous or journal.events.layout.contiguous
        first_versions = journal.events.layout.first_versions
    run = _Import(first_versions if require_contiguous else None, put_aside, max_put_aside, on_progress)
    outcome = run.outcome
    committed = (0, 0)
    try:
        with advising("run the same command again: it skips what is there, and writes the rest"), uncollected():
            for part in _parts(batches, commit_every):
                with journal.events.transaction() as transaction:
                    with transaction.indexes_last() if lock_readers else nullcontext():
                        run.take(transaction, part, index_last=commit_every is None and not require_contiguous)
                    if dry_run or (put_aside is None and outcome.problems):
                        raise Abandoned
                committed = (outcome.appended, outcome.already_there)
        outcome.committed = True
    except Abandoned:
        if commit_every is not None:
            outcome.appended, outcome.already_there = committed
    except EsjournalError as error:
        if committed[0]:
            error.add_note(f"{counted(committed[0], 'event was', 'events were')} committed before that, and stay")
        raise
    outcome.seconds = time.perf_counter() - started
    return outcome


def import_with(
    journal: Journal,
    batches: Iterable[Batch],
    options: TransferOptions,
    put_aside: Callable[[Problem], None] | None,
    on_progress: Progress,
) -> ImportOutcome:
    """Append events as the options of a transfer say; see `import_events`.

    Args:
        journal: an open journal.
        batches: the events to append, already chosen by their types.
        options: how to append them.
        put_aside: takes the events that do not fit; without it, one of them stops the import.
        on_progress: called repeatedly with the number of events read so far.
    """
    return import_events(
        journal,
        batches,
        dry_run=options.dry_run,
        commit_every=options.commit_every,
        require_contiguous=options.require_contiguous,
        lock_readers=options.lock_readers,
        put_aside=put_aside,
        max_put_aside=options.max_rejects,
        on_progress=on_progress,
    )


class _Import:
    """An import in progress."""

    def __init__(
        self,
        first_versions: Collection[int] | None,
        put_aside: Callable[[Problem], None] | None,
        max_put_aside: int | None,
        on_progress: Callable[[int], None],
    ) -> None:
        self._verdicts = Verdicts(put_aside, max_put_aside)
        self.outcome = self._verdicts.outcome
        # The versions that a sequence may begin with; None if versions may be missing anywhere.
        self._first_versions = first_versions
        self._on_progress = on_progress
        # The global position after which the journal is expected to have the same events as the file.
        self._expected_after: int | None = None
        # How many events were written before each batch, its source and lines; kept only while the index is deferred.
        self._origins: list[tuple[int, str, Sequence[int]]] = []

    def take(self, transaction: Transaction[RecordedEvent], batches: Iterator[Batch], *, index_last: bool) -> None:
        """Reach a verdict on every event of a transaction, and append the new ones."""
        deferred = index_last and transaction.defer_index()
        read = _Reading(batches)
        reading = _Reading(self._noted(read))
        while True:
            self._pass_what_is_there(transaction, reading)
            taken: list[Batch] = []
            chunk = _chunk(reading, read.look_ahead)
            if self._first_versions is not None:
                # Looked up before the writing begins, because the connection does one thing at a time.
                chunk = iter(list(self._following(transaction, list(chunk), self._first_versions)))
            # Nearly always, no event of a chunk is there yet, and none has to be looked up.
            written = transaction.append_leading(batch.columns for batch in _remembered(chunk, taken))
            if self._first_versions is not None:
                taken.extend(chunk)
            if not taken:
                break
            if deferred:
                self._remember_origins(taken)
            self.outcome.appended += written
            if written < sum(len(batch.lines) for batch in taken):
                self._look_up(transaction, taken, written)
            self._on_progress(self.outcome.read)
        if deferred:
            self._take_out_twins(transaction)

    def _noted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self._verdicts.read(batch)
            yield batch

    def _pass_what_is_there(self, transaction: Transaction[RecordedEvent], reading: _Reading) -> None:
        # A file that is imported again is usually in the same order as before: reading the journal along with it takes
        # a fifth of the time of looking up each event.
        while self._expected_after is not None and (batch := next(reading, None)) is not None:
            count = transaction.repeated(batch.columns, self._expected_after)
            transaction.name_sequences(batch.columns[0][:count])
            self.outcome.already_there += count
            self._expected_after += count
            if count < len(batch.lines):
                self._expected_after = None
                reading.put_back(batch.part(count))
            self._on_progress(self.outcome.read)

    def _look_up(self, transaction: Transaction[RecordedEvent], batches: Sequence[Batch], written: int) -> None:
        places = (
            (batch.source, line, event)
            for batch in batches
            for line, event in zip(batch.lines, batch.events, strict=True)
        )
        rest = list(islice(places, written, None))
        there = transaction.stored_at([event for _, _, event in rest])
        with_ids = transaction.stored_with_event_ids([event for _, _, event in rest])
        new, known = [], []
        for source, line, event in rest:
            place = event[:2]
            stored = there.get(place)
            self._expected_after = None
            if stored is None:
                same_id = None if event.event_id is None else with_ids.setdefault(event.event_id, event)
                if same_id is None or same_id is event:
                    new.append(event)
                    there[place] = event
                else:
                    self._verdicts.conflict(transaction, source, line, event, same_id)
            elif transaction.same_content(event, stored):
                known.append(event.originator_id)
                self.outcome.already_there += 1
                self._expected_after = stored.global_position
            else:
                self._verdicts.conflict(transaction, source, line, event, stored)
        transaction.name_sequences(known)
        transaction.append(new)
        self.outcome.appended += len(new)

    def _following(
        self, transaction: Transaction[RecordedEvent], batches: Sequence[Batch], first_versions: Collection[int]
    ) -> Iterator[Batch]:
        ids = list({originator_id for batch in batches for originator_id in batch.columns[0]})
        last = dict(zip(ids, transaction.last_positions(ids) if ids else [], strict=True))
        for batch in batches:
            following: list[Read] = []
            for line, event in zip(batch.lines, batch.events, strict=True):
                before = last[event.originator_id]
                version = event.originator_version or 0
                if version in first_versions if before is None else version <= before + 1:
                    last[event.originator_id] = version if before is None else max(version, before)
                    following.append((line, event))
                else:
                    reason = f"sequence {shown_id(event.originator_id)}: version {version} follows no event: " + (
                        "the sequence is new" if before is None else f"the sequence is at version {before}"
                    )
                    self._verdicts.bad(InvalidLine(batch.source, line, reason, event=event))
            yield batch_of(batch.source, following)

    def _remember_origins(self, batches: Sequence[Batch]) -> None:
        offset = self.outcome.appended
        for batch in batches:
            self._origins.append((offset, batch.source, batch.lines))
            offset += len(batch.lines)

    def _take_out_twins(self, transaction: Transaction[RecordedEvent]) -> None:
        for twin in transaction.build_index():
            self.outcome.appended -= 1
            if twin.identical:
                self.outcome.already_there += 1
            else:
                offset, source, lines = self._origins[bisect_right(self._origins, twin.offset, key=itemgetter(0)) - 1]
                self._verdicts.conflict(transaction, source, lines[twin.offset - offset], twin.item, twin.original)


class _Reading(Iterator[Batch]):
    """Batches that are read one after the other; one that is put back comes next again."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = iter(batches)
        self._put_back: list[Batch] = []

    def __next__(self) -> Batch:
        return self._put_back.pop() if self._put_back else next(self._batches)

    def put_back(self, batch: Batch) -> None:
        self._put_back.append(batch)

    def look_ahead(self) -> None:
        if (batch := next(self, None)) is not None:
            self.put_back(batch)


def _parts(batches: Iterable[Batch], size: int | None) -> Iterator[Iterator[Batch]]:
    """Yield the batches of each transaction; its first chunk is read before it begins, and takes the lock."""
    reading = _Reading(batches)

    def part() -> Iterator[Batch]:
        left = size
        for batch in reading:
            if left is not None:
                if batch.size > left:
                    batch, rest = batch.split(left)
                    reading.put_back(rest)
                left -= batch.size
            yield batch
            if left == 0:
                return

    while ahead := list(_chunk(current := part())):
        batches = chain(ahead, current)
        # Otherwise they would stay in memory until the part is done.
        del ahead
        yield batches


def _chunk(batches: Iterator[Batch], look_ahead: Callable[[], None] = lambda: None) -> Iterator[Batch]:
    """Yield the batches of a chunk, and look ahead while a server still writes the last one."""
    events = characters = 0
    while events < CHUNK_EVENTS and characters < CHUNK_CHARACTERS and (batch := next(batches, None)) is not None:
        yield batch
        events += batch.size
        characters += sum(map(len, batch.columns[3]))
    look_ahead()


def _remembered(batches: Iterable[Batch], taken: list[Batch]) -> Iterator[Batch]:
    for batch in batches:
        taken.append(batch)
        yield batch

"""The target of a copy: a journal, or a file that is replaced; and what is in it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Protocol

from esjournal.domain.choices import FileFormat
from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.batchcheck import doubtful
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, batch_of
from esjournal.interchange.formats import delimiter_by_name, format_of, is_file_of_events
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.outputfiles import sink
from esjournal.interchange.rejects import Problem
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.transfer.exporting import text_of
from esjournal.journal.transfer.importing import import_with
from esjournal.journal.transfer.options import Progress, TransferOptions
from esjournal.journal.transfer.verdicts import Abandoned, ImportOutcome, Verdicts

# The fields of an event in the order of RecordedEvent, with its global position if it is stored.
EventFields = tuple[Any, ...]
# Returns what is at the place of each event, as fields in the order of RecordedEvent, or None. It is called with all
# events that were copied, in their order.
Counterparts = Callable[[Sequence[EventFields]], Sequence[EventFields | None]]
FieldsInUse = Callable[[], Collection[str]]
_place = itemgetter(0, 1)
_ANY_LENGTH = 2**31 - 1


class Target(Protocol):
    """What events are copied to: a journal, or a file that is replaced.

    `journal` is None for a file. `rewrites_states` says whether the text of JSON may change there.
    """

    journal: Journal | None
    rewrites_states: bool

    def take(
        self,
        batches: Iterable[Batch],
        options: TransferOptions,
        put_aside: Callable[[Problem], None] | None,
        on_progress: Progress,
    ) -> ImportOutcome:
        """Write batches; see `import_events` and `write_file`."""

    def counterparts(self) -> AbstractContextManager[Counterparts]:
        """Open a function that finds the events that were copied."""


class JournalTarget:
    """A journal that events are copied to.

    Args:
        journal: an open journal.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal: Journal | None = journal
        self.rewrites_states = journal.layout is not None and journal.layout.rewrites_states
        self._journal = journal

    def take(
        self,
        batches: Iterable[Batch],
        options: TransferOptions,
        put_aside: Callable[[Problem], None] | None,
        on_progress: Progress,
    ) -> ImportOutcome:
        """Append batches."""
        return import_with(self._journal, batches, options, put_aside, on_progress)

    def counterparts(self) -> AbstractContextManager[Counterparts]:
        """Open a function that finds the events that were copied."""
        return nullcontext(counterparts_in_journal(self._journal))


class FileTarget:
    """A file that events are copied to, and that is replaced.

    Args:
        path: an NDJSON or CSV file, compressed by its name.
        fields_in_use: see `open_target`.
    """

    def __init__(self, path: str, fields_in_use: FieldsInUse = tuple) -> None:
        self.journal: Journal | None = None
        self.rewrites_states = False
        self._path = path
        self._fields_in_use = fields_in_use

    def take(
        self,
        batches: Iterable[Batch],
        options: TransferOptions,
        put_aside: Callable[[Problem], None] | None,
        on_progress: Progress,
    ) -> ImportOutcome:
        """Write batches; a file has no transactions, and takes any version."""
        return write_file(
            self._path,
            batches,
            fields_in_use=self._fields_in_use,
            dry_run=options.dry_run,
            put_aside=put_aside,
            max_put_aside=options.max_rejects,
            on_progress=on_progress,
        )

    def counterparts(self) -> AbstractContextManager[Counterparts]:
        """Open a function that finds the events that were copied."""
        return counterparts_in_file(self._path)


@contextmanager
def open_target(url: str, fields_in_use: FieldsInUse = tuple) -> Iterator[Target]:
    """Open a journal or a file to copy to, and close it afterwards.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed by its name.
        fields_in_use: returns those of the fields `metadata`, `event_id` and `sequence_name` that some event has; only
            CSV, whose header comes first, has to ask.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened; nothing is made.
    """
    if is_file_of_events(url):
        yield FileTarget(url, fields_in_use)
        return
    with open_journal(url) as journal:
        yield JournalTarget(journal)


def counterparts_in_journal(journal: Journal) -> Counterparts:
    """Return a function that finds events in a journal, at any position.

    Usually they follow one another as they were copied: then it reads a page along with them, which takes a fifth of
    the time of looking up each event.

    Args:
        journal: an open journal.
    """
    # The global position after which the journal is expected to have the next events.
    after: int | None = None

    def find(events: Sequence[EventFields]) -> Sequence[EventFields | None]:
        nonlocal after
        page: Sequence[EventFields] = ()
        if after is not None and events:
            size = len(events)
            page = next(iter(journal.events.pages(after=after, until=after + size, size=size)), ())
        places = list(map(_place, events))
        found: list[EventFields | None] = [*page]
        if list(map(_place, page)) != places:
            along = zip(page, places, strict=False)
            same = next((at for at, (row, place) in enumerate(along) if row[:2] != place), len(page))
            there = journal.events.stored_at([RecordedEvent(*event) for event in events[same:]])
            found[same:] = [there.get(place) for place in places[same:]]
        last = found[-1] if found else None
        after = None if last is None else last[-1]
        return found

    return find


@contextmanager
def counterparts_in_file(path: str) -> Iterator[Counterparts]:
    """Yield a function that finds events in a file that has them in the same order.

    Args:
        path: an NDJSON or CSV file, compressed or not.

    Raises:
        UnusableFile: the file cannot be read.
        InvalidLine: nothing after this line can be read.
    """
    # Without a limit, because it has just been written.
    with read_beside(Files([path], line_limit=_ANY_LENGTH)) as batches:
        events = chain.from_iterable(batch.events for batch in batches)

        def find(wanted: Sequence[EventFields]) -> Sequence[EventFields | None]:
            found: list[EventFields | None] = [*islice(events, len(wanted))]
            found += [None] * (len(wanted) - len(found))
            pairs = zip(found, wanted, strict=True)
            return [one if one is not None and one[:2] == other[:2] else None for one, other in pairs]

        yield find


def write_file(
    path: str,
    batches: Iterable[Batch],
    *,
    fields_in_use: FieldsInUse = tuple,
    dry_run: bool = False,
    put_aside: Callable[[Problem], None] | None = None,
    max_put_aside: int | None = None,
    on_progress: Callable[[int], None] = lambda events: None,
) -> ImportOutcome:
    """Replace a file by one with the events of a journal; it gets its name when it is complete.

    Args:
        path: an NDJSON or CSV file, compressed by its name.
        batches: events of a journal, whose lines are global positions.
        fields_in_use: see `open_target`.
        dry_run: check everything, and write nothing.
        put_aside: takes bad events, and the rest is written.
        max_put_aside: give up, and write nothing, if more than this many are put aside.
        on_progress: called repeatedly with the number of events read so far.

    Returns:
        The outcome.

    Raises:
        UnusableFile: the file cannot be made.
    """
    started = time.perf_counter()
    verdicts = Verdicts(put_aside, max_put_aside)
    outcome = verdicts.outcome
    file_format = format_of(path)

    def pages() -> Iterator[Sequence[EventFields]]:
        for given in batches:
            batch = _fitting_csv(given) if file_format is FileFormat.CSV else given
            verdicts.read(batch)
            outcome.appended += len(batch.lines)
            on_progress(outcome.read)
            if batch.lines:
                yield list(zip(*batch.columns, batch.lines, strict=True))

    try:
        with uncollected(), nullcontext() if dry_run else sink(path) as stream:
            if stream is None:
                for _ in pages():
                    pass
                raise Abandoned
            added = fields_in_use() if file_format is FileFormat.CSV else ()
            for text in text_of(pages(), file_format, added=added, delimiter=delimiter_by_name(path)):
                stream.write(text.encode())
            if put_aside is None and outcome.problems:
                raise Abandoned
        outcome.committed = True
    except Abandoned:
        pass
    outcome.seconds = time.perf_counter() - started
    return outcome


def _fitting_csv(batch: Batch) -> Batch:
    """Return the batch with the states that could not be read back from CSV as bad."""
    suspects = doubtful(batch.columns[3])
    if not suspects:
        return batch

    def checked() -> Iterator[tuple[int, RecordedEvent | InvalidLine]]:
        for index, (position, event) in enumerate(zip(batch.lines, batch.events, strict=True)):
            if index in suspects:
                try:
                    rules.json_object(event.state)
                except InvalidData as error:
                    reason = f"{error}; CSV takes JSON objects only: copy to a file of NDJSON"
                    yield position, InvalidLine(batch.source, position, reason, event=event)
                    continue
            yield position, event

    fitting = batch_of(batch.source, checked())
    return replace(fitting, bad=sorted([*batch.bad, *fitting.bad], key=lambda bad: bad.line), left_out=batch.left_out)

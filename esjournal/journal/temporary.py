"""Files of events and tables of other libraries, opened as journals for the commands that read.

The events are copied into a temporary SQLite journal, which the operating system removes with the process, however it
ends. So every command says the same about a file as about the journal that it would be imported into. Tables of other
libraries are copied only to count or compare their events; other commands read them in place. Events that are selected
to be counted are copied too, so that every count is made in one way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from esjournal.exceptions import InvalidLine
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.rejects import Problem
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.journal import Journal, open_journal, open_temporary_journal
from esjournal.journal.read.criteria import WHOLE, AsOf, Slice, position_as_of
from esjournal.journal.read.filelines import as_recorded, dated, written_at
from esjournal.journal.read.pages import Page, read_journal
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.pagebatches import batch_of_page
from esjournal.journal.transfer.verdicts import ImportOutcome

# Counted by time, events without a recording time are at the beginning of Unix time.
_UNKNOWN_TIME = "1970-01-01T00:00:00.000000Z"


@contextmanager
def open_to_read(url: str) -> Iterator[Journal]:
    """Open a journal, or a file of events as a journal, and close it afterwards.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed or not.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened.
        UnusableFile: the file cannot be read.
        InvalidLine: a line of the file is not an event, or conflicts with another one.
    """
    if not is_file_of_events(url):
        with open_journal(url) as journal:
            yield journal
        return
    with open_file(url) as (journal, outcome):
        _raise_first(outcome)
        yield journal


@contextmanager
def open_to_count(url: str, part: Slice = WHOLE) -> Iterator[Journal]:
    """Open what `open_to_read` opens, as a journal's own tables, whose events can be counted by the database.

    Args:
        url: a URL, or the path of a SQLite file or of a file of events.
        part: which events are counted; if these are not all, they are in a temporary journal, which numbers them.

    Raises:
        SequenceNotFound: there is no such sequence.
        InvalidLine: also if an event of another library cannot be in a journal.
        OutOfOrder: there is a position to start after, and events with lower positions may come later.
    """
    with open_to_read(url) as journal:
        if part.is_whole and journal.layout is None:
            yield journal
            return
        if part.is_whole:
            copy = open_read_in(journal)
        else:
            selection = part.criteria.in_journal(journal)
            copy = _read_in(journal, read_journal(journal, selection, after=part.after, limit=part.limit))
        with copy as (copied, outcome):
            _raise_first(outcome)
            yield copied


@contextmanager
def open_to_compare(url: str) -> Iterator[Journal]:
    """Open what `open_to_read` opens, in place if its sequences can be read in the order of their ids.

    Raises:
        InvalidLine: also if an event of another library cannot be in a journal.
    """
    with open_to_compare_as_of(url, None) as (journal, _):
        yield journal


@contextmanager
def open_to_compare_as_of(url: str, as_of: AsOf | None) -> Iterator[tuple[Journal, int | None]]:
    """Open what `open_to_compare` opens, and yield it with the last global position to compare.

    Args:
        url: a URL, or the path of a SQLite file or of a file of events.
        as_of: the journal is compared as it was then; the position is None if all events that it has now are.
    """
    with open_to_read(url) as journal:
        until = None if as_of is None else position_as_of(journal, as_of)
        if not journal.has_names:
            yield journal, until
            return
        # The copy numbers its events, and has none after the position.
        with open_read_in(journal, until=until) as (copied, outcome):
            _raise_first(outcome)
            yield copied, None


@contextmanager
def open_read_in(
    journal: Journal, put_aside: Callable[[Problem], None] | None = None, *, until: int | None = None
) -> Iterator[tuple[Journal, ImportOutcome]]:
    """Copy the events of another library's tables into a temporary journal, and yield it with the outcome.

    Args:
        journal: an open journal.
        put_aside: takes bad and conflicting events, and the journal has the rest; without it, the journal is empty if
            there are any.
        until: the global position to end with, by default the last one.
    """
    settled = journal.events.settled_position()
    end = settled if until is None else min(settled, until)
    pages = journal.events.pages(until=end, ahead=True, checked=False)
    with _read_in(journal, pages, put_aside) as copied:
        yield copied


@contextmanager
def _read_in(
    journal: Journal, pages: Iterable[Page], put_aside: Callable[[Problem], None] | None = None
) -> Iterator[tuple[Journal, ImportOutcome]]:
    with open_temporary_journal() as copied:
        batches = (batch_of_page(journal.shown_url, page) for page in pages)
        outcome = import_events(copied, dated(batches, _UNKNOWN_TIME), put_aside=put_aside)
        copied.events.look_for_names()
        yield (
            replace(copied, shown_url=journal.shown_url, journal_id=journal.journal_id, layout=journal.layout),
            outcome,
        )


def _raise_first(outcome: ImportOutcome) -> None:
    for bad_line in outcome.first_bad_lines:
        raise bad_line
    for conflict in outcome.first_conflicts:
        raise InvalidLine(conflict.source, conflict.line, str(conflict.error))


@contextmanager
def open_file(path: str, put_aside: Callable[[Problem], None] | None = None) -> Iterator[tuple[Journal, ImportOutcome]]:
    """Open a file of events as a journal, and yield it with the outcome of the import.

    Global positions are those of its lines. Events without a recording time get the time at which the file was last
    written.

    Args:
        path: an NDJSON or CSV file, compressed or not.
        put_aside: takes bad and conflicting events, and the journal has the rest; without it, the journal is empty if
            there are any.

    Raises:
        UnusableFile: the file cannot be read.
        InvalidLine: nothing after this line can be read.
    """
    files = Files([path])
    written = written_at(path)
    with ExitStack() as kept_open:
        with read_beside(files) as batches:
            journal = kept_open.enter_context(open_temporary_journal(positions_are_given=True))
            outcome = import_events(journal, as_recorded(batches, written), put_aside=put_aside)
            journal.events.look_for_names()
        # The same file has the same id each time, so that an export can continue from its cursor.
        journal_id = str(uuid5(NAMESPACE_URL, Path(path).resolve().as_uri()))
        yield replace(journal, shown_url=path, journal_id=journal_id), outcome

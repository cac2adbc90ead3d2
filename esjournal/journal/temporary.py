"""Files of events, and the tables of other libraries, as journals: to be looked into with the commands that read.

The events go into a temporary SQLite journal, which the operating system removes with the process, however it ends. So
every command says the same of a file as of the journal that it would be imported into. Of tables of others only what
counts and compares needs that; what reads from one event to the next reads them where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from esjournal.domain.model import rules
from esjournal.exceptions import InvalidLine
from esjournal.interchange.batches import Batch
from esjournal.interchange.bytestreams import READING_LINE_LIMIT
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.rejects import Problem
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.journal import Journal, open_journal, open_temporary_journal
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.source import batch_of_page
from esjournal.journal.transfer.verdicts import ImportOutcome

# What counts events by time counts those of which nobody knows when they were recorded at the beginning of Unix time.
_INSTEAD_OF_NO_MOMENT = "1970-01-01T00:00:00.000000Z"


@contextmanager
def open_to_read(url: str) -> Iterator[Journal]:
    """Open a journal, or a file of events as a journal, and close it after.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed or not.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened.
        UnusableFile: the file cannot be read.
        InvalidLine: a line of the file is no event, or none that has a place beside the others.
    """
    if not is_file_of_events(url):
        with open_journal(url) as journal:
            yield journal
        return
    with open_file(url) as (journal, outcome):
        _raise_first(outcome)
        yield journal


@contextmanager
def open_to_count(url: str) -> Iterator[Journal]:
    """Open what `open_to_read` does, always with tables of our own, which can be asked for more than events.

    An event of another library that no journal takes is raised as an InvalidLine.
    """
    with open_to_read(url) as journal, _own(journal, journal.layout is None) as own:
        yield own


@contextmanager
def open_to_compare(url: str) -> Iterator[Journal]:
    """Open what `open_to_read` does, where it is if its sequences are in the order of their ids there.

    An event of another library that no journal takes is raised as an InvalidLine.
    """
    with open_to_read(url) as journal, _own(journal, not journal.has_names) as own:
        yield own


@contextmanager
def _own(journal: Journal, as_it_is: bool) -> Iterator[Journal]:
    if as_it_is:
        yield journal
        return
    with open_read_in(journal) as (copied, outcome):
        _raise_first(outcome)
        yield copied


@contextmanager
def open_read_in(
    journal: Journal, put_aside: Callable[[Problem], None] | None = None
) -> Iterator[tuple[Journal, ImportOutcome]]:
    """Read all events of a journal with tables of others into one of our own, and give it with what that came to.

    Args:
        journal: an open journal.
        put_aside: takes what is bad or in conflict, and the journal has the rest; without it the journal is empty if
            there is any.
    """
    with open_temporary_journal() as copied:
        pages = journal.events.pages(until=journal.events.settled_position(), ahead=True, checked=False)
        batches = (batch_of_page(journal.shown_url, page) for page in pages)
        outcome = import_events(copied, _dated(batches, _INSTEAD_OF_NO_MOMENT), put_aside=put_aside)
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
    """Open a file of events as a journal, and give it with what its import came to.

    Global positions count the events of the file. An event that does not say when it was recorded was recorded when
    the file was last written.

    Args:
        path: an NDJSON or CSV file, compressed or not.
        put_aside: takes what is bad or in conflict, and the journal has the rest; without it the journal is empty if
            there is any.

    Raises:
        UnusableFile: the file cannot be read.
        InvalidLine: nothing behind this line can be read.
    """
    files = Files([path], line_limit=READING_LINE_LIMIT)
    written = rules.recorded_at_text(datetime.fromtimestamp(Path(path).stat().st_mtime, UTC))
    with ExitStack() as kept_open:
        with read_beside(files) as batches:
            journal = kept_open.enter_context(open_temporary_journal())
            outcome = import_events(journal, _dated(batches, written), put_aside=put_aside)
        # The same file is the same journal each time, so that an export can go on with its cursor.
        journal_id = str(uuid5(NAMESPACE_URL, Path(path).resolve().as_uri()))
        yield replace(journal, shown_url=path, journal_id=journal_id), outcome


def _dated(batches: Iterable[Batch], written: str) -> Iterator[Batch]:
    for batch in batches:
        *columns, moments = batch.columns
        dated = [written if moment is None else moment for moment in moments]
        yield replace(batch, columns=(*columns, dated))

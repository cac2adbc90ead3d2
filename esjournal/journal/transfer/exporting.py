"""Writing a journal, or a part of it, to a stream."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from typing import IO

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import EventRow
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.infrastructure.sqlalchemy.continuedjournals import continued_journals
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.formats import COMMA, delimiter_by_name, format_of
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.outputfiles import replacing, sink, sync
from esjournal.interchange.seals import Sealer, WholeJournal, seal_line
from esjournal.interchange.sharedwork import shared_work
from esjournal.journal.cursor import cursor_at, cursor_line, position_after
from esjournal.journal.journal import Journal
from esjournal.journal.read.criteria import Criteria
from esjournal.journal.read.pages import read_journal
from esjournal.journal.read.secondreader import second_reader_pays
from esjournal.journal.read.selection import EVERYTHING, Selection
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how.

    Args:
        file_format: the format to write; by default the file's name decides.
        criteria: only events that meet them.
        after: the global position to start after.
        cursor_file: the file of a cursor to start after, which is advanced at the end.
        limit: how many events at most.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        sealed: in NDJSON, end with a seal.
    """

    file_format: FileFormat | None = None
    criteria: Criteria = field(default_factory=Criteria)
    after: int | None = None
    cursor_file: str | None = None
    limit: int | None = None
    csv_safe: bool = False
    sealed: bool = False


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    `events` is how many were written; `position` is the global position up to which the journal was read, which may be
    after that of the last event written.
    """

    events: int
    position: int


def export_file(
    url: str,
    path: str,
    options: ExportOptions | None = None,
    *,
    shown: Callable[[IO[bytes]], IO[bytes]] = lambda stream: stream,
    on_progress: Callable[[int, float], None] = lambda events, part: None,
) -> Exported:
    """Write a journal, or a part of it, to a file, which gets its name when it is complete.

    Args:
        url: a URL, or the path of a SQLite file or of a file of events.
        path: the file; `-` is standard output.
        options: what to export, and how.
        shown: takes the opened file, and returns the stream to write to instead.
        on_progress: as `export_events` calls it.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be read.
        SequenceNotFound: there is no such sequence.
        InvalidCursor: the cursor is of another journal.
        UnusableFile: a file cannot be written, or is named twice.
        ImportError: the format is Parquet, and pyarrow is not installed.
        OutOfOrder: there is a position to start after, and events with lower positions may come later.
    """
    options = options or ExportOptions()
    cursor_file = options.cursor_file
    overlap.keep_apart(
        overlap.journal("the journal", url),
        overlap.written("-o", path),
        overlap.written("--cursor-file", cursor_file),
    )
    with open_to_read(url) as journal:
        selection = options.criteria.in_journal(journal)
        after = position_after(journal, cursor_file) if cursor_file is not None else options.after or 0
        # The new cursor file is made first, to fail early if it cannot be, and replaces the old one last.
        with replacing(cursor_file) if cursor_file is not None else nullcontext() as cursor_stream:
            with sink(path) as stream:
                exported = export_events(
                    journal,
                    shown(stream),
                    options.file_format or format_of(path),
                    selection=selection,
                    after=after,
                    limit=options.limit,
                    csv_safe=options.csv_safe,
                    sealed=options.sealed,
                    delimiter=delimiter_by_name(path),
                    on_progress=on_progress,
                )
            if cursor_stream is not None:
                sync(sys.stdout.buffer)
                cursor_stream.write(cursor_line(cursor_at(journal, exported.position)))
    return exported


def export_events(
    journal: Journal,
    stream: IO[bytes],
    file_format: FileFormat,
    *,
    selection: Selection = EVERYTHING,
    after: int = 0,
    limit: int | None = None,
    csv_safe: bool = False,
    sealed: bool = False,
    delimiter: str = COMMA,
    on_progress: Callable[[int, float], None] = lambda events, part: None,
) -> Exported:
    """Write events in global order, up to the last one when the export begins, in constant memory.

    Args:
        journal: an open journal.
        stream: takes the bytes, UTF-8 or Parquet.
        file_format: the format to write.
        selection: which events are wanted.
        after: the global position to start after.
        limit: write at most this many events.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        sealed: in NDJSON, end with a seal.
        delimiter: in CSV, what separates the fields.
        on_progress: called repeatedly with the number of events so far, and the fraction of the journal that was read,
            from 0 to 1.

    Raises:
        ImportError: the format is Parquet, and pyarrow is not installed.
        OutOfOrder: there is a position to start after, and events with lower positions may come later.
    """
    if after:
        journal.events.check_order()
    until = journal.events.settled_position()
    is_whole = sealed and not after and selection.is_everything and limit is None
    whole = _whole(journal, until) if is_whole else None
    if (
        file_format is FileFormat.NDJSON
        and selection.is_everything
        and limit is None
        and journal.layout is None
        and second_reader_pays(journal, until - after)
        and journal.events.is_without_gaps(until)
    ):
        return _export_in_two_processes(journal, stream, after, until, sealed, whole, on_progress)
    count, position = 0, after

    def counted() -> Iterator[Sequence[EventRow]]:
        nonlocal count, position
        for page in read_journal(journal, selection, after=after, until=until):
            rest = None if limit is None else limit - count
            if rest == 0:
                return
            wanted = page[:rest]
            count += len(wanted)
            position = wanted[-1][-1]
            yield wanted
            on_progress(count, (position - after) / (until - after))
            if len(wanted) < len(page):
                return
        if limit != 0:
            position = max(after, until)

    pages = counted()
    with uncollected():
        if file_format is FileFormat.PARQUET:
            # Only Parquet has to wait for pyarrow to load.
            from esjournal.interchange import parquet

            parquet.write(pages, stream, added=journal.events.fields_in_use())
        else:
            added = journal.events.fields_in_use() if file_format is FileFormat.CSV else ()
            texts = text_of(pages, file_format, csv_safe=csv_safe, added=added, delimiter=delimiter)
            _write((text.encode() for text in texts), stream, sealed, whole)
    return Exported(count, position)


def _whole(journal: Journal, until: int) -> WholeJournal | None:
    """Return what a seal says about a journal, all of whose events up to a position it seals; None if it has no id."""
    session, events = journal.events.session, journal.events
    if journal.layout is not None or not session.is_shared or not until:
        return None
    continued = continued_journals(session, journal.journal_id)
    counts = {each.journal_id: events.count_between(0, each.position_here) for each in continued}
    earlier = {each.journal_id: (each.position_there, counts[each.journal_id]) for each in continued}
    return WholeJournal(journal.journal_id, until, earlier)


def text_of(
    pages: Iterable[Sequence[EventRow]],
    file_format: FileFormat,
    *,
    csv_safe: bool = False,
    added: Collection[str] = (),
    delimiter: str = COMMA,
) -> Iterator[str]:
    """Yield the text of events in pieces of many lines.

    Args:
        pages: events with their global positions, page by page.
        file_format: the format to write, NDJSON or CSV.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        added: in CSV, those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
        delimiter: in CSV, what separates the fields.
    """
    if file_format is FileFormat.CSV:
        return csvtext.write(chain.from_iterable(pages), safe=csv_safe, added=added, delimiter=delimiter)
    return map(ndjson.lines_of, pages)


def _export_in_two_processes(
    journal: Journal,
    stream: IO[bytes],
    after: int,
    until: int,
    sealed: bool,
    whole: WholeJournal | None,
    on_progress: Callable[[int, float], None],
) -> Exported:
    """Let a second process read and format some of the pages.

    Without gaps in the positions, it is known where each page begins. Events are committed in order, so it does not
    matter when each process reads its pages.
    """
    events = journal.events
    starts = range(after, until, PAGE_SIZE)
    count = 0

    def blocks(turns: Iterator[int]) -> Iterator[tuple[bytes, int]]:
        pages = events.pages_after((starts[turn] for turn in turns), until=until)
        return ((ndjson.lines_of(page).encode(), len(page)) for page in pages)

    def counted(made: Iterator[tuple[bytes, int]]) -> Iterator[bytes]:
        nonlocal count
        for block, size in made:
            count += size
            yield block
            on_progress(count, count / (until - after))

    with uncollected(), shared_work(len(starts), blocks, events.session.forget_connections) as made:
        _write(counted(made), stream, sealed, whole)
    return Exported(count, until)


def _write(blocks: Iterable[bytes], stream: IO[bytes], sealed: bool, whole: WholeJournal | None) -> None:
    if not sealed:
        for block in blocks:
            stream.write(block)
        return
    sealer = Sealer()
    for block in blocks:
        stream.write(block)
        sealer.update(block, block.count(b"\n"))
    stream.write(seal_line(sealer.seal(whole)))

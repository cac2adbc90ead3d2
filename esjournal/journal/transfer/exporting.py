"""Writing a journal, or a part of it, to a stream."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import IO

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.typepatterns import TypePatterns
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.formats import format_of
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.outputfiles import replacing, sink, sync
from esjournal.interchange.seals import Sealer, seal_line
from esjournal.interchange.secondprocess import second_process, second_process_pays
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.cursor import cursor_at, cursor_line, position_after
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import read_journal
from esjournal.journal.read.selection import EVERYTHING, Selection
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap
from esjournal.journal.transfer.options import ExportOptions

# From here on a second process saves more than it takes to begin.
EVENTS_FOR_TWO = 50_000


@dataclass(frozen=True)
class Exported:
    """What an export came to.

    `events` is how many were written; `position` is the global position up to which the journal was looked at, which
    may be behind the last event that matched.
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
    """Write a journal, or a part of it, to a file, which gets its name when all of it is written.

    Args:
        url: a URL, the path of a SQLite file, or that of a file of events.
        path: the file; `-` is standard output.
        options: what is exported, and how.
        shown: given the opened file, returns what takes the bytes in its place.
        on_progress: as `export_events` calls it.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be read.
        SequenceNotFound: a sequence is not there.
        InvalidCursor: the cursor is of another journal.
        UnusableFile: a file cannot be written, or is named twice.
        ImportError: Parquet is asked for, and pyarrow is missing.
        OutOfOrder: it is to start after a position, and events with lower positions may come later.
    """
    options = options or ExportOptions()
    cursor_file = options.cursor_file
    overlap.keep_apart(
        overlap.journal("the journal", url),
        overlap.written("-o", path),
        overlap.written("--cursor-file", cursor_file),
    )
    with open_to_read(url) as journal:
        selection = Selection(
            types=TypePatterns(options.types),
            originator_ids=[find_sequence(journal, start) for start in options.sequences],
        )
        after = position_after(journal, cursor_file) if cursor_file is not None else options.after or 0
        # The cursor's new file is made first, to find out in time that it cannot be, and replaces the old one last.
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
    on_progress: Callable[[int, float], None] = lambda events, part: None,
) -> Exported:
    """Write events in global order, up to the last one there at the beginning, in flat memory.

    Args:
        journal: an open journal.
        stream: takes the bytes, UTF-8 or Parquet.
        file_format: what to write.
        selection: which events are wanted.
        after: the global position to begin behind.
        limit: how many events at the most.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.
        sealed: in NDJSON, end with a seal.
        on_progress: is called again and again with the number of events so far, and which part of the journal was
            looked at, from 0 to 1.

    Raises:
        ImportError: Parquet is asked for, and pyarrow is not there.
        OutOfOrder: it is to go on after a position, and events with lower positions may come later.
    """
    if after:
        journal.events.check_order()
    until = journal.events.settled_position()
    if (
        file_format is FileFormat.NDJSON
        and selection.is_everything
        and limit is None
        and until - after >= EVENTS_FOR_TWO
        and journal.layout is None
        and journal.events.session.is_shared
        and second_process_pays()
        and journal.events.is_without_gaps(until)
    ):
        return _export_in_two_processes(journal, stream, after, until, sealed, on_progress)
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
            # Nobody else shall wait for pyarrow.
            from esjournal.interchange import parquet

            parquet.write(pages, stream)
        else:
            blocks = (text.encode() for text in text_of(pages, file_format, csv_safe=csv_safe))
            _write(blocks, stream, sealed)
    return Exported(count, position)


def text_of(pages: Iterable[Sequence[EventRow]], file_format: FileFormat, *, csv_safe: bool = False) -> Iterator[str]:
    """Yield the text of events in pieces of many lines.

    Args:
        pages: events with their global positions, many at a time.
        file_format: what to write, NDJSON or CSV.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.
    """
    if file_format is FileFormat.CSV:
        return csvtext.write(map(RecordedEvent._make, chain.from_iterable(pages)), safe=csv_safe)
    return map(ndjson.lines_of, pages)


def _export_in_two_processes(
    journal: Journal,
    stream: IO[bytes],
    after: int,
    until: int,
    sealed: bool,
    on_progress: Callable[[int, float], None],
) -> Exported:
    """Let a second process read and format every other page.

    Without gaps in the positions it is known where each page begins, and as they are committed in order, it does not
    matter which process reads it when.
    """
    events = journal.events
    count = 0

    def every_other(start: int) -> Iterator[tuple[bytes, int]]:
        pages = events.every_other_page(after=start, until=until)
        return ((ndjson.lines_of(page).encode(), len(page)) for page in pages)

    def there() -> Iterator[tuple[bytes, int]]:
        events.session.forget_connections()
        return every_other(after + PAGE_SIZE)

    def counted(pages: Iterable[tuple[bytes, int]]) -> Iterator[bytes]:
        nonlocal count
        for block, size in pages:
            count += size
            yield block
            on_progress(count, count / (until - after))

    with uncollected(), second_process(there) as received:
        alternating = zip_longest(every_other(after), received, fillvalue=(b"", 0))
        _write(counted(chain.from_iterable(alternating)), stream, sealed)
    return Exported(count, until)


def _write(blocks: Iterable[bytes], stream: IO[bytes], sealed: bool) -> None:
    if not sealed:
        for block in blocks:
            stream.write(block)
        return
    sealer = Sealer()
    for block in blocks:
        stream.write(block)
        sealer.update(block, block.count(b"\n"))
    stream.write(seal_line(sealer.seal()))

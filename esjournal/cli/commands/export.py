"""`esjournal export`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import (
    AfterOption,
    CsvSafeOption,
    CursorFileOption,
    IdsOption,
    LayoutOption,
    LimitOption,
    QuietOption,
    TableOption,
    TypesOption,
    UrlOption,
    check_csv_safe,
    checked_start,
    url_of,
)
from esjournal.cli.progress import EventsProgress
from esjournal.cli.terminal import output
from esjournal.domain.choices import FileFormat
from esjournal.domain.text import counted
from esjournal.interchange.formats import compression_by_name, format_of


def export(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="The output file; .gz and .zst compress, `-` is stdout."),
    ] = "-",
    file_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--format", "-F", help="NDJSON, CSV or Parquet; by default the file's name decides.", show_default=False
        ),
    ] = None,
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    after: AfterOption = None,
    limit: LimitOption = None,
    cursor_file: CursorFileOption = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="NDJSON: add a last line with counts and a SHA-256 of the others.")
    ] = False,
    csv_safe: CsvSafeOption = False,
    quiet: QuietOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Write the journal in global order, as NDJSON, CSV or Parquet.

    A file gets its name only when it is complete. Events appended meanwhile are not exported; with --cursor-file, the
    next export begins with them.

    \b
    Examples:
      esjournal export
      esjournal export -o events.ndjson.gz --seal
      esjournal export --type accounts#Opened -o opened.csv
      esjournal export --after 1000 | jq -c .state
      esjournal export --cursor-file hourly.cursor -o new.ndjson
      esjournal export -o events.parquet
    """
    chosen_format = file_format or format_of(path)
    _check_format(chosen_format, path, seal=seal, csv_safe=csv_safe)
    if cursor_file is not None and after is not None:
        raise typer.BadParameter("--cursor-file says where to begin, and so does --after: give one of them.")
    journal_url = url_of(context, url, layout, table)
    starts = [checked_start(text, journal_url) for text in originator_ids or ()]
    from esjournal.domain.model.typepatterns import TypePatterns
    from esjournal.interchange.formats import STANDARD_STREAM
    from esjournal.interchange.outputfiles import replacing, sink, sync
    from esjournal.journal.abbreviation import find_sequence
    from esjournal.journal.cursor import cursor_at, cursor_line, position_after
    from esjournal.journal.read.selection import Selection
    from esjournal.journal.temporary import open_to_read
    from esjournal.journal.transfer import overlap
    from esjournal.journal.transfer.exporting import export_events

    overlap.keep_apart(
        overlap.journal("the journal", journal_url),
        overlap.written("-o", path),
        overlap.written("--cursor-file", cursor_file),
    )
    with open_to_read(journal_url) as journal:
        ids = [find_sequence(journal, start) for start in starts]
        begin = position_after(journal, cursor_file) if cursor_file is not None else after or 0
        # The cursor's new file is made first, to find out in time that it cannot be, and takes its place last.
        with replacing(cursor_file) if cursor_file is not None else nullcontext() as cursor_stream:
            with sink(path) as stream:
                if chosen_format is FileFormat.PARQUET and stream.isatty():
                    raise typer.BadParameter("Parquet is nothing for a terminal: name a file with -o.")
                # Events and progress on one terminal would be in each other's way.
                with EventsProgress(1, "all are written", quiet=quiet or stream.isatty()) as progress:
                    exported = export_events(
                        journal,
                        output(stream),
                        chosen_format,
                        selection=Selection(types=TypePatterns(types or ()), originator_ids=ids),
                        after=begin,
                        limit=limit,
                        csv_safe=csv_safe,
                        sealed=seal,
                        on_progress=progress.show,
                    )
            if cursor_stream is not None:
                sync(sys.stdout.buffer)
                cursor_stream.write(cursor_line(cursor_at(journal, exported.position)))
    if path != STANDARD_STREAM and not quiet:
        say(f"exported {counted(exported.events, 'event')} to {path}")


def _check_format(chosen: FileFormat, path: str, *, seal: bool, csv_safe: bool) -> None:
    check_csv_safe(csv_safe, csv=chosen is FileFormat.CSV)
    if seal and chosen is not FileFormat.NDJSON:
        raise typer.BadParameter("--seal is for NDJSON: add --format ndjson, or name an .ndjson file.")
    if chosen is FileFormat.PARQUET:
        if compression_by_name(path) is not None:
            raise typer.BadParameter(
                f"Parquet is compressed inside, and {path} would be once more: name a .parquet file."
            )
        try:
            import esjournal.interchange.parquet  # noqa: F401
        except ImportError as error:
            raise typer.BadParameter(f"{error}.") from None

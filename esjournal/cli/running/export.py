"""`esjournal export`: what it does."""

from __future__ import annotations

from typing import IO

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import check_csv_safe
from esjournal.cli.progress import EventsProgress
from esjournal.cli.running.parquetoutput import check_parquet
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.cli.terminal import output
from esjournal.domain.choices import FileFormat
from esjournal.domain.text import counted
from esjournal.interchange.formats import STANDARD_STREAM, format_of
from esjournal.journal.transfer.exporting import ExportOptions, export_file


def run(
    url: str,
    *,
    path: str,
    file_format: FileFormat | None,
    selection: SelectionOptions,
    after: int | None,
    limit: int | None,
    cursor_file: str | None,
    seal: bool,
    csv_safe: bool,
    quiet: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.export`."""
    chosen_format = file_format or format_of(path)
    _check_format(chosen_format, path, seal=seal, csv_safe=csv_safe)
    if cursor_file is not None and after is not None:
        raise typer.BadParameter("--cursor-file says where to begin, and so does --after: give one of them.")
    if cursor_file is not None and (end := selection.ends()) is not None:
        raise typer.BadParameter(
            f"--cursor-file goes on to the last event, and with {end} the next export would skip some: leave it out."
        )
    criteria = selection.criteria(url)
    options = ExportOptions(
        file_format=chosen_format,
        criteria=criteria,
        after=after,
        cursor_file=cursor_file,
        limit=limit,
        csv_safe=csv_safe,
        sealed=seal,
    )
    with EventsProgress(1, "all are written", quiet=quiet) as progress:

        def shown(stream: IO[bytes]) -> IO[bytes]:
            if stream.isatty():
                if chosen_format is FileFormat.PARQUET:
                    raise typer.BadParameter("Parquet cannot be shown on a terminal: name a file with -o.")
                # Events and progress would get mixed up on one terminal.
                progress.leave_out()
            return output(stream)

        exported = export_file(url, path, options, shown=shown, on_progress=progress.show)
    if path != STANDARD_STREAM and not quiet:
        say(f"exported {counted(exported.events, 'event')} to {path}")


def _check_format(chosen: FileFormat, path: str, *, seal: bool, csv_safe: bool) -> None:
    check_csv_safe(csv_safe, csv=chosen is FileFormat.CSV)
    if seal and chosen is not FileFormat.NDJSON:
        raise typer.BadParameter("--seal is for NDJSON: add --format ndjson, or name an .ndjson file.")
    if chosen is FileFormat.PARQUET:
        check_parquet(path)

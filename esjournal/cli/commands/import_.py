"""`esjournal import`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.cli.ending import BAD_DATA, CONFLICT, fail, say
from esjournal.cli.options import FileFormatOption, UrlOption, url_of
from esjournal.interchange.formats import format_of

if TYPE_CHECKING:
    from esjournal.interchange.streams import Source
    from esjournal.journal.importing import ImportOutcome

MEBIBYTE = 1024 * 1024


def import_(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="FILE", help="NDJSON or CSV; .gz and .zst are decompressed, `-` is stdin.")
    ],
    file_format: FileFormatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Find out what would happen, and write nothing.")] = False,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=2**31 - 1, help="The longest line that is taken.")
    ] = 16 * MEBIBYTE,
    url: UrlOption = None,
) -> None:
    """Append the events of a file in one transaction.

    Events that are there already, with the same type and state, are skipped and counted. If a line is no event (exit
    3), or the place of an event is taken by a different one (exit 4), nothing is written.

    \b
    Examples:
      esjournal import events.ndjson.gz
      esjournal import --dry-run events.csv
      esjournal --url old.db export | esjournal --url new.db import -
    """
    from esjournal.interchange.codecs import read_events
    from esjournal.interchange.streams import source
    from esjournal.journal.importing import import_events
    from esjournal.journal.opening import open_journal

    with source(path, line_limit=max_line_bytes) as opened, open_journal(url_of(context, url)) as journal:
        events = read_events(opened, file_format or format_of(path))
        with _progress(opened) as on_progress:
            outcome = import_events(journal, events, dry_run=dry_run, on_progress=on_progress)
    _report(outcome, opened.name, dry_run)


def _report(outcome: ImportOutcome, name: str, dry_run: bool) -> None:
    for bad_line in outcome.first_bad_lines:
        say(str(bad_line))
    for conflict in outcome.first_conflicts:
        say(f"{conflict.source}:{conflict.line}: {conflict.conflict}")
    if outcome.bad_lines or outcome.conflicts:
        fail(
            f"nothing was written: {outcome.read} read, {outcome.bad_lines} bad, {outcome.conflicts} in conflict; "
            f"mend the file and import it again",
            BAD_DATA if outcome.bad_lines else CONFLICT,
        )
    rate = round(outcome.read / outcome.seconds) if outcome.seconds else 0
    would = "dry run, nothing was written: would be " if dry_run else ""
    say(
        f"{would}{outcome.read} read, {outcome.appended} appended, {outcome.already_there} already there, "
        f"{outcome.seconds:.2f} s, {rate} events/s"
    )


@contextmanager
def _progress(opened: Source) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda events: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.fields[events]} events"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("import", total=opened.size, events=0)
        yield lambda events: progress.update(task, completed=opened.bytes_read(), events=events)

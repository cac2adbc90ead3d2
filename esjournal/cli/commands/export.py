"""`esjournal export`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.ending import say
from esjournal.cli.options import FileFormatOption, LimitOption, TypesOption, UrlOption, checked, url_of
from esjournal.cli.terminal import output
from esjournal.interchange.formats import FileFormat, format_of


def export(
    context: typer.Context,
    path: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where to; .gz and .zst compress, `-` is stdout.")
    ] = "-",
    file_format: FileFormatOption = None,
    types: TypesOption = None,
    originator_ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only events of this sequence; may be repeated.", show_default=False),
    ] = None,
    after: Annotated[
        int, typer.Option(metavar="POSITION", min=0, max=2**63 - 1, help="Only events behind this global position.")
    ] = 0,
    limit: LimitOption = None,
    csv_safe: Annotated[
        bool,
        typer.Option("--csv-safe", help="CSV: put ' before what a spreadsheet would take for a formula."),
    ] = False,
    url: UrlOption = None,
) -> None:
    """Write the journal in global order, as NDJSON or CSV.

    A file gets its name when all of it is written. What other writers append meanwhile is left for the next time.

    \b
    Examples:
      esjournal export
      esjournal export -o events.ndjson.gz
      esjournal export --type accounts#Opened -o opened.csv
      esjournal export --after 1000 | jq -c .state
    """
    from esjournal.domain.model import fields

    chosen_format = file_format or format_of(path)
    if csv_safe and chosen_format is not FileFormat.CSV:
        raise typer.BadParameter("--csv-safe is for CSV: add --format csv, or name a .csv file.")
    ids = [checked(fields.originator_id, text) for text in originator_ids or ()]
    from esjournal.interchange.streams import STANDARD_STREAM, sink
    from esjournal.journal.exporting import export_events
    from esjournal.journal.opening import open_journal

    with open_journal(url_of(context, url)) as journal, sink(path) as stream:
        count = export_events(
            journal,
            output(stream),
            chosen_format,
            types=types or (),
            originator_ids=ids,
            after=after,
            limit=limit,
            csv_safe=csv_safe,
        )
    if path != STANDARD_STREAM:
        say(f"exported {count} events to {path}")

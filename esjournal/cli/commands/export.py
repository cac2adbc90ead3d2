"""`esjournal export`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AfterOption,
    CsvSafeOption,
    CursorFileOption,
    LayoutOption,
    LimitOption,
    QuietOption,
    TableOption,
    UrlOption,
    expanded_if_given,
    url_of,
)
from esjournal.cli.selectionoptions import (
    AsOfOption,
    GrepOption,
    IdsOption,
    NamesOption,
    OnOption,
    SelectionOptions,
    SinceOption,
    TypesOption,
    UntilOption,
    WhereOption,
)
from esjournal.domain.choices import FileFormat


def export(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The output file; .gz and .zst compress. Default: `-`, stdout.",
            show_default=False,
            callback=expanded_if_given,
        ),
    ] = "-",
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", "-F", help="The file's format, whatever its name.", show_default=False),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    on: OnOption = None,
    as_of: AsOfOption = None,
    after: AfterOption = None,
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    names: NamesOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
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
      esjournal export --name 'order-*' -o orders.ndjson
      esjournal export --after 1000 | jq -c .state
      esjournal export --since 2026-03-01 --until 2026-04-01 -o march.parquet
      esjournal export --cursor-file hourly.cursor -o new.ndjson
      esjournal export -o events.parquet
    """
    from esjournal.cli.running.export import run

    run(
        url_of(context, url, layout, table),
        path=path,
        file_format=file_format,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        limit=limit,
        cursor_file=cursor_file,
        seal=seal,
        csv_safe=csv_safe,
        quiet=quiet,
    )

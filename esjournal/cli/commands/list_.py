"""`esjournal list`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    MAX_COUNT,
    CsvSafeOption,
    LayoutOption,
    TableOption,
    UrlOption,
    repeated_option,
    url_of,
)
from esjournal.domain.choices import OutputFormat, SequenceOrder


def list_(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Only sequences whose ID starts with TEXT.", show_default=False)
    ] = "",
    names: Annotated[
        list[str] | None,
        repeated_option("--name", "NAME", "Only the sequence with this name, or a pattern such as 'order-*'"),
    ] = None,
    types: Annotated[
        list[str] | None,
        repeated_option("--type", "TYPE", "Only sequences with an event of this type, or a pattern such as 'orders#*'"),
    ] = None,
    sort: Annotated[
        SequenceOrder,
        typer.Option(help="Sort by id, name, event count, oldest first event, or most recent event."),
    ] = SequenceOrder.ID,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=MAX_COUNT, help="At most N sequences.", show_default=False),
    ] = None,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """List the sequences, with event counts, versions and dates.

    Exit 1 if nothing is found.

    \b
    Examples:
      esjournal list
      esjournal list --prefix 9b3
      esjournal list --name 'order-*' --sort name
      esjournal list --sort last --limit 10
      esjournal list --type '*#Renamed' --sort events -F csv
    """
    from esjournal.cli.running.list_ import run

    run(
        url_of(context, url, layout, table),
        prefix=prefix,
        names=names,
        types=types,
        sort=sort,
        limit=limit,
        output_format=output_format,
        csv_safe=csv_safe,
    )

"""`esjournal list`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    MAX_COUNT,
    AfterOption,
    ColorOption,
    CsvSafeOption,
    LayoutOption,
    NoPagerOption,
    TableOption,
    UrlOption,
    UtcOption,
    repeated_option,
    url_of,
)
from esjournal.cli.selectionoptions import (
    AsOfOption,
    GrepOption,
    IdsOption,
    OnOption,
    SelectionOptions,
    SinceOption,
    UntilOption,
    WhereOption,
)
from esjournal.domain.choices import ColorChoice, OutputFormat, SequenceOrder


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
    since: SinceOption = None,
    until: UntilOption = None,
    on: OnOption = None,
    as_of: AsOfOption = None,
    after: AfterOption = None,
    originator_ids: IdsOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
    sort: Annotated[
        SequenceOrder,
        typer.Option(
            metavar="ORDER", help="Sort by id (default), name, number of events, or time of the first or last one."
        ),
    ] = SequenceOrder.ID,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=MAX_COUNT, help="At most N sequences.", show_default=False),
    ] = None,
    schemas: Annotated[
        bool, typer.Option("--schemas", help="List the journals of a PostgreSQL database instead.")
    ] = False,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """List the sequences, with event counts, versions and dates.

    Exit 1 if nothing is found. If events are selected, only these are counted: those that are recorded in a span, after
    or as of a position, of the sequences of --id, or that meet --where and -g. --type, --name, --prefix and --limit
    choose among the sequences of the selected events, and leave the counts as they are.

    \b
    Examples:
      esjournal list
      esjournal list --prefix 9b3
      esjournal list --name 'order-*' --sort name
      esjournal list --sort last --limit 10
      esjournal list --since yesterday --sort events
      esjournal list --type '*#Renamed' --sort events -F csv
      esjournal --url postgresql://me@localhost/shops list --schemas
    """
    from esjournal.cli.running.list_ import run

    run(
        url_of(context, url, layout, table),
        prefix=prefix,
        names=names,
        types=types,
        selection=SelectionOptions(None, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        sort=sort,
        limit=limit,
        schemas=schemas,
        output_format=output_format,
        csv_safe=csv_safe,
        no_pager=no_pager,
        utc=utc,
    )

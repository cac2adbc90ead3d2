"""`esjournal get`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    ColorOption,
    CsvSafeOption,
    LayoutOption,
    LimitOption,
    NoPagerOption,
    SequenceArgument,
    TableOption,
    UrlOption,
    UtcOption,
    url_of,
)
from esjournal.cli.selectionoptions import AsOfOption, TypesOption
from esjournal.domain.choices import ColorChoice, OutputFormat


def _version_option(help_text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="VERSION", help=help_text, show_default=False)
    return option


def get(
    context: typer.Context,
    originator_id: SequenceArgument,
    gt: Annotated[str | None, _version_option("Only versions above this one.")] = None,
    gte: Annotated[str | None, _version_option("Only this version and those above.")] = None,
    lt: Annotated[str | None, _version_option("Only versions below this one.")] = None,
    lte: Annotated[str | None, _version_option("Only this version and those below.")] = None,
    as_of: AsOfOption = None,
    limit: LimitOption = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Print the latest events first.")] = False,
    types: TypesOption = None,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    expanded: Annotated[
        bool, typer.Option("-x", "--expanded", help="On a terminal, show each event as a block.")
    ] = False,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show the events of one sequence, and any gaps in its versions.

    Exit 1 if nothing is found.

    \b
    Examples:
      esjournal get order-1001
      esjournal get 9b300b13-4410-51bf-85ca-234c8cea73da
      esjournal get 9b30 --reverse --limit 3
      esjournal get 9b30 --type 'accounts#*' --gte 10 --lt 20
      esjournal get 9b30 --as-of 1000
      esjournal get 9b30 -F ndjson | jq .state
    """
    from esjournal.cli.running.get import run

    run(
        url_of(context, url, layout, table),
        originator_id=originator_id,
        as_of=as_of,
        gt=gt,
        gte=gte,
        lt=lt,
        lte=lte,
        limit=limit,
        reverse=reverse,
        types=types,
        output_format=output_format,
        csv_safe=csv_safe,
        expanded=expanded,
        no_pager=no_pager,
        utc=utc,
    )

"""`esjournal info`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import AllSchemasOption, LayoutOption, TableOption, UrlOption, UtcOption, url_of
from esjournal.domain.choices import LinesFormat


def info(
    context: typer.Context,
    all_schemas: AllSchemasOption = False,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    utc: UtcOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show what journal this is, what is in it, and what it runs on.

    Warnings say what could lose events, and what to do about it; docs/findings.md has more about each. For a store that
    is not a journal, it lists the tables of libraries that esjournal knows, and the options that select them.

    \b
    Examples:
      esjournal info
      esjournal --url events.ndjson.gz info
      esjournal info --format json | jq .events
      esjournal --url postgresql://me@localhost/shops info --all-schemas
    """
    from esjournal.cli.running.info import run

    run(url_of(context, url, layout, table), all_schemas=all_schemas, output_format=output_format, utc=utc)

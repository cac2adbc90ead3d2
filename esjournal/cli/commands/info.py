"""`esjournal info`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import LayoutOption, TableOption, UrlOption, url_of
from esjournal.domain.choices import AnswerFormat


def info(
    context: typer.Context,
    output_format: Annotated[AnswerFormat, typer.Option("--format", "-F", help="Output format.")] = AnswerFormat.TABLE,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show what journal this is, what is in it, and what it runs on.

    Warnings say what could lose events, and what to do about it. For a store that is not a journal, it lists the tables
    of libraries that esjournal knows, and the options that select them.

    \b
    Examples:
      esjournal info
      esjournal --url events.ndjson.gz info
      esjournal info --format json | jq .events
    """
    from esjournal.cli.running.info import run

    run(url_of(context, url, layout, table), output_format=output_format)

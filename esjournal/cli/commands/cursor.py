"""`esjournal cursor`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import LayoutOption, TableOption, UrlOption, expanded_if_given, url_of
from esjournal.domain.choices import AnswerFormat


def cursor(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The file of a cursor.", callback=expanded_if_given, show_default=False),
    ],
    output_format: Annotated[AnswerFormat, typer.Option("--format", "-F", help="Output format.")] = AnswerFormat.TABLE,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show how far a cursor came, and whether it fits its journal.

    It counts all events after the cursor, also those that its reader leaves out, and says for how long the first of
    them has been in the journal. Exit 1 if the cursor is another journal's, or its event is no longer there.

    \b
    Examples:
      esjournal each --cursor-file mailed.cursor -- wc -c
      esjournal cursor mailed.cursor
      esjournal cursor mailed.cursor -F json | jq .events_behind
    """
    from esjournal.cli.running.cursor import run

    run(url_of(context, url, layout, table), path=path, output_format=output_format)

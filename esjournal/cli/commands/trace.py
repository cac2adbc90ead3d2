"""`esjournal trace`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import ColorOption, LayoutOption, NoPagerOption, TableOption, UrlOption, UtcOption, url_of
from esjournal.domain.choices import ColorChoice, LinesFormat


def trace(
    context: typer.Context,
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT",
            help="The event: its global position, its event id, or SEQUENCE/VERSION. Or else a correlation id.",
        ),
    ],
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show what caused an event, and what it caused, as a tree.

    The metadata of an event names its cause: causation_id is the event id of the cause, or its SEQUENCE/VERSION, and
    correlation_id is the same for all events of a tree. Exit 1 if nothing is found.

    \b
    Examples:
      esjournal trace 22
      esjournal trace order-1001/3
      esjournal trace checkout-77
      esjournal trace 22 -F ndjson | jq -c '[.depth, .event_type]'

    \b
    Each event is below its cause. A cause that is not in the journal, and a
    cycle, are shown. json and ndjson have each event as log prints it, with its
    depth, and with missing_cause or cycle at the top of a tree.
    """
    from esjournal.cli.running.trace import run

    run(url_of(context, url, layout, table), event=event, output_format=output_format, no_pager=no_pager, utc=utc)

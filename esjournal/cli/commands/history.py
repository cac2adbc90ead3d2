"""`esjournal history`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    ColorOption,
    LayoutOption,
    NoPagerOption,
    SequenceArgument,
    TableOption,
    UrlOption,
    UtcOption,
    url_of,
)
from esjournal.cli.selectionoptions import AsOfOption
from esjournal.domain.choices import ColorChoice, LinesFormat


def history(
    context: typer.Context,
    originator_id: SequenceArgument,
    at_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Only events up to this version.", show_default=False),
    ] = None,
    from_version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Show only what the events after this version changed together.", show_default=False
        ),
    ] = None,
    at_time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only up to the last event recorded by TIME: 2026-01-31, 2h.", show_default=False
        ),
    ] = None,
    as_of: AsOfOption = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Only events that set this field: owner, address.zip.", show_default=False),
    ] = None,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show how each event changed a sequence, and the resulting state.

    States are merged in order: later fields win, nested objects are merged, null removes a field (RFC 7396). With
    --field, the last event shown is the one that set the field last. --at-time ends with the last event recorded by
    then, and includes all events before it. --from-version compares the state at that version with the resulting one.
    Exit 1 if nothing is found.

    \b
    Examples:
      esjournal history order-1001
      esjournal history 9b30
      esjournal history 9b30 --at-version 7 -F json | jq .state
      esjournal history 9b30 --at-time '2026-01-31 12:00'
      esjournal history 9b30 --as-of 1000
      esjournal history 9b30 --from-version 3 --at-version 7
      esjournal history 9b30 --field owner
      esjournal history 9b30 --field owner -F json | jq .originator_version

    \b
    --format json prints the resulting state or, with --field, the field's value
    and the event that set it last. ndjson prints a line for each event, with
    what it added, changed and removed; with --from-version, both print one line
    with what all of them did.
    """
    from esjournal.cli.running.history import run

    run(
        url_of(context, url, layout, table),
        originator_id=originator_id,
        as_of=as_of,
        at_version=at_version,
        from_version=from_version,
        at_time=at_time,
        field=field,
        output_format=output_format,
        no_pager=no_pager,
        utc=utc,
    )

"""`esjournal log`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    MAX_COUNT,
    AfterOption,
    ColorOption,
    CsvSafeOption,
    LayoutOption,
    LimitOption,
    NoPagerOption,
    TableOption,
    UrlOption,
    UtcOption,
    file_option,
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
from esjournal.domain.choices import ColorChoice, OutputFormat


def log(
    context: typer.Context,
    last: Annotated[
        int | None,
        typer.Option(
            "-n", metavar="N", min=0, max=MAX_COUNT, help="Only the last N events; -5 is -n 5.", show_default=False
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Print the latest events first.")] = False,
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
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    template: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Print each event as a line of this form.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print each event in full, not on one line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="On a terminal, show states as they are stored.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new events, until Ctrl-C.")] = False,
    cursor_file: Annotated[
        str | None,
        file_option(help_text="With -f: start after the cursor in FILE, advance it."),
    ] = None,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show the events of all sequences in global order, latest last.

    One line each; on a terminal, in your pager. Exit 1 if nothing is found. A time without an offset is in your time
    zone.

    \b
    Examples:
      esjournal log -20
      esjournal log --since yesterday --type 'accounts#*'
      esjournal log --id order-1001
      esjournal log --name 'order-*' -n 5
      esjournal log --where 'owner == "Ann"' --where 'address.zip > 999'
      esjournal log --where 'meta.user == "ann"'
      esjournal log -g 'Ann|Eve' --full
      esjournal log --template '{sequence_name} {event_type} {state.owner}'
      esjournal log --template '{global_position} {meta.user}'
      esjournal log -n 5 --reverse -F ndjson | jq .state

    \b
    --where takes PATH OPERATOR VALUE: a path such as address.zip or items[0].sku,
    one of == != < <= > >=, and a JSON string, number, true, false or null.
    meta.PATH is a field of the metadata; any other is a field of the state.
    -f starts with the last 10 events by default.
    """
    from esjournal.cli.running.log import run

    run(
        url_of(context, url, layout, table),
        last=last,
        reverse=reverse,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        limit=limit,
        output_format=output_format,
        csv_safe=csv_safe,
        template=template,
        full=full,
        as_json=as_json,
        follow=follow,
        cursor_file=cursor_file,
        no_pager=no_pager,
        utc=utc,
    )

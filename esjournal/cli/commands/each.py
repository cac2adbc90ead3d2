"""`esjournal each`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    MAX_COUNT,
    LayoutOption,
    TableOption,
    UrlOption,
    file_option,
    url_of,
)
from esjournal.cli.selectionoptions import (
    GrepOption,
    IdsOption,
    NamesOption,
    SelectionOptions,
    SinceOption,
    TypesOption,
    WhereOption,
)

# 31 seconds of pauses: a service that the command needs may be restarted meanwhile.
RETRIES = 5


def each(
    context: typer.Context,
    command: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND...", help="The command, with its arguments.", show_default=False),
    ],
    cursor_file: Annotated[
        str,
        file_option("--cursor-file", help_text="Start after the cursor in FILE, and advance it."),
    ],
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    names: NamesOption = None,
    since: SinceOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events, until Ctrl-C.")] = False,
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", min=1, max=MAX_COUNT, help="Hand over up to N events at a time.")
    ] = 1,
    retries: Annotated[
        int,
        typer.Option("--retries", metavar="N", min=0, max=MAX_COUNT, help="If the command fails, try N times again."),
    ] = RETRIES,
    failed: Annotated[
        str | None,
        file_option("--failed", help_text="Then append the events to FILE, and go on."),
    ] = None,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Run a command for each event, and remember how far it came.

    The events come in global order, each as a line of NDJSON on the command's standard input. If the command ends with
    0, the cursor moves on, and is on the disk before the next event. So after any end, the next run misses nothing: it
    begins with the event that was not handled. That event may come twice.

    \b
    Examples:
      esjournal each --cursor-file mailed.cursor -- jq -r .state.owner
      esjournal each --cursor-file loaded.cursor --batch 1000 -- wc -l
      esjournal each --cursor-file a.cursor --type accounts#Opened -- tee new.txt
      esjournal each --cursor-file b.cursor --failed failed.ndjson -- cat

    \b
    It ends after the last event that was there when it began, with exit 0 even if
    there was none; --follow goes on. A command that fails is tried again after
    1 s, 2 s, 4 s and so on, at most 1 minute. Then it ends with exit 6, and the
    cursor stays before the event; with --failed it goes on.
    """
    from esjournal.cli.running.each import run

    run(
        url_of(context, url, layout, table),
        command=command,
        cursor_file=cursor_file,
        selection=SelectionOptions(types, originator_ids, names, since=since, where=where, pattern=pattern),
        follow=follow,
        batch=batch,
        retries=retries,
        failed=failed,
    )

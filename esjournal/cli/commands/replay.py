"""`esjournal replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AfterOption,
    ColorOption,
    CsvSafeOption,
    LayoutOption,
    QuietOption,
    TableOption,
    UrlOption,
    UtcOption,
    file_option,
    url_of,
)
from esjournal.cli.selectionoptions import (
    AsOfOption,
    GrepOption,
    NamesOption,
    OnOption,
    SelectionOptions,
    SinceOption,
    TypesOption,
    UntilOption,
    WhereOption,
)
from esjournal.domain.choices import ColorChoice, OutputFormat


def replay(
    context: typer.Context,
    code: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="MODULE:NAME",
            help="Your function, called with a state and an event, or your class, whose `apply` is called with an "
            "event.",
            show_default=False,
        ),
    ],
    originator_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="The sequences: their names, UUIDs, or the first 4 or more characters of these. Default: all.",
            show_default=False,
        ),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="EXPRESSION",
            help="Print the first event of each sequence after which this Python is false; it has `state` and `event`.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:NAME",
            help="Print the first event of each sequence after which this code has another state.",
            show_default=False,
        ),
    ] = None,
    as_one: Annotated[bool, typer.Option("--global", help="Fold all events into one state, in global order.")] = False,
    at_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Only events up to this version.", show_default=False),
    ] = None,
    at_time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="One sequence: only up to the last event recorded by TIME: 2026-01-31, 2h.",
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    on: OnOption = None,
    as_of: AsOfOption = None,
    after: AfterOption = None,
    types: TypesOption = None,
    names: NamesOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    path: Annotated[
        str | None,
        file_option("-o", "--output", help_text="Write the states to FILE: .ndjson, .csv or .parquet."),
    ] = None,
    csv_safe: CsvSafeOption = False,
    quiet: QuietOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Fold the events through your own code, and print the states.

    A function gets a state and an event. It returns the next state, or changes the state and returns None; the first
    state is an empty dictionary. A class is made once for each sequence, and its method `apply` gets each event. An
    event has id, name, version, type, state, metadata, recorded_at and position. Modules are imported from the working
    folder, too. Every sequence keeps its state in memory until the end.

    For one sequence, up to any version, time or position, what each event changed is shown, and the state. For many,
    or with a selection, there is a line for each sequence with its state. Exit 1 if nothing is found, if --expect is
    false somewhere, or if --against comes to another state.

    \b
    Examples:
      esjournal replay order-1001 --with shop:order
      esjournal replay order-1001 --with shop:order --at-version 1 -F json
      esjournal replay --with shop:order
      esjournal replay --with shop:order --name 'order-*' -o orders.csv
      esjournal replay --with shop:order --expect 'state["paid"] <= 100'
      esjournal replay --with shop:order --against shop:Order
      esjournal replay --with shop:sales --global -F json
    """
    from esjournal.cli.running.replay import run

    run(
        url_of(context, url, layout, table),
        code=code,
        expect=expect,
        against=against,
        as_one=as_one,
        at_version=at_version,
        at_time=at_time,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        output_format=output_format,
        path=path,
        csv_safe=csv_safe,
        quiet=quiet,
        utc=utc,
    )

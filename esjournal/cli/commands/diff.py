"""`esjournal diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import ColorOption, NoPagerOption, QuietOption, expanded_if_given, refuse_program_options
from esjournal.domain.choices import ColorChoice, LinesFormat

_JOURNAL = "A URL, a SQLite file, or a file of events."


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=_JOURNAL, callback=expanded_if_given, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=_JOURNAL, callback=expanded_if_given, show_default=False)],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="POSITION|TIME",
            help="Compare both as they were at a time, or each after its own global position.",
            show_default=False,
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print every difference, event by event.")] = False,
    per_sequence: Annotated[
        bool, typer.Option("--per-sequence", help="Print the counts of every sequence, even if it is equal.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--as-json", help="Compare states as JSON values: 1.10 equals 1.1, and key order is ignored."),
    ] = False,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    quiet: QuietOption = False,
    no_pager: NoPagerOption = False,
    color: ColorOption = ColorChoice.AUTO,
) -> None:
    """Compare two journals, and print the differences.

    Exit 0 if there are none, 1 if there are any. Events are equal if they have the same type and the same state, as
    text, at the same version of the same sequence. Global positions are not compared. Recording times are not compared
    either, but the totals say how many differ.

    The summary has the totals, and the first 10 of each kind of difference: sequences that only one journal has,
    sequences that depart, with the version at which they do, and events. Of a state it shows the fields that are only
    in B (+), only in A (-) or different (~). A terminal of 160 columns shows the values of A and B side by side.

    \b
    Examples:
      esjournal diff old.db events.ndjson.gz
      esjournal diff esjournal.db new.db || echo different
      esjournal diff --full old.db new.db > differences.txt || echo different
      esjournal diff --as-of yesterday old.db new.db || echo different
      esjournal diff -F ndjson old.db old.ndjson | jq -r .kind

    \b
    --format ndjson prints a line for each sequence that differs, or for all of
    them with --per-sequence. With --full, the events of a sequence that differ
    come before it, one on a line. The totals come last. .kind is sequence, event
    or totals. json prints the same as one object:
    {"differences": [...], "totals": {...}}.
    """
    refuse_program_options(context, "diff takes both journals as arguments")
    from esjournal.cli.running.diff import run

    run(
        a=a,
        b=b,
        as_of=as_of,
        full=full,
        per_sequence=per_sequence,
        as_json=as_json,
        output_format=output_format,
        quiet=quiet,
        no_pager=no_pager,
    )

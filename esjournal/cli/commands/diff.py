"""`esjournal diff`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.cli.exits import DIFFERENCES, say
from esjournal.cli.options import QuietOption, refuse_program_options
from esjournal.cli.progress import EventsProgress
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import counted, duration, number, rate

if TYPE_CHECKING:
    from esjournal.journal.compare.comparison import Comparison

_JOURNAL = "A URL, a SQLite file, or a file of events."


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=_JOURNAL, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=_JOURNAL, show_default=False)],
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
) -> None:
    """Compare two journals, and print the differences.

    Exit 0 if there are none, 1 if there are any. Events are equal if they have the same type and the same state, as
    text, at the same version of the same sequence. Global positions are not compared. Recording times are not compared
    either, but the totals say how many differ.

    The summary has the totals, and the first 10 of each kind of difference: sequences that only one journal has,
    sequences that depart, with the version at which they do, and events. Of a state it shows the fields that are only
    in B (+), only in A (-) or different (~).

    \b
    Examples:
      esjournal diff old.db events.ndjson.gz
      esjournal diff esjournal.db new.db || echo different
      esjournal diff --full old.db new.db > differences.txt || echo different
      esjournal diff -F ndjson old.db old.ndjson | jq -r .kind

    \b
    --format ndjson prints a line for each sequence that differs, or for all of
    them with --per-sequence. With --full, the events of a sequence that differ
    come before it, one on a line. The totals come last. .kind is sequence, event
    or totals. json prints the same as one object:
    {"differences": [...], "totals": {...}}.
    """
    refuse_program_options(context, "diff takes both journals as arguments")
    from esjournal.cli.rendering.differences import SHOWN_OF_A_KIND, differences_view
    from esjournal.journal.compare.comparison import Comparison
    from esjournal.journal.compare.result import EventDifference
    from esjournal.journal.temporary import open_to_compare

    began = time.monotonic()
    # A summary is printed when all is read, and anything else as it comes.
    shares_terminal = sys.stdout.isatty() and (full or per_sequence or output_format is not LinesFormat.TABLE)
    with open_to_compare(a) as one, open_to_compare(b) as other:
        comparison = Comparison(one, other, by_value=as_json)
        view = differences_view(output_format, full=full, per_sequence=per_sequence)
        with (
            EventsProgress(sum(comparison.until), "both are read", quiet=quiet) as progress,
            # Whatever ends this, what reads beside it ends first.
            closing(
                comparison.differences(
                    progress.show, every_sequence=per_sequence, most=None if full else SHOWN_OF_A_KIND
                )
            ) as differences,
        ):
            for difference in differences:
                if shares_terminal:
                    progress.hide()
                if isinstance(difference, EventDifference):
                    view.show_event(difference)
                else:
                    view.show_sequence(difference)
        view.show_totals(comparison, (one.shown_url, other.shown_url))
    if not quiet:
        # Where both go to one place, what differs comes before what it comes to.
        sys.stdout.flush()
        say(", ".join(_totals(comparison, time.monotonic() - began)))
    if not comparison.is_same:
        raise typer.Exit(DIFFERENCES)


def _totals(comparison: Comparison, seconds: float) -> Iterator[str]:
    events = comparison.events
    result = "the same"
    if not comparison.is_same:
        counts = (events.different, "different"), (events.only_in_a, "only in A"), (events.only_in_b, "only in B")
        result = ", ".join(f"{number(count)} {what}" for count, what in counts)
    yield f"{number(events.in_a)} and {counted(events.in_b, 'event')} compared: {result}"
    if events.recorded_otherwise:
        yield f"{number(events.recorded_otherwise)} recorded at another moment"
    yield duration(seconds)
    yield rate(max(events.in_a, events.in_b), seconds)

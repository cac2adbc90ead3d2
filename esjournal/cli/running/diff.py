"""`esjournal diff`: what it does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing

import typer

from esjournal.cli.exits import DIFFERENCES, say
from esjournal.cli.pager import paged
from esjournal.cli.progress import EventsProgress
from esjournal.cli.rendering.differences import SHOWN_OF_A_KIND, differences_view
from esjournal.cli.selectionoptions import as_of_option
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import counted, duration, number, rate
from esjournal.journal.compare.comparison import Comparison
from esjournal.journal.compare.result import EventDifference
from esjournal.journal.temporary import open_to_compare_as_of


def run(
    *,
    a: str,
    b: str,
    as_of: str | None,
    full: bool,
    per_sequence: bool,
    as_json: bool,
    output_format: LinesFormat,
    quiet: bool,
    no_pager: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.diff`."""
    moment = None if as_of is None else as_of_option(as_of)
    began = time.monotonic()
    # A summary is printed at the end, and everything else as it comes.
    shares_terminal = sys.stdout.isatty() and (full or per_sequence or output_format is not LinesFormat.TABLE)
    with (
        paged(not no_pager, has_header=full and output_format is LinesFormat.TABLE) as paging,
        open_to_compare_as_of(a, moment) as (one, until_one),
        open_to_compare_as_of(b, moment) as (other, until_other),
    ):
        comparison = Comparison(one, other, by_value=as_json, until=(until_one, until_other))
        urls = (one.shown_url, other.shown_url)
        view = differences_view(output_format, urls, full=full, per_sequence=per_sequence)

        def show_progress(events: int) -> None:
            view.write_out()
            if paging.has_begun:
                progress.leave_out()
            progress.show(events)

        with (
            EventsProgress(sum(comparison.until), "both are read", quiet=quiet) as progress,
            # However this ends, the second process that reads ends first.
            closing(
                comparison.differences(
                    show_progress, every_sequence=per_sequence, most=None if full else SHOWN_OF_A_KIND
                )
            ) as differences,
        ):
            try:
                for difference in differences:
                    if shares_terminal:
                        progress.hide()
                    if isinstance(difference, EventDifference):
                        view.show_event(difference)
                    else:
                        view.show_sequence(difference)
            finally:
                # Also what was found before an error.
                view.write_out()
        view.show_totals(comparison)
    if not quiet:
        # If stdout and stderr are the same file, the differences come before the totals.
        sys.stdout.flush()
        say(", ".join(_totals(comparison, view.sides, time.monotonic() - began)))
    if not comparison.is_same:
        raise typer.Exit(DIFFERENCES)


def _totals(comparison: Comparison, sides: tuple[str, str], seconds: float) -> Iterator[str]:
    events = comparison.events
    result = "the same"
    if not comparison.is_same:
        a, b = sides
        counts = (
            (events.different, "different"),
            (events.only_in_a, f"only in {a}"),
            (events.only_in_b, f"only in {b}"),
        )
        result = ", ".join(f"{number(count)} {what}" for count, what in counts)
    yield f"{number(events.in_a)} and {counted(events.in_b, 'event')} compared: {result}"
    if events.recorded_otherwise:
        yield f"{number(events.recorded_otherwise)} recorded at another time"
    yield duration(seconds)
    yield rate(max(events.in_a, events.in_b), seconds)

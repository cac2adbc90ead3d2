"""`esjournal stats`."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated

import typer

from esjournal.cli.ending import say
from esjournal.cli.options import UrlOption, url_of
from esjournal.domain.model.periods import Period


class CountsFormat(StrEnum):
    """How counts are printed."""

    TABLE = "table"
    JSON = "json"


def stats(
    context: typer.Context,
    by: Annotated[
        Period | None,
        typer.Option("--by", help="Count over time by this; by default what fits the journal.", show_default=False),
    ] = None,
    output_format: Annotated[CountsFormat, typer.Option("--format", "-F", help="How to print.")] = CountsFormat.TABLE,
    svg: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw the table there as well, as a picture.", show_default=False)
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the table there as well, as a page.", show_default=False)
    ] = None,
    url: UrlOption = None,
) -> None:
    """Count the events by type, over time and in the longest sequences.

    Times are UTC. Events that others append meanwhile are not counted. The table shows the 20 most frequent types, and
    JSON all of them; JSON leaves out the times in which nothing was recorded.

    \b
    Examples:
      esjournal stats
      esjournal stats --by day
      esjournal stats --svg stats.svg --html stats.html
      esjournal stats -F json | jq '.types[] | select(.percent < 1)'
    """
    from esjournal.cli.statsreport import ReportFormat, report
    from esjournal.cli.statsview import print_counts, print_json
    from esjournal.interchange.streams import STANDARD_STREAM, sink
    from esjournal.journal.counting import count_events
    from esjournal.journal.opening import open_journal

    given = {ReportFormat.SVG: svg, ReportFormat.HTML: html}
    reports = {report_format: path for report_format, path in given.items() if path is not None}
    for report_format, path in reports.items():
        if path == STANDARD_STREAM:
            raise typer.BadParameter(f"--{report_format} -: the counts go to stdout, name a file.")
    if svg is not None and svg == html:
        raise typer.BadParameter(f"--html {html}: --svg writes there, name another file.")
    with open_journal(url_of(context, url)) as journal, ExitStack() as files:
        # Made before anything is counted, to find out in time that one cannot be.
        streams = {report_format: files.enter_context(sink(path)) for report_format, path in reports.items()}
        counted = count_events(journal, by=by)
        for report_format, stream in streams.items():
            stream.write(report(counted, report_format).encode())
    if output_format is CountsFormat.JSON:
        print_json(counted)
    else:
        print_counts(counted)
    for path in reports.values():
        say(f"the report is in {path}")

"""`esjournal stats`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Annotated

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import LayoutOption, TableOption, UrlOption, url_of
from esjournal.domain.choices import AnswerFormat
from esjournal.domain.periods import Period

if TYPE_CHECKING:
    from esjournal.cli.rendering.report import ReportFormat


def stats(
    context: typer.Context,
    by: Annotated[
        Period | None,
        typer.Option("--by", help="The period to count by; by default one that suits the journal.", show_default=False),
    ] = None,
    output_format: Annotated[AnswerFormat, typer.Option("--format", "-F", help="Output format.")] = AnswerFormat.TABLE,
    svg: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also draw the table as a picture in FILE.", show_default=False)
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write the table as a web page to FILE.", show_default=False)
    ] = None,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Count the events by type, over time and in the longest sequences.

    Times are UTC. Events appended meanwhile are not counted. The table shows the 20 most frequent types, JSON shows all
    of them. JSON omits periods without events.

    \b
    Examples:
      esjournal stats
      esjournal stats --by day
      esjournal stats --svg stats.svg --html stats.html
      esjournal stats -F json | jq '.types[] | select(.percent < 1)'
    """
    from esjournal.cli.rendering.report import ReportFormat, report
    from esjournal.cli.rendering.stats import print_counts, print_json
    from esjournal.journal.inspect.stats import count_events
    from esjournal.journal.temporary import open_to_count
    from esjournal.journal.transfer import overlap

    given = {ReportFormat.SVG: svg, ReportFormat.HTML: html}
    reports = {report_format: path for report_format, path in given.items() if path is not None}
    for report_format, path in reports.items():
        if path == "-":
            raise typer.BadParameter(f"--{report_format} -: the counts go to stdout, name a file.")
    journal_url = url_of(context, url, layout, table)
    overlap.keep_apart(
        overlap.journal("the journal", journal_url), overlap.written("--svg", svg), overlap.written("--html", html)
    )
    with open_to_count(journal_url) as journal, _files(reports) as streams:
        counted = count_events(journal, by=by)
        for report_format, stream in streams.items():
            stream.write(report(counted, report_format).encode())
    if output_format is AnswerFormat.JSON:
        print_json(counted)
    else:
        print_counts(counted)
    for path in reports.values():
        say(f"the report is in {path}")


@contextmanager
def _files(reports: Mapping[ReportFormat, str]) -> Iterator[dict[ReportFormat, IO[bytes]]]:
    """Open the files of reports before anything is counted, to find out in time that one cannot be written."""
    if not reports:
        # Files may be compressed, and what does that takes a while to load.
        yield {}
        return
    from esjournal.interchange.outputfiles import sink

    with ExitStack() as files:
        yield {report_format: files.enter_context(sink(path)) for report_format, path in reports.items()}

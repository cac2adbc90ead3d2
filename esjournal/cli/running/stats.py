"""`esjournal stats`: what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO

import typer

from esjournal.cli.exits import say
from esjournal.cli.rendering.report import ReportFormat, report
from esjournal.cli.rendering.stats import print_counts, print_json
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.domain.choices import AnswerFormat
from esjournal.domain.periods import Period
from esjournal.interchange.outputfiles import sink
from esjournal.journal.inspect.stats import count_events
from esjournal.journal.read.criteria import Slice
from esjournal.journal.temporary import open_to_count
from esjournal.journal.transfer import overlap


def run(
    url: str,
    *,
    by: Period | None,
    selection: SelectionOptions,
    after: int | None,
    limit: int | None,
    output_format: AnswerFormat,
    svg: str | None,
    html: str | None,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.stats`."""
    given = {ReportFormat.SVG: svg, ReportFormat.HTML: html}
    reports = {report_format: path for report_format, path in given.items() if path is not None}
    for report_format, path in reports.items():
        if path == "-":
            raise typer.BadParameter(f"--{report_format} -: the counts go to stdout, name a file.")
    overlap.keep_apart(
        overlap.journal("the journal", url), overlap.written("--svg", svg), overlap.written("--html", html)
    )
    part = Slice(selection.criteria(url), after=after or 0, limit=limit)
    with open_to_count(url, part) as journal, _files(reports) as streams:
        counted = count_events(journal, by=by, sized=part.is_whole)
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
    """Open the files of reports before anything is counted, to fail early if one cannot be written."""
    with ExitStack() as files:
        yield {report_format: files.enter_context(sink(path)) for report_format, path in reports.items()}

"""`esjournal stats`: what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO

import typer

from esjournal.cli.exits import say
from esjournal.cli.pager import paged
from esjournal.cli.rendering.jsonanswers import print_json
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.report import ReportFormat, report
from esjournal.cli.rendering.schemas import DAY, Column, schemas_view, time_in_cell
from esjournal.cli.rendering.stats import json_of, print_counts
from esjournal.cli.running.schemas import check_all_schemas, show_each_schema
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.domain.choices import LinesFormat
from esjournal.domain.periods import Period
from esjournal.domain.text import number, size
from esjournal.interchange.outputfiles import sink
from esjournal.journal.inspect.stats import Counted, count_events
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
    all_schemas: bool,
    output_format: LinesFormat,
    svg: str | None,
    html: str | None,
    no_pager: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.stats`."""
    part = Slice(selection.criteria(url), after=after or 0, limit=limit)
    clock = Clock(utc=utc)
    if all_schemas:
        check_all_schemas("--all-schemas", url, output_format, ("--svg", svg is not None), ("--html", html is not None))
        _show_all_schemas(url, output_format, part, by, clock)
        return
    given = {ReportFormat.SVG: svg, ReportFormat.HTML: html}
    reports = {report_format: path for report_format, path in given.items() if path is not None}
    for report_format, path in reports.items():
        if path == "-":
            raise typer.BadParameter(f"--{report_format} -: the counts go to stdout, name a file.")
    overlap.keep_apart(
        overlap.journal("the journal", url), overlap.written("--svg", svg), overlap.written("--html", html)
    )
    with open_to_count(url, part) as journal, _files(reports) as streams:
        # Programs get the periods that suit all events.
        crowded = output_format is LinesFormat.TABLE
        counted = count_events(journal, by=by, sized=part.is_whole, crowded=crowded)
        for report_format, stream in streams.items():
            stream.write(report(counted, report_format).encode())
    with paged(not no_pager):
        if output_format is LinesFormat.TABLE:
            print_counts(counted, clock)
        else:
            print_json(json_of(counted), indented=output_format is LinesFormat.JSON)
    for path in reports.values():
        say(f"the report is in {path}")


def _show_all_schemas(url: str, output_format: LinesFormat, part: Slice, by: Period | None, clock: Clock) -> None:
    def counted_in(address: str) -> Counted:
        with open_to_count(address, part) as journal:
            return count_events(journal, by=by, sized=part.is_whole)

    columns: list[Column[Counted]] = [
        Column("events", lambda found: number(found.events), is_number=True),
        Column("sequences", lambda found: number(found.sequences), is_number=True),
        Column("types", lambda found: number(len(found.types)), is_number=True),
        *([Column("size", lambda found: size(found.size or 0), is_number=True)] * part.is_whole),
        Column("first recorded", lambda found: time_in_cell(found.first_recorded_at, clock), most=DAY),
        Column("last recorded", lambda found: time_in_cell(found.last_recorded_at, clock), most=DAY),
    ]
    view = schemas_view(columns, as_table=output_format is LinesFormat.TABLE, fields=json_of)
    show_each_schema(url, view, counted_in)


@contextmanager
def _files(reports: Mapping[ReportFormat, str]) -> Iterator[dict[ReportFormat, IO[bytes]]]:
    """Open the files of reports before anything is counted, to fail early if one cannot be written."""
    with ExitStack() as files:
        yield {report_format: files.enter_context(sink(path)) for report_format, path in reports.items()}

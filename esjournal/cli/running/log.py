"""`esjournal log`: what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import chain

import typer

from esjournal.cli.exits import INTERRUPTED, NOTHING_FOUND, fail
from esjournal.cli.options import check_csv_safe
from esjournal.cli.pager import paged
from esjournal.cli.rendering.log import print_log
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.templates import template as line_template
from esjournal.cli.running.following import followed
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.cli.signals import end_if_terminated, interruption_repeated
from esjournal.domain.choices import OutputFormat
from esjournal.interchange.formats import is_file_of_events
from esjournal.journal.read.filelines import open_lines
from esjournal.journal.read.pages import Page, read_journal
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap


def run(
    url: str,
    *,
    last: int | None,
    reverse: bool,
    selection: SelectionOptions,
    after: int | None,
    limit: int | None,
    output_format: OutputFormat,
    csv_safe: bool,
    template: str | None,
    full: bool,
    as_json: bool,
    follow: bool,
    cursor_file: str | None,
    no_pager: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.log`."""
    if template is not None and (full or output_format is not OutputFormat.TABLE):
        raise typer.BadParameter("--template says how to print: leave out --full and --format.")
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)
    line_of = None if template is None else line_template(template)
    criteria = selection.criteria(url)
    if follow:
        if reverse or limit is not None or selection.ends() is not None:
            given = selection.ends() or ("--limit" if limit is not None else "--reverse")
            raise typer.BadParameter(f"-f continues with new events: leave out {given}.")
        _check_following(url, output_format)
    elif cursor_file is not None:
        raise typer.BadParameter(
            "--cursor-file needs -f; to read only the events there now, use it with `esjournal export`."
        )
    if cursor_file is not None and (after is not None or last is not None):
        raise typer.BadParameter("--cursor-file says where to begin: leave out --after and -n.")

    overlap.keep_apart(overlap.journal("the journal", url), overlap.written("--cursor-file", cursor_file))
    show = partial(
        print_log,
        output_format=output_format,
        full=full,
        as_json=as_json,
        csv_safe=csv_safe,
        clock=Clock(utc=utc),
        line_of=line_of,
    )
    has_lines = output_format is OutputFormat.TABLE and not full and line_of is None
    lines = criteria.in_lines() if is_file_of_events(url) else None
    # The header of CSV comes first, and names what some event has.
    if lines is not None and not reverse and output_format is not OutputFormat.CSV:
        with open_lines(url, lines, after=after or 0, last=last, limit=limit) as pages:
            _page(show, pages, url, no_pager=no_pager, has_lines=has_lines)
        return
    # A follower ends with Ctrl-C, and must not miss it.
    with interruption_repeated() if follow else nullcontext(), open_to_read(url) as journal:
        wanted = criteria.in_journal(journal)
        show = partial(show, added=journal.events.fields_in_use() if output_format is OutputFormat.CSV else ())
        if follow:
            try:
                show(followed(journal, wanted, after=after, last=last, cursor_file=cursor_file))
            except KeyboardInterrupt:
                end_if_terminated()
                # This is how a follower is meant to end.
                raise typer.Exit(INTERRUPTED) from None
        pages = read_journal(journal, wanted, after=after or 0, last=last, limit=limit, reverse=reverse)
        _page(show, pages, journal.shown_url, no_pager=no_pager, has_lines=has_lines)


def _page(show: Callable[..., None], pages: Iterator[Page], shown_url: str, *, no_pager: bool, has_lines: bool) -> None:
    first = next(pages, None)
    if first is None:
        fail(f"nothing found: {shown_url} has no events that match", NOTHING_FOUND)
    with paged(not no_pager, has_header=has_lines) as paging:
        # What fits on the screen, with a header, is printed as it is: no pager would show the rest of a line.
        show(chain([first], pages), whole=paging.chops and len(first) >= paging.most_lines)


def _check_following(url: str, output_format: OutputFormat) -> None:
    if output_format in (OutputFormat.JSON, OutputFormat.CSV):
        raise typer.BadParameter(f"-f has no end, but {output_format} needs one: use --format ndjson, or a --template.")
    if is_file_of_events(url):
        raise typer.BadParameter(f"{url} is a file, and -f follows journals: import it into one.")

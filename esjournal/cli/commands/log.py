"""`esjournal log`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.cli.exits import INTERRUPTED, NOTHING_FOUND, fail
from esjournal.cli.options import (
    AfterOption,
    CsvSafeOption,
    IdsOption,
    LayoutOption,
    TableOption,
    TypesOption,
    UrlOption,
    check_csv_safe,
    checked,
    checked_start,
    url_of,
)
from esjournal.cli.signals import interruption_repeated
from esjournal.cli.times import time_of
from esjournal.domain.choices import OutputFormat
from esjournal.interchange.formats import is_file_of_events

if TYPE_CHECKING:
    from esjournal.domain.state.where import Comparison


def log(
    context: typer.Context,
    last: Annotated[
        int | None,
        typer.Option("-n", metavar="N", min=0, max=2**63 - 1, help="Only the last N events.", show_default=False),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Print the latest events first.")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only events recorded since TIME: 2026-01-31, 2h, '1 month ago'.", show_default=False
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only events recorded until TIME: today, 'yesterday 12:00'.", show_default=False
        ),
    ] = None,
    after: AfterOption = None,
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Only events whose state meets this condition; may be repeated.", show_default=False
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            "-g",
            "--grep",
            metavar="REGEX",
            help="Only events with a match in the text of their state.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    template: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Print each event as a line of this form.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print each event in full, not on one line.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new events, until Ctrl-C.")] = False,
    cursor_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With -f: start after the cursor stored in FILE, and advance it.", show_default=False
        ),
    ] = None,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Do not use a pager.")] = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show the events of all sequences in global order, latest last.

    One line each; on a terminal, in your pager. Exit 1 if nothing is found. A time without an offset is in your time
    zone.

    \b
    Examples:
      esjournal log -n 20
      esjournal log --since yesterday --type 'accounts#*'
      esjournal log --where 'owner == "Ann"' --where 'address.zip > 999'
      esjournal log -g 'Ann|Eve' --full
      esjournal log --template '{global_position} {event_type} {state.owner}'
      esjournal log -n 5 --reverse -F ndjson | jq .state

    \b
    --where takes PATH OPERATOR VALUE: a path such as address.zip or items[0].sku,
    one of == != < <= > >=, and a JSON string, number, true, false or null.
    -f starts with the last 10 events by default.
    """
    from esjournal.cli.rendering.templates import template as line_template

    if template is not None and (full or output_format is not OutputFormat.TABLE):
        raise typer.BadParameter("--template says how to print: leave out --full and --format.")
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)
    line_of = None if template is None else line_template(template)
    earliest, latest = _span(since, until)
    comparisons = _comparisons(where or ())
    expression = None if pattern is None else _expression(pattern)
    journal_url = url_of(context, url, layout, table)
    starts = [checked_start(text, journal_url) for text in originator_ids or ()]
    if follow:
        if reverse or until is not None:
            raise typer.BadParameter("-f goes on with what is new: leave out --reverse and --until.")
        _check_following(journal_url, output_format)
        context.with_resource(interruption_repeated())
    elif cursor_file is not None:
        raise typer.BadParameter("--cursor-file goes with -f; for what is there now, `esjournal export` has it too.")
    if cursor_file is not None and (after is not None or last is not None):
        raise typer.BadParameter("--cursor-file says where to begin: leave out --after and -n.")

    from esjournal.cli.following import followed
    from esjournal.cli.pager import paged
    from esjournal.cli.rendering.log import print_log
    from esjournal.domain.model.typepatterns import TypePatterns
    from esjournal.journal.abbreviation import find_sequence
    from esjournal.journal.read.pages import read_journal
    from esjournal.journal.read.selection import Selection
    from esjournal.journal.temporary import open_to_read
    from esjournal.journal.transfer import overlap

    overlap.keep_apart(overlap.journal("the journal", journal_url), overlap.written("--cursor-file", cursor_file))
    with open_to_read(journal_url) as journal:
        selection = Selection(
            types=TypePatterns(types or ()),
            originator_ids=[find_sequence(journal, start) for start in starts],
            since=earliest,
            until=latest,
            comparisons=comparisons,
            pattern=expression,
        )
        if follow:
            pages = followed(journal, selection, after=after, last=last, cursor_file=cursor_file)
            try:
                print_log(pages, output_format, full=full, csv_safe=csv_safe, line_of=line_of)
            except KeyboardInterrupt:
                # It is how a follower ends, and nothing to say a word about.
                raise typer.Exit(INTERRUPTED) from None
        pages = read_journal(journal, selection, after=after or 0, last=last, reverse=reverse)
        first = next(pages, None)
        if first is None:
            fail(f"nothing found: {journal.shown_url} has no events that match", NOTHING_FOUND)
        with paged(not no_pager):
            print_log(chain([first], pages), output_format, full=full, csv_safe=csv_safe, line_of=line_of)


def _span(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    earliest = None if since is None else time_of(since)
    latest = None if until is None else time_of(until, latest=True)
    if earliest is not None and latest is not None and earliest > latest:
        raise typer.BadParameter(f"--since is {earliest} and --until {latest}: nothing is between them.")
    return earliest, latest


def _comparisons(texts: Sequence[str]) -> list[Comparison]:
    from esjournal.domain.state.where import comparison

    return [checked(comparison, text) for text in texts]


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise typer.BadParameter(f"-g {pattern!r} is no regular expression: {error}.") from None


def _check_following(url: str, output_format: OutputFormat) -> None:
    if output_format in (OutputFormat.JSON, OutputFormat.CSV):
        raise typer.BadParameter(f"-f has no end, and {output_format} needs one: use --format ndjson, or a --template.")
    if is_file_of_events(url):
        raise typer.BadParameter(f"{url} is a file, and -f follows journals: import it into one.")

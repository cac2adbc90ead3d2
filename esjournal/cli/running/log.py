"""`esjournal log`: what it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain

import typer

from esjournal.cli.exits import INTERRUPTED, NOTHING_FOUND, fail
from esjournal.cli.options import check_csv_safe, checked, checked_part
from esjournal.cli.pager import paged
from esjournal.cli.rendering.log import print_log
from esjournal.cli.rendering.templates import template as line_template
from esjournal.cli.running.following import followed
from esjournal.cli.signals import end_if_terminated, interruption_repeated
from esjournal.cli.times import time_of
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.state.where import FieldCondition, field_condition
from esjournal.interchange.formats import is_file_of_events
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.read.pages import read_journal
from esjournal.journal.read.selection import Selection
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap


def run(
    url: str,
    *,
    last: int | None,
    reverse: bool,
    since: str | None,
    until: str | None,
    after: int | None,
    types: list[str] | None,
    originator_ids: list[str] | None,
    names: list[str] | None,
    where: list[str] | None,
    pattern: str | None,
    output_format: OutputFormat,
    csv_safe: bool,
    template: str | None,
    full: bool,
    follow: bool,
    cursor_file: str | None,
    no_pager: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.log`."""
    if template is not None and (full or output_format is not OutputFormat.TABLE):
        raise typer.BadParameter("--template says how to print: leave out --full and --format.")
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)
    line_of = None if template is None else line_template(template)
    earliest, latest = _span(since, until)
    conditions = _field_conditions(where or ())
    expression = None if pattern is None else _expression(pattern)
    parts = [checked_part(text, url) for text in originator_ids or ()]
    if follow:
        if reverse or until is not None:
            raise typer.BadParameter("-f continues with new events: leave out --reverse and --until.")
        _check_following(url, output_format)
    elif cursor_file is not None:
        raise typer.BadParameter(
            "--cursor-file needs -f; to read only the events there now, use it with `esjournal export`."
        )
    if cursor_file is not None and (after is not None or last is not None):
        raise typer.BadParameter("--cursor-file says where to begin: leave out --after and -n.")

    overlap.keep_apart(overlap.journal("the journal", url), overlap.written("--cursor-file", cursor_file))
    # A follower ends with Ctrl-C, and must not miss it.
    with interruption_repeated() if follow else nullcontext(), open_to_read(url) as journal:
        selection = Selection(
            types=Patterns(types or ()),
            names=Patterns(names or ()),
            originator_ids=[find_sequence(journal, part) for part in parts],
            since=earliest,
            until=latest,
            field_conditions=conditions,
            pattern=expression,
        )
        added = journal.events.fields_in_use() if output_format is OutputFormat.CSV else ()
        if follow:
            pages = followed(journal, selection, after=after, last=last, cursor_file=cursor_file)
            try:
                print_log(pages, output_format, full=full, csv_safe=csv_safe, added=added, line_of=line_of)
            except KeyboardInterrupt:
                end_if_terminated()
                # This is how a follower is meant to end.
                raise typer.Exit(INTERRUPTED) from None
        pages = read_journal(journal, selection, after=after or 0, last=last, reverse=reverse)
        first = next(pages, None)
        if first is None:
            fail(f"nothing found: {journal.shown_url} has no events that match", NOTHING_FOUND)
        with paged(not no_pager):
            print_log(chain([first], pages), output_format, full=full, csv_safe=csv_safe, added=added, line_of=line_of)


def _span(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    earliest = None if since is None else time_of(since)
    latest = None if until is None else time_of(until, latest=True)
    if earliest is not None and latest is not None and earliest > latest:
        raise typer.BadParameter(f"--since is {earliest} and --until {latest}: nothing is between them.")
    return earliest, latest


def _field_conditions(texts: Sequence[str]) -> list[FieldCondition]:
    return [checked(field_condition, text) for text in texts]


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise typer.BadParameter(f"-g {pattern!r} is not a regular expression: {error}.") from None


def _check_following(url: str, output_format: OutputFormat) -> None:
    if output_format in (OutputFormat.JSON, OutputFormat.CSV):
        raise typer.BadParameter(f"-f has no end, but {output_format} needs one: use --format ndjson, or a --template.")
    if is_file_of_events(url):
        raise typer.BadParameter(f"{url} is a file, and -f follows journals: import it into one.")

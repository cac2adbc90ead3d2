"""`esjournal history`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.cli.exits import NOTHING_FOUND, fail, say
from esjournal.cli.options import LayoutOption, SequenceArgument, TableOption, UrlOption, checked, checked_start, url_of
from esjournal.cli.times import time_of
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import counted, number

if TYPE_CHECKING:
    from esjournal.journal.inspect.history import Step


def history(
    context: typer.Context,
    originator_id: SequenceArgument,
    at_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Only events up to this version.", show_default=False),
    ] = None,
    at_time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only up to the last event recorded by TIME: 2026-01-31, 2h.", show_default=False
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Only events that set this field: owner, address.zip.", show_default=False),
    ] = None,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show how each event changed a sequence, and the resulting state.

    States are merged in order: later fields win, nested objects are merged, null removes a field (RFC 7396). With
    --field, the last event shown is the one that set the field last. --at-time ends with the last event recorded by
    then, and includes all events before it. Exit 1 if nothing is found.

    \b
    Examples:
      esjournal history 9b30
      esjournal history 9b30 --at-version 7 -F json | jq .state
      esjournal history 9b30 --at-time '2026-01-31 12:00'
      esjournal history 9b30 --field owner
      esjournal history 9b30 --field owner -F json | jq .originator_version

    \b
    --format json prints the resulting state or, with --field, the field's value
    and the event that set it last. ndjson prints a line for each event, with
    what it added, changed and removed.
    """
    from esjournal.domain.model import rules
    from esjournal.domain.state import paths

    journal_url = url_of(context, url, layout, table)
    start = checked_start(originator_id, journal_url)
    version = None if at_version is None else checked(rules.originator_version, at_version)
    moment = None if at_time is None else time_of(at_time, latest=True)
    path = None if field is None else checked(paths.path, field)
    from esjournal.cli.rendering.history import print_history
    from esjournal.journal.abbreviation import find_sequence
    from esjournal.journal.inspect import history
    from esjournal.journal.temporary import open_to_read

    read = unfolded = recorded_later = 0

    def noted(steps: Iterable[Step]) -> Iterator[Step]:
        nonlocal read, unfolded, recorded_later
        for step in steps:
            read += 1
            unfolded += step.changes is None
            recorded_later += moment is not None and (step.event.recorded_at or moment) > moment
            yield step

    with open_to_read(journal_url) as journal:
        sequence = find_sequence(journal, start)
        steps = noted(history.history(journal, sequence, at_version=version, at_time=moment))
        found = print_history(steps if path is None else history.setting(steps, path), output_format, field=path)
        opaque = f"{number(unfolded)} of {counted(read, 'event')} cannot be folded: only JSON objects can"
        if not found:
            what = f"has no events that {'match' if path is None else f'set {paths.path_text(path)}'}"
            if not read and not journal.events.get_items(sequence, limit=1):
                what = "is not in this journal"
            fail(f"nothing found: sequence {sequence} {what}{f'; {opaque}' if unfolded else ''}", NOTHING_FOUND)
    if unfolded:
        say(opaque)
    if recorded_later:
        say(
            f"{number(recorded_later)} of {counted(read, 'event')} recorded after {moment}, and folded because a later "
            f"version was recorded by then: a clock was set back"
        )

"""`esjournal get`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.exits import NOTHING_FOUND, fail
from esjournal.cli.options import (
    CsvSafeOption,
    LayoutOption,
    LimitOption,
    SequenceArgument,
    TableOption,
    TypesOption,
    UrlOption,
    check_csv_safe,
    checked,
    checked_start,
    url_of,
)
from esjournal.domain.choices import OutputFormat


def _version_option(help_text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="VERSION", help=help_text, show_default=False)
    return option


def get(
    context: typer.Context,
    originator_id: SequenceArgument,
    gt: Annotated[str | None, _version_option("Only versions above this one.")] = None,
    gte: Annotated[str | None, _version_option("Only this version and those above.")] = None,
    lt: Annotated[str | None, _version_option("Only versions below this one.")] = None,
    lte: Annotated[str | None, _version_option("Only this version and those below.")] = None,
    limit: LimitOption = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Print the latest events first.")] = False,
    types: TypesOption = None,
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    csv_safe: CsvSafeOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show the events of one sequence, and any gaps in its versions.

    Exit 1 if nothing is found.

    \b
    Examples:
      esjournal get 9b300b13-4410-51bf-85ca-234c8cea73da
      esjournal get 9b30 --reverse --limit 3
      esjournal get 9b30 --type 'accounts#*' --gte 10 --lt 20
      esjournal get 9b30 -F ndjson | jq .state
    """
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)
    from esjournal.domain.model import rules

    journal_url = url_of(context, url, layout, table)
    start = checked_start(originator_id, journal_url)
    bounds = {
        name: None if text is None else checked(rules.originator_version, text)
        for name, text in (("gt", gt), ("gte", gte), ("lt", lt), ("lte", lte))
    }
    from esjournal.cli.rendering.events import print_events
    from esjournal.domain.model.typepatterns import TypePatterns
    from esjournal.journal.abbreviation import find_sequence
    from esjournal.journal.read.pages import read_sequence
    from esjournal.journal.temporary import open_to_read

    with open_to_read(journal_url) as journal:
        sequence = find_sequence(journal, start)
        patterns = TypePatterns(types or ())
        events = read_sequence(journal, sequence, **bounds, limit=limit, reverse=reverse, types=patterns)
        found = print_events(events, output_format, gaps=not types, csv_safe=csv_safe)
        if not found:
            exists = bool(journal.events.get_items(sequence, limit=1))
            what = "has no events that match" if exists else "is not in this journal"
            fail(f"nothing found: sequence {sequence} {what}", NOTHING_FOUND)

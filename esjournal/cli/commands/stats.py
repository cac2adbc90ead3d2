"""`esjournal stats`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AfterOption,
    AllSchemasOption,
    ColorOption,
    LayoutOption,
    LimitOption,
    NoPagerOption,
    TableOption,
    UrlOption,
    UtcOption,
    file_option,
    url_of,
)
from esjournal.cli.selectionoptions import (
    AsOfOption,
    GrepOption,
    IdsOption,
    NamesOption,
    OnOption,
    SelectionOptions,
    SinceOption,
    TypesOption,
    UntilOption,
    WhereOption,
)
from esjournal.domain.choices import ColorChoice, LinesFormat
from esjournal.domain.periods import Period


def stats(
    context: typer.Context,
    by: Annotated[
        Period | None,
        typer.Option(
            "--by",
            metavar="PERIOD",
            help="Count by this period, not by one that suits the journal.",
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    on: OnOption = None,
    as_of: AsOfOption = None,
    after: AfterOption = None,
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    names: NamesOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
    limit: LimitOption = None,
    all_schemas: AllSchemasOption = False,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    svg: Annotated[
        str | None,
        file_option(help_text="Also draw the table as a picture in FILE."),
    ] = None,
    html: Annotated[
        str | None,
        file_option(help_text="Also write the table as a web page to FILE."),
    ] = None,
    no_pager: NoPagerOption = False,
    utc: UtcOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Count the events by type, over time and by sequence.

    Periods are those of UTC. Events appended meanwhile are not counted. The table shows the 20 most frequent types,
    JSON shows all of them. JSON omits periods without events. If events are selected, only these are counted, and the
    size on disk is left out.

    \b
    Examples:
      esjournal stats
      esjournal stats --by day
      esjournal stats --since 2026-01-01 --where 'price > 100'
      esjournal stats --svg stats.svg --html stats.html
      esjournal stats -F json | jq '.types[] | select(.percent < 1)'
      esjournal --url postgresql://me@localhost/shops stats --all-schemas
    """
    from esjournal.cli.running.stats import run

    run(
        url_of(context, url, layout, table),
        by=by,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        limit=limit,
        all_schemas=all_schemas,
        output_format=output_format,
        svg=svg,
        html=html,
        no_pager=no_pager,
        utc=utc,
    )

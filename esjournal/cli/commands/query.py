"""`esjournal query`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AfterOption,
    ColorOption,
    CsvSafeOption,
    LayoutOption,
    LimitOption,
    QuietOption,
    TableOption,
    UrlOption,
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
from esjournal.domain.choices import ColorChoice, OutputFormat


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; `-` reads it from stdin.")],
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
    output_format: Annotated[OutputFormat, typer.Option("--format", "-F", help="Output format.")] = OutputFormat.TABLE,
    path: Annotated[
        str | None,
        file_option("-o", "--output", help_text="Write the rows to FILE: .ndjson, .csv or .parquet."),
    ] = None,
    csv_safe: CsvSafeOption = False,
    quiet: QuietOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Ask the events in SQL, which only reads.

    DuckDB answers: `pip install 'esjournal[sql]'`. Its two tables are

    \b
      events     id, name, version, type, state, metadata, recorded_at, position
      sequences  id, name, events, first_version, last_version, last_type,
                 first_recorded_at, last_recorded_at

    state and metadata are JSON: `state->>'owner'` is a field as text. Other options choose the events that the query
    sees, and sequences has the sequences of these. Exit 1 if there are no rows.

    \b
    Examples:
      esjournal query "select type, count(*) from events group by type"
      esjournal query "select state->>'owner' from events" --type '*#Opened'
      esjournal query "from sequences order by events desc limit 3" -F ndjson
      esjournal query "select * from events" --since yesterday -o events.parquet
      echo 'from sequences' | esjournal query - -o sequences.csv
    """
    from esjournal.cli.running.query import run

    run(
        url_of(context, url, layout, table),
        sql=sql,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        limit=limit,
        output_format=output_format,
        path=path,
        csv_safe=csv_safe,
        quiet=quiet,
    )

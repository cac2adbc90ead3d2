"""`esjournal verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AllSchemasOption,
    ColorOption,
    LayoutOption,
    NoPagerOption,
    QuietOption,
    TableOption,
    UrlOption,
    url_of,
)
from esjournal.domain.choices import ColorChoice, LinesFormat


def verify(
    context: typer.Context,
    events: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE[:MODULE...]",
            help="Import these modules, and report events that map to none of their classes; may be repeated.",
            show_default=False,
        ),
    ] = None,
    digest: Annotated[bool, typer.Option("--digest", help="Print a SHA-256 digest of all events.")] = False,
    per_sequence: Annotated[
        bool, typer.Option("--per-sequence", help="With --digest: also print one for each sequence.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="POSITION|TIME",
            help="With --digest: only read the events there were after a global position, or at a time.",
            show_default=False,
        ),
    ] = None,
    all_schemas: AllSchemasOption = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="The database does not check that its indexes have each event.")
    ] = False,
    output_format: Annotated[LinesFormat, typer.Option("--format", "-F", help="Output format.")] = LinesFormat.TABLE,
    quiet: QuietOption = False,
    no_pager: NoPagerOption = False,
    color: ColorOption = ColorChoice.AUTO,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Read the whole journal, and print what is wrong with it.

    Each finding is a line: its kind, its location and the details. A location is a global position, ID@VERSION, the
    name of a table or index, or a line of a file. Exit 1 if there are findings.

    \b
    Kinds:
      missing-position missing-version bad-position conflict
      bad-id bad-version bad-type bad-state bad-moment bad-metadata bad-event-id
      bad-name bad-line unmapped
      schema index integrity sequence

    What each means, where it comes from, and what to do is in docs/findings.md; a terminal shows it in short.

    The database checks itself, and the totals say with what: integrity_check of
    SQLite, or bt_index_check of PostgreSQL's extension amcheck. With --quick, it
    does not look up each event in each index: quick_check on SQLite.

    The same events in the same order have the same digest, in every journal and on both databases.

    \b
    Examples:
      esjournal verify
      esjournal verify --format ndjson | jq -r .place
      esjournal verify --digest --per-sequence
      esjournal verify --digest --as-of yesterday
      esjournal verify --events accounts
      esjournal verify --quick
      esjournal --url events.ndjson.gz verify
      esjournal --url postgresql://me@localhost/shops verify --all-schemas -F ndjson
    """
    from esjournal.cli.running.verify import run

    run(
        url_of(context, url, layout, table),
        events=events,
        digest=digest,
        per_sequence=per_sequence,
        as_of=as_of,
        all_schemas=all_schemas,
        quick=quick,
        output_format=output_format,
        quiet=quiet,
        no_pager=no_pager,
    )

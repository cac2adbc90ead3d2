"""`esjournal init`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import UrlOption, url_of


def init(
    context: typer.Context,
    url: UrlOption = None,
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="PostgreSQL: the schema to make the journal in; the same as ?schema=NAME in the URL.",
            show_default=False,
        ),
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that makes the tables, and do nothing else.")
    ] = False,
) -> None:
    """Make a journal, unless there is one already.

    A journal made by an earlier esjournal gets the indexes that it lacks. A new SQLite file is readable only by its
    owner. The file of any other program is left alone.

    \b
    Examples:
      esjournal init
      esjournal --url events.db init
      esjournal --url postgresql://me@localhost/shop init --schema journal
      esjournal init --sql
    """
    from esjournal.journal.journal import initialise, schema_sql

    address = url_of(context, url)
    if sql:
        typer.echo(schema_sql(address, schema=schema), nl=False)
        return
    made = initialise(address, schema=schema)
    if made.created:
        say(f"made the journal {made.journal_id} in {made.shown_url}")
    elif made.completed:
        say(f"the journal {made.journal_id} in {made.shown_url} was made by an earlier esjournal, and is complete now")
    else:
        say(f"the journal {made.journal_id} is in {made.shown_url} already; nothing to do")

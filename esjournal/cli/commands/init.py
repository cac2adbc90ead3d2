"""`esjournal init`."""

from __future__ import annotations

from typing import Annotated

import typer

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
    protect: Annotated[
        bool, typer.Option("--protect", help="Make the database refuse to change or delete events, for everyone.")
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that makes the tables, and do nothing else.")
    ] = False,
) -> None:
    """Make a journal, unless there is one already.

    A journal made by an earlier esjournal gets the indexes that it lacks. A new SQLite file is readable only by its
    owner. The file of any other program is left alone. --protect can also be given later; only who owns the tables can
    take the protection away.

    \b
    Examples:
      esjournal init
      esjournal --url events.db init
      esjournal --url postgresql://me@localhost/shop init --schema journal
      esjournal init --protect
      esjournal init --sql
    """
    from esjournal.cli.running.init import run

    run(url_of(context, url), schema=schema, protect=protect, sql=sql)

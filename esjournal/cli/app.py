"""The program and its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal import __version__
from esjournal.cli.commandtable import SETTINGS
from esjournal.cli.exits import JournalGroup
from esjournal.cli.options import LayoutOption, ProgramOptions, TableOption, UrlOption

app = typer.Typer(
    cls=JournalGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    **SETTINGS,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"esjournal {__version__}")
        raise typer.Exit


@app.callback()
def esjournal(
    context: typer.Context,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep a journal of domain events, in a SQLite file or in PostgreSQL.

    \b
    A first journal:
      esjournal init
      esjournal append new 0 accounts#Opened '{"owner":"Ann"}'
      esjournal export

    \b
    Exit codes:
      0 done   1 nothing found, findings or differences   2 usage   3 bad input
      4 conflict   5 the store failed   6 the command of each failed
      130 interrupted
    """
    context.obj = ProgramOptions(url, layout, table)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())

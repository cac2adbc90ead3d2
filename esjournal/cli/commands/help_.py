"""`esjournal help`."""

from __future__ import annotations

from typing import Annotated

import typer


def help_(
    context: typer.Context,
    command: Annotated[
        str | None,
        typer.Argument(metavar="COMMAND", help="A command's name. Without it, all commands are listed."),
    ] = None,
) -> None:
    """Show the help of a command.

    `esjournal help get` prints what `esjournal get --help` prints.

    \b
    Examples:
      esjournal help
      esjournal help get
    """
    from esjournal.cli.running.help_ import run

    run(context, command=command)

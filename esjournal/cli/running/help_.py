"""`esjournal help`: what it does."""

from __future__ import annotations

from typing import Any

import typer


def run(context: typer.Context, *, command: str | None) -> None:
    """Print the help of a command, or of the program.

    Args:
        context: the context of `help`.
        command: the command's name; None for the program.
    """
    program: Any = context.parent
    if command is None:
        typer.echo(program.get_help())
        return
    # An unknown name is a usage error, and Typer adds the nearest names.
    name, found, _ = program.command.resolve_command(program, [command])
    with found.make_context(name, [], parent=program, resilient_parsing=True) as asked:
        typer.echo(asked.get_help())

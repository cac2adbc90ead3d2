"""What `list --schemas` and `--all-schemas` do: ask the journal in each schema of a database, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import typer

from esjournal.cli.exits import exit_code_of, say
from esjournal.cli.rendering.schemas import SchemasView
from esjournal.exceptions import EsjournalError
from esjournal.infrastructure.sqlalchemy.urlschemes import names_a_server
from esjournal.journal.inspect.schemas import journals_by_schema

Answer = TypeVar("Answer")

_FORMATS = ("table", "ndjson")


def show_each_schema(url: str, view: SchemasView[Answer], answer_of: Callable[[str], Answer]) -> None:
    """Print an answer for the journal in each schema.

    Args:
        url: the URL of the database.
        view: prints the answers.
        answer_of: returns the answer for the URL of a journal.

    Raises:
        typer.Exit: a journal could not be read.
    """

    def show(schema: str, address: str) -> int:
        view.show(schema, answer_of(address))
        return 0

    code = run_for_each_schema(url, show, view.show_failure)
    view.end()
    if code:
        raise typer.Exit(code)


def run_for_each_schema(url: str, run: Callable[[str, str], int], on_failure: Callable[[str, str], None]) -> int:
    """Do something with the journal in each schema; one that cannot be read does not hide the others.

    Args:
        url: the URL of the database.
        run: takes the name of a schema and the URL of its journal, and returns an exit code.
        on_failure: takes the name of a schema, and the message of the error that ended `run`, which stderr has, too.

    Returns:
        The highest exit code.
    """
    worst = 0
    for schema, address in journals_by_schema(url):
        try:
            code = run(schema, address)
        except EsjournalError as error:
            on_failure(schema, str(error))
            say(f"{schema}: {error}")
            code = exit_code_of(error)
        worst = max(worst, code)
    return worst


def check_all_schemas(option: str, url: str, output_format: StrEnum, *others: tuple[str, bool]) -> None:
    """Refuse what does not go with the journals of all schemas.

    Args:
        option: the option that asks for them.
        url: the URL that was given.
        output_format: the format that was given.
        others: the names of options of one journal, each with whether it was given.

    Raises:
        typer.BadParameter: it does not name a PostgreSQL database, or another option is for one journal.
    """
    if not names_a_server(url):
        raise typer.BadParameter(
            f"{option} is for a PostgreSQL database with a journal in each schema: a file is one journal, leave it out."
        )
    if output_format not in _FORMATS:
        raise typer.BadParameter(f"{option} prints a table or NDJSON: leave out --format {output_format}.")
    if given := [name for name, is_given in others if is_given]:
        raise typer.BadParameter(f"{option} shows the journals of all schemas: leave out {', '.join(given)}.")

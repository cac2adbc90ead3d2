"""Options that several commands share, and the reading of their values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import typer

from esjournal.cli.journalurl import DEFAULT_URL, URL_VARIABLE
from esjournal.cli.terminal import choose_colours
from esjournal.domain.choices import ColorChoice, FileFormat, LayoutName
from esjournal.exceptions import InvalidData
from esjournal.filepaths import expanded
from esjournal.infrastructure.secrets import masked

# The largest global position, and so the largest number of events.
MAX_COUNT = 2**63 - 1

_LAYOUT_PARAMETER = re.compile(r"[?&]layout=")

Value = TypeVar("Value")


@dataclass(frozen=True)
class ProgramOptions:
    """The options of a journal that were given before the command's name; those given after it win."""

    url: str | None = None
    layout: LayoutName | None = None
    table: str | None = None


def expanded_if_given(path: str | None) -> str | None:
    """Return the value of an option that names a file, with ~ expanded.

    Raises:
        UnusableFile: ~ cannot be expanded.
    """
    return None if path is None else expanded(path)


def file_option(*names: str, help_text: str) -> Any:
    """Return an option that names a file, with ~ expanded.

    Args:
        names: the names of the option, if they are not those of the parameter.
        help_text: its help, which calls the value FILE.
    """
    return typer.Option(*names, metavar="FILE", help=help_text, callback=expanded_if_given, show_default=False)


def repeated_option(name: str, metavar: str, help_text: str) -> Any:
    """Return an option that may be given several times.

    Args:
        name: its name.
        metavar: what its help calls the value.
        help_text: its help, without an end.
    """
    return typer.Option(name, metavar=metavar, help=f"{help_text}; may be repeated.", show_default=False)


UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="The journal: a SQLite FILE, or postgresql://USER@HOST/DB. "
        f"Default: ${URL_VARIABLE}, or else {DEFAULT_URL.removeprefix('sqlite:///')}.",
        show_default=False,
    ),
]
LayoutOption = Annotated[
    LayoutName | None,
    typer.Option("--layout", help="Use another library's tables.", show_default=False),
]
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="With --layout: the events table, unless the default.",
        show_default=False,
    ),
]
AfterOption = Annotated[
    int | None,
    typer.Option(
        "--after",
        metavar="POSITION",
        min=0,
        max=MAX_COUNT,
        help="Only events after this global position.",
        show_default=False,
    ),
]
CursorFileOption = Annotated[
    str | None,
    file_option("--cursor-file", help_text="Start after the cursor in FILE, then advance it."),
]
SequenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The sequence: its name, its UUID, or the first 4 or more characters of that. If `append new` made the "
        "UUID, also its last 4 or more.",
    ),
]
FileFormatOption = Annotated[
    FileFormat | None,
    typer.Option("--format", "-F", help="The files' format, whatever their names.", show_default=False),
]
CsvSafeOption = Annotated[
    bool,
    typer.Option("--csv-safe", help="CSV: put ' before text that looks like a formula."),
]
NoPagerOption = Annotated[bool, typer.Option("--no-pager", help="Do not use a pager.")]
UtcOption = Annotated[bool, typer.Option("--utc", help="Show times in UTC, not in your time zone.")]
# The choice is kept where colours are made, so no command passes it on.
ColorOption = Annotated[ColorChoice, typer.Option("--color", help="When to use colours.", callback=choose_colours)]
AllSchemasOption = Annotated[
    bool,
    typer.Option("--all-schemas", help="The journal in each schema of a PostgreSQL database."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show neither progress nor totals.")]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=0, max=MAX_COUNT, help="At most N events.", show_default=False),
]


def url_of(context: typer.Context, url: str | None, layout: LayoutName | None = None, table: str | None = None) -> str:
    """Return the journal's URL: the command's option, the program's, the environment's, or the default.

    Args:
        context: the command's context; its obj has the program's own options.
        url: the option given after the command's name.
        layout: the option given after the command's name; it becomes a parameter of the URL.
        table: the same for the table.
    """
    # An empty option is a mistake, such as a variable that is not set, and must not mean the default.
    program: ProgramOptions = context.obj
    given = program.url if url is None else url
    address = expanded(given if given is not None else os.environ.get(URL_VARIABLE) or DEFAULT_URL)
    layout, table = layout or program.layout, program.table if table is None else table
    if table is not None and layout is None and not names_layout(address):
        raise typer.BadParameter("--table needs --layout.")
    for name, value in (("layout", layout), ("table", table)):
        if value is not None:
            # A byte that is not UTF-8 is kept, and no table has that name.
            address += f"{_separator(address)}{name}={quote(value, safe='', errors='surrogateescape')}"
    return address


def refuse_program_options(context: typer.Context, reason: str) -> None:
    """Raise a usage error if an option of one journal was given before the name of a command that takes two.

    Args:
        context: the command's context.
        reason: why the command does not take these options.
    """
    program: ProgramOptions = context.obj
    given = [f"--{name}" for name, value in asdict(program).items() if value is not None]
    if given:
        raise typer.BadParameter(f"{reason}: leave out {' and '.join(given)}.")


def _separator(address: str) -> str:
    # The name of a file may contain a question mark.
    has_parameters = "?" in address if "://" in address else names_layout(address)
    return "&" if has_parameters else "?"


def check_csv_safe(csv_safe: bool, *, csv: bool) -> None:
    """Refuse --csv-safe if no CSV is written.

    Raises:
        typer.BadParameter: it is not.
    """
    if csv_safe and not csv:
        raise typer.BadParameter("--csv-safe is for CSV: add --format csv, or leave it out.")


def names_layout(url: str) -> bool:
    """Say whether a URL, as `url_of` returns it, names the layout of tables of another library."""
    return _LAYOUT_PARAMETER.search(url) is not None


def checked(read: Callable[[str], Value], text: str) -> Value:
    """Return an argument in canonical form.

    Args:
        read: a function of `esjournal.domain.model.rules`.
        text: the argument.

    Raises:
        typer.BadParameter: it is not allowed.
    """
    try:
        return read(text)
    except InvalidData as error:
        raise typer.BadParameter(str(error)) from None


def checked_part(text: str, url: str) -> str:
    """Return an id, or the beginning or end of one, in canonical form, or else a name.

    Args:
        text: the argument.
        url: the journal's, as `url_of` returns it.

    Raises:
        typer.BadParameter: it is not allowed.
    """
    from esjournal.domain.model import rules

    return _checked_or_named(rules.originator_id_part, text, url)


def checked_id(text: str, url: str) -> str:
    """Return an id in canonical form, or else a name.

    Args:
        text: the argument.
        url: the journal's, as `url_of` returns it.

    Raises:
        typer.BadParameter: it is not allowed.
    """
    from esjournal.domain.model import rules

    return _checked_or_named(rules.originator_id, text, url)


def _checked_or_named(read: Callable[[str], str], text: str, url: str) -> str:
    from esjournal.domain.model.sequencenames import checked_name, new_name

    # Whether it is a name or an id is decided once the journal is open.
    if names_layout(url):
        return checked(checked_name, text)
    try:
        return read(text)
    except InvalidData as error:
        # An address with a password in the wrong place must not become a name.
        if not text or masked(text, [text] if "://" in text else []) != text:
            raise typer.BadParameter(str(error)) from None
    return checked(new_name, text)

"""How a help is laid out: what the command does, its arguments, its own options, and those that many commands have."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

# The options that many commands have. They are last, under a heading of their own, in this order everywhere.
COMMON_OPTIONS = (
    *("--format", "--csv-safe", "--utc", "--color", "--no-pager", "--quiet"),
    *("--all-schemas", "--url", "--layout", "--table", "--version", "--help"),
)
# What is longer has a line of its own, so that one long option does not push all texts to the right.
_WIDEST = 24
_INDENT = 2
# Typer's mark of a paragraph whose lines stay as they are.
_AS_IT_IS = "\b\n"
_BRACES = re.compile(r"^\{(.*)\}$")
_WORD = re.compile(r"[\w-]+")


def write_help(command: Any, context: Any, formatter: Any, commands: Mapping[str, str] | None = None) -> None:
    """Write the help of a command, or of the program.

    Args:
        command: Typer's command, with its parameters.
        context: the command's context.
        formatter: Typer's formatter, which knows how wide a help is.
        commands: what each command of the program does.
    """
    parameters = sorted(command.get_params(context), key=_place)
    required = [_names(option) for option in parameters if not _is_argument(option) and option.required]
    # Typer puts braces around the names of arguments that are required.
    options, *others = (_BRACES.sub(r"\1", piece) for piece in command.collect_usage_pieces(context))
    formatter.write_usage(context.command_path, " ".join([options, *required, *others]))
    _write_text(cleandoc(command.help), formatter)
    arguments = [(parameter.metavar, _help_of(parameter)) for parameter in parameters if _is_argument(parameter)]
    own: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    for option in parameters:
        if not _is_argument(option):
            (common if _place(option) else own).append((_names(option), _help_of(option)))
    headed = {"Options": own, "Common options": common} if own else {"Options": common}
    _write_columns({"Arguments": arguments, **headed}, formatter)
    if commands:
        _write_columns({"Commands": list(commands.items())}, formatter)


def _write_text(text: str, formatter: Any) -> None:
    for paragraph in text.split("\n\n"):
        formatter.write_paragraph()
        if paragraph.startswith(_AS_IT_IS):
            lines = paragraph.splitlines()[1:]
        else:
            lines = _wrapped(paragraph, formatter.width - _INDENT)
        for line in lines:
            formatter.write(f"{'':{_INDENT}}{line}\n")


def _write_columns(sections: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    """Write what is below each heading, all in the same two columns; a heading with nothing below it is left out."""
    widths = [len(name) for rows in sections.values() for name, _ in rows]
    column = _INDENT + max((width for width in widths if width <= _WIDEST), default=0) + 2
    for heading, rows in sections.items():
        if rows:
            formatter.write_paragraph()
            formatter.write_heading(heading)
        for name, text in rows:
            first, *others = _wrapped(text, formatter.width - column)
            if len(name) > _WIDEST:
                formatter.write(f"{'':{_INDENT}}{name}\n{'':{column}}{first}\n")
            else:
                formatter.write(f"{'':{_INDENT}}{name:{column - _INDENT}}{first}\n")
            for line in others:
                formatter.write(f"{'':{column}}{line}\n")


def value_name(option: Any) -> str:
    """Return what the help of an option calls its value; nothing if it takes none."""
    return "" if option.is_flag else option.metavar or option.name.rpartition("_")[2].upper()


def choices_of(parameter: Any) -> list[str]:
    """Return the values that a parameter may have, if they are few."""
    return list(map(str, getattr(parameter.type, "choices", ())))


def _place(parameter: Any) -> int:
    """Return the place of a common option, from 1 on; 0 for every other parameter, which stays where it is."""
    places = (COMMON_OPTIONS.index(name) + 1 for name in parameter.opts if name in COMMON_OPTIONS)
    return next(places, 0)


def _is_argument(parameter: Any) -> bool:
    return str(parameter.param_type_name) == "argument"


def _names(option: Any) -> str:
    # The names of --help come in the order of a set.
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--")))
    return f"{names} {value_name(option)}".rstrip()


def _help_of(parameter: Any) -> str:
    is_option = not _is_argument(parameter)
    default = parameter.default if parameter.show_default else None
    text = parameter.help
    choices = choices_of(parameter)
    if not set(choices) <= set(_WORD.findall(text)):
        named = [f"{choice} (default)" if choice == default else choice for choice in choices]
        text = f"{text.removesuffix('.')}: {', '.join(named[:-1])} or {named[-1]}."
    elif is_option and default not in (None, False, "", *choices):
        text += f" Default: {default}."
    return f"{text} Required." if is_option and parameter.required else text


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

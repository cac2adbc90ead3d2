"""Writes the completion scripts from the command tree: `python completions/generate.py`.

The scripts hold everything they offer and start no program, so that completing is instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer.main

from esjournal.cli.app import app
from esjournal.cli.helppage import choices_of, value_name

FOLDER = Path(__file__).parent
# What these stand for is a file; a journal's URL, such as the A and B of `diff`, may be a SQLite file's path.
FILE_METAVARS = {"FILE", "URL", "A", "B", "SOURCE", "TARGET"}
NOTE = "# Made by completions/generate.py; it offers what it holds, and starts no program."


class Option(NamedTuple):
    """An option of a command, as a shell needs to know it."""

    names: list[str]
    help: str
    value: str
    choices: list[str]
    is_file: bool
    repeats: bool


class Command(NamedTuple):
    """A command, or the program itself, which has no name."""

    name: str
    help: str
    options: list[Option]
    arguments: list[str]
    takes_file: bool


def commands() -> tuple[Command, list[Command]]:
    """Return the program and its commands."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("esjournal", [], resilient_parsing=True)
    return _command("", group, context), [_command(name, command, context) for name, command in group.commands.items()]


def _command(name: str, command: Any, parent: Any) -> Command:
    context = command.context_class(command, info_name=name, parent=parent, resilient_parsing=True)
    options, arguments = [], []
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument":
            arguments.append(parameter.make_metavar(context).strip("[]{}."))
            continue
        choices, value = choices_of(parameter), value_name(parameter)
        names = sorted(parameter.opts)  # those of --help come in the order of a set
        options.append(
            Option(names, _sentence(parameter.help), value, choices, value in FILE_METAVARS, parameter.multiple)
        )
    return Command(name, _sentence(command.help), options, arguments, not FILE_METAVARS.isdisjoint(arguments))


def _sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def bash() -> str:
    """Return the script for bash, from 3.2 on."""
    program, subcommands = commands()
    skipped = "|".join(name for option in program.options if option.value for name in option.names)
    lines = [
        NOTE,
        "",
        "_esjournal() {",
        '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}" command="" i',
        "    local IFS=$'\\n'",
        "    COMPREPLY=()",
        "    # Bash takes the = of --url=FILE for a word of its own.",
        '    [[ $previous == "=" ]] && previous="${COMP_WORDS[COMP_CWORD - 2]}"',
        '    [[ $current == "=" ]] && current=""',
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        '        case "${COMP_WORDS[i]}" in',
        f'            {skipped}) i=$((i + 1)); [[ ${{COMP_WORDS[i]}} == "=" ]] && i=$((i + 1)) ;;',
        f'            {"|".join(c.name for c in subcommands)}) command="${{COMP_WORDS[i]}}"; break ;;',
        "        esac",
        "    done",
        '    case "$command $previous" in',
    ]
    for command in (program, *subcommands):
        for option in command.options:
            if option.value:
                patterns = "|".join(f'"{command.name} {name}"' for name in option.names)
                lines.append(f"        {patterns}) {_bash_offer(option.choices, option.is_file)}; return ;;")
    lines += ["    esac", '    case "$command $current" in']
    for command in (program, *subcommands):
        names = [name for option in command.options for name in option.names]
        if command is program or command.arguments:
            lines.append(f'        "{command.name} -"*) {_bash_offer(names, False)} ;;')
            names = [c.name for c in subcommands] if command is program else []
        if names or command.takes_file:
            lines.append(f'        "{command.name} "*) {_bash_offer(names, command.takes_file)} ;;')
    lines += ["    esac", "}", "complete -F _esjournal esjournal", ""]
    return "\n".join(lines)


def _bash_offer(words: list[str], is_file: bool) -> str:
    if is_file:
        return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))'
    listed = "\\n".join(words)
    return f"COMPREPLY=($(compgen -W $'{listed}' -- \"$current\"))" if words else ":"


def zsh() -> str:
    """Return the script for zsh."""
    program, subcommands = commands()
    described = " ".join(_quoted(f"{command.name}:{command.help}") for command in subcommands)
    lines = ["#compdef esjournal", NOTE, "", "_esjournal() {", "    local curcontext=$curcontext state line"]
    lines += ["    typeset -A opt_args", f"    local -a commands=({described})", "    _arguments -C \\"]
    lines += [f"        {spec} \\" for spec in _zsh_options(program)]
    lines += ["        '1: :->command' '*:: :->arguments'", "    case $state in"]
    lines += ["        command) _describe command commands ;;", "        arguments)", "            case $line[1] in"]
    for command in subcommands:
        specs = [*_zsh_options(command), *_zsh_arguments(command)]
        joined = " \\\n                        ".join(specs)
        lines += [
            f"                {command.name})",
            f"                    _arguments {joined}",
            "                    ;;",
        ]
    lines += ["            esac", "            ;;", "    esac", "}", "", '_esjournal "$@"', ""]
    return "\n".join(lines)


def _zsh_options(command: Command) -> Iterator[str]:
    for option in command.options:
        help_text = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.help)
        offer = f"({' '.join(option.choices)})" if option.choices else "_files" if option.is_file else " "
        value = f":{option.value}:{offer}" if option.value else ""
        for name in option.names:
            others = "" if option.repeats or len(option.names) == 1 else f"({' '.join(option.names)})"
            # The value may follow in the same word: --url=FILE, -oFILE.
            joint = "" if not value else "=" if name.startswith("--") else "+"
            yield _quoted(f"{'*' if option.repeats else ''}{others}{name}{joint}[{help_text}]{value}")


def _zsh_arguments(command: Command) -> Iterator[str]:
    for number, argument in enumerate(command.arguments, start=1):
        yield _quoted(f"{number}:{argument}:{'_files' if argument in FILE_METAVARS else ' '}")


def fish() -> str:
    """Return the script for fish."""
    program, subcommands = commands()
    skipped = " ".join(name for option in program.options if option.value for name in option.names)
    lines = [NOTE, "", "function __esjournal_command_is --argument-names wanted", "    set -l command ''"]
    lines += ["    set -l is_value no", "    for word in (commandline -opc)[2..-1]"]
    lines += ["        if test $is_value = yes", "            set is_value no", "            continue", "        end"]
    lines += ["        switch $word", f"            case {skipped}", "                set is_value yes"]
    lines += ["            case '-*'", "            case '*'", "                set command $word"]
    lines += ["                break", "        end", "    end"]
    lines += ['    test "$command" = "$wanted"', "end", "", "complete -c esjournal -f"]
    for command in subcommands:
        lines.append(
            f"complete -c esjournal -n {_condition(program)} -a {command.name} -d {_fish_quoted(command.help)}"
        )
    for command in (program, *subcommands):
        if command.takes_file:
            lines.append(f"complete -c esjournal -n {_condition(command)} -F")
        for option in command.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            offer = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -x" if option.value else ""
            offer = " -r -F" if option.is_file else offer
            help_text = _fish_quoted(option.help)
            lines.append(f"complete -c esjournal -n {_condition(command)} {names}{offer} -d {help_text}")
    return "\n".join([*lines, ""])


def _condition(command: Command) -> str:
    return f"\"__esjournal_command_is '{command.name}'\""


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SCRIPTS = {"esjournal.bash": bash, "_esjournal": zsh, "esjournal.fish": fish}


if __name__ == "__main__":
    for file_name, script in SCRIPTS.items():
        (FOLDER / file_name).write_text(script())

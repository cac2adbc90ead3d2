"""Writes the completion scripts from the command tree: `python completions/generate.py`.

The scripts hold all commands, options and choices, and start no program for them, so that completing is instant. Only
for event types, names and ids they ask esjournal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import typer.main

from esjournal.cli.app import app
from esjournal.cli.commandtable import HELP
from esjournal.cli.helppage import choices_of, value_name
from esjournal.cli.running.completion import FOLDER, SCRIPTS
from esjournal.domain.choices import Completed, Shell

# What these stand for is a file; a journal's URL, such as the A and B of `diff`, may be a SQLite file's path.
FILE_METAVARS = {"FILE", "URL", "A", "B", "SOURCE", "TARGET"}
# What is in the journal, in commands that have one journal.
OPTIONS_OF_VALUES = {"--type": Completed.TYPES, "--name": Completed.NAMES, "--id": Completed.SEQUENCES}
ARGUMENTS_OF_VALUES = {"ID": Completed.SEQUENCES, "TYPE": Completed.TYPES}
NOTE = "# Made by completions/generate.py. It starts esjournal only to complete event types, names and ids."


class Offer(NamedTuple):
    """What may complete a value: files, some words, or what the journal has."""

    is_file: bool = False
    words: tuple[str, ...] = ()
    values: Completed | None = None


class Option(NamedTuple):
    """An option of a command, as a shell needs to know it."""

    names: list[str]
    help: str
    value: str
    offer: Offer
    repeats: bool


class Argument(NamedTuple):
    """An argument of a command; the last one may be repeated."""

    name: str
    offer: Offer
    repeats: bool


class Command(NamedTuple):
    """A command, or the program itself, which has no name."""

    name: str
    help: str
    options: list[Option]
    arguments: list[Argument]


def commands() -> tuple[Command, list[Command]]:
    """Return the program and its commands."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("esjournal", [], resilient_parsing=True)
    return _command("", group, context), [_command(name, command, context) for name, command in group.commands.items()]


def _command(name: str, command: Any, parent: Any) -> Command:
    context = command.context_class(command, info_name=name, parent=parent, resilient_parsing=True)
    parameters = command.get_params(context)
    has_journal = any("--url" in parameter.opts for parameter in parameters)
    options, arguments = [], []
    for parameter in parameters:
        choices = tuple(choices_of(parameter))
        if parameter.param_type_name == "argument":
            shown = parameter.metavar.strip("[].")
            if shown == "COMMAND" and name == "help":
                choices = tuple(HELP)
            values = ARGUMENTS_OF_VALUES.get(shown) if has_journal else None
            offer = Offer(shown in FILE_METAVARS, choices, values)
            arguments.append(Argument(shown, offer, parameter.nargs != 1))
            continue
        value = value_name(parameter)
        names = sorted(parameter.opts)  # those of --help come in the order of a set
        values = OPTIONS_OF_VALUES.get(names[0]) if has_journal else None
        offer = Offer(value in FILE_METAVARS, choices, values)
        options.append(Option(names, _sentence(parameter.help), value, offer, parameter.multiple))
    return Command(name, _sentence(command.help), options, arguments)


def _sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _options_with_values(commands: Iterable[Command]) -> list[str]:
    """Return the options that take a value; each one does, or does not, in all commands alike."""
    takes: dict[str, bool] = {}
    for command in commands:
        for option in command.options:
            for name in option.names:
                if takes.setdefault(name, bool(option.value)) != bool(option.value):
                    raise ValueError(f"{name} takes a value in some commands only: the scripts cannot tell them apart")
    return [name for name, has_value in takes.items() if has_value]


BASH = r"""NOTE

# Bash ends a word at : and = too, which types, names and URLs have; here only a space ends it. What bash takes for the
# word is its end, and replaced.
_esjournal_reply() {
    local reply="${written%"$word"}$1"
    [[ $written == *"$current" ]] && reply="${reply#"${written%"$current"}"}"
    COMPREPLY+=("$reply")
}

_esjournal_words() {
    local IFS=$'\n' found
    for found in $(compgen -W "$1" -- "$word"); do _esjournal_reply "$found"; done
}

_esjournal_files() {
    local found
    compopt -o filenames 2>/dev/null
    while IFS= read -r found; do _esjournal_reply "$found"; done < <(compgen -f -- "$word")
}

_esjournal_values() {
    local found quoted="${line##*[[:space:]]}"
    while IFS= read -r found; do
        _esjournal_reply "$found"
        found="${COMPREPLY[${#COMPREPLY[@]} - 1]}"
        if [[ $quoted != *[\"\']* ]]; then
            printf -v found %q "$found"
        elif [[ $found == *[\$\`\"\'\\!]* ]]; then
            # Between quotes, the shell would run it.
            unset "COMPREPLY[${#COMPREPLY[@]} - 1]"
            continue
        fi
        COMPREPLY[${#COMPREPLY[@]} - 1]="$found"
    done < <("${words[0]/#\~/$HOME}" completion values "$1" "$word" "${words[@]:1:count - 2}" 2>/dev/null)
}

_esjournal() {
    local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" current="$2"
    local written word option="" command="" argument=0 count i
    local -a words
    COMPREPLY=()
    read -d "" -a words <<< "$line"
    words=("${words[@]//[\"\']/}")
    [[ $line == *[[:space:]] && $line != *\\[[:space:]] ]] && words+=("")
    count=${#words[@]}
    written="${words[count - 1]}" word="$written"
    for ((i = 1; i < count - 1; i++)); do
        case "${words[i]}" in
            WITH_VALUES) i=$((i + 1)) ;;
            -*) ;;
            *) if [[ -z $command ]]; then command="${words[i]}"; else argument=$((argument + 1)); fi ;;
        esac
    done
    if ((i == count)); then
        option="${words[count - 2]}"
    elif [[ $word == --*=* ]]; then
        option="${word%%=*}" word="${word#*=}"
    fi
    if [[ -n $option ]]; then
        case "$command $option" in
OPTIONS
        esac
        return
    fi
    case "$command $argument $word" in
WORDS
    esac
}
complete -F _esjournal esjournal
"""


def bash() -> str:
    """Return the script for bash, from 3.2 on."""
    program, subcommands = commands()
    options, words = [], []
    for command in (program, *subcommands):
        for option in command.options:
            if offer := _bash_offer(option.offer):
                patterns = "|".join(f'"{command.name} {name}"' for name in option.names)
                options.append(f"            {patterns}) {offer} ;;")
        names = tuple(name for option in command.options for name in option.names)
        words.append(f'        "{command.name} "*" -"*) {_bash_offer(Offer(words=names))} ;;')
        for number, argument in enumerate(command.arguments):
            if offer := _bash_offer(argument.offer):
                place = "*" if argument.repeats else f'"{number} "*'
                words.append(f'        "{command.name} "{place}) {offer} ;;')
        if not command.arguments and command is not program:
            # There is nothing else to write.
            words.append(f'        "{command.name} 0 "*) {_bash_offer(Offer(words=names))} ;;')
    listed = Offer(words=tuple(command.name for command in subcommands))
    words.append(f'        " 0 "*) {_bash_offer(listed)} ;;')
    script = BASH.replace("NOTE", NOTE).replace("WITH_VALUES", "|".join(_options_with_values((program, *subcommands))))
    return script.replace("OPTIONS", "\n".join(options)).replace("WORDS", "\n".join(words))


def _bash_offer(offer: Offer) -> str:
    if offer.is_file:
        return "_esjournal_files"
    if offer.values:
        return f"_esjournal_values {offer.values}"
    listed = "\\n".join(offer.words)
    return f"_esjournal_words $'{listed}'" if offer.words else ""


ZSH = r"""#compdef esjournal
NOTE

_esjournal_values() {
    local wanted=$1
    shift
    local program=${esjournal_words[1]/#\~/$HOME}
    local -a arguments=($wanted "${(Q)PREFIX}" "${(@)esjournal_words[2,-1]}")
    local -a found=(${(f)"$($program completion values "$arguments[@]" 2>/dev/null)"})
    compadd "$@" -a found
}
FUNCTIONS

_esjournal() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    # The words up to the cursor, as a command gets them.
    local -a esjournal_words=("${(@Q)words[1,CURRENT-1]}")
    local -a commands=(COMMANDS)
    # Options after the command's name are the command's.
    _arguments -C -A '-*' \
OPTIONS
        '1: :->command' '*:: :->arguments'
    case $state in
        command) _describe command commands ;;
        arguments)
            case $line[1] in
ARGUMENTS
            esac
            ;;
    esac
}

if [[ $funcstack[1] == _esjournal ]]; then
    _esjournal "$@"
else
    compdef _esjournal esjournal
fi
"""


def zsh() -> str:
    """Return the script for zsh."""
    program, subcommands = commands()
    functions = [f'_esjournal_{wanted}() {{ _esjournal_values {wanted} "$@" }}' for wanted in Completed]
    described = " ".join(_quoted(f"{command.name}:{command.help}") for command in subcommands)
    options = [f"        {spec} \\" for spec in _zsh_options(program)]
    arguments = []
    for command in subcommands:
        joined = " \\\n                        ".join([*_zsh_options(command), *_zsh_arguments(command)])
        arguments += [
            f"                {command.name})",
            f"                    _arguments {joined}",
            "                    ;;",
        ]
    script = ZSH.replace("NOTE", NOTE).replace("FUNCTIONS", "\n".join(functions)).replace("COMMANDS", described)
    return script.replace("OPTIONS", "\n".join(options)).replace("ARGUMENTS", "\n".join(arguments))


def _zsh_options(command: Command) -> Iterator[str]:
    for option in command.options:
        help_text = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.help)
        value = f":{option.value}:{_zsh_offer(option.offer)}" if option.value else ""
        for name in option.names:
            others = "" if option.repeats or len(option.names) == 1 else f"({' '.join(option.names)})"
            # The value may follow in the same word: --url=FILE, -oFILE.
            joint = "" if not value else "=" if name.startswith("--") else "+"
            yield _quoted(f"{'*' if option.repeats else ''}{others}{name}{joint}[{help_text}]{value}")


def _zsh_arguments(command: Command) -> Iterator[str]:
    for number, argument in enumerate(command.arguments, start=1):
        place = "*" if argument.repeats else number
        yield _quoted(f"{place}:{argument.name}:{_zsh_offer(argument.offer)}")


def _zsh_offer(offer: Offer) -> str:
    if offer.is_file:
        return "_files"
    if offer.values:
        return f"_esjournal_{offer.values}"
    return f"({' '.join(offer.words)})" if offer.words else " "


FISH = r"""NOTE

# Say whether this is the command, and this the number of the argument, if one is asked for.
function __esjournal_command_is --argument-names wanted number
    set -l command ''
    set -l arguments 0
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case WITH_VALUES
                set is_value yes
            case '-*'
            case '*'
                if test -z "$command"
                    set command $word
                else
                    set arguments (math $arguments + 1)
                end
        end
    end
    test "$command" = "$wanted"; and test -z "$number" -o "$number" = "$arguments"
end

function __esjournal_values --argument-names wanted
    set -l words (commandline -opc)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '' | string trim -l -c '"\'' | string unescape)
    $program completion values $wanted "$word" $words[2..-1] 2>/dev/null
end

complete -c esjournal -f
"""


def fish() -> str:
    """Return the script for fish."""
    program, subcommands = commands()
    lines = [FISH.replace("NOTE", NOTE).replace("WITH_VALUES", " ".join(_options_with_values((program, *subcommands))))]
    lines[0] = lines[0].rstrip("\n")
    for command in subcommands:
        lines.append(
            f"complete -c esjournal -n {_condition(program)} -a {command.name} -d {_fish_quoted(command.help)}"
        )
    for command in (program, *subcommands):
        for number, argument in enumerate(command.arguments):
            if offer := _fish_offer(argument.offer):
                condition = _condition(command, None if argument.repeats else number)
                lines.append(f"complete -c esjournal -n {condition} {offer}")
        for option in command.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            offer = f" {'-r' if option.offer.is_file else '-x'} {_fish_offer(option.offer)}".rstrip()
            help_text = _fish_quoted(option.help)
            lines.append(
                f"complete -c esjournal -n {_condition(command)} {names}{offer if option.value else ''} -d {help_text}"
            )
    return "\n".join([*lines, ""])


def _fish_offer(offer: Offer) -> str:
    if offer.is_file:
        return "-F"
    if offer.values:
        return f"-a '(__esjournal_values {offer.values})'"
    return f"-a '{' '.join(offer.words)}'" if offer.words else ""


def _condition(command: Command, number: int | None = None) -> str:
    return f"\"__esjournal_command_is '{command.name}'{'' if number is None else f' {number}'}\""


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


GENERATORS = {Shell.BASH: bash, Shell.ZSH: zsh, Shell.FISH: fish}


if __name__ == "__main__":
    for shell, script in GENERATORS.items():
        (FOLDER / SCRIPTS[shell]).write_text(script())

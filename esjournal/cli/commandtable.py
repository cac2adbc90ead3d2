"""The commands by name. Each is loaded only when it is run, so that none waits for the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from esjournal.cli.loading import resume_collector
from esjournal.cli.signals import raise_interruptions

# Of the program and of each command. Typer's own completion loads Rich for its help texts; cli/completions/ has scripts
# that start nothing. Markup and pretty exceptions load Rich at every start.
SETTINGS: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
# The lines of `esjournal --help`, in order; a test compares them with the help of each command.
HELP = {
    "init": "Make a journal, unless there is one already.",
    "append": "Append an event, and print its global position.",
    "get": "Show the events of one sequence, and any gaps in its versions.",
    "list": "List the sequences, with event counts, versions and dates.",
    "log": "Show the events of all sequences in global order, latest last.",
    "history": "Show how each event changed a sequence, and the resulting state.",
    "replay": "Fold the events through your own code, and print the states.",
    "query": "Ask the events in SQL, which only reads.",
    "trace": "Show what caused an event, and what it caused, as a tree.",
    "stats": "Count the events by type, over time and by sequence.",
    "verify": "Read the whole journal, and print what is wrong with it.",
    "diff": "Compare two journals, and print the differences.",
    "info": "Show what journal this is, what is in it, and what it runs on.",
    "each": "Run a command for each event, and remember how far it came.",
    "cursor": "Show how far a cursor came, and whether it fits its journal.",
    "export": "Write the journal in global order, as NDJSON, CSV or Parquet.",
    "import": "Append the events of files, all in one transaction.",
    "copy": "Copy a journal, a file of events or a part, and prove the copy.",
    "completion": "Print the completion script for a shell.",
    "help": "Show the help of a command.",
}
# Reserved by Python as a keyword, and as built-in names.
_FUNCTIONS = {"import": "import_", "list": "list_", "help": "help_"}
# All that follows the first word of another program's command belongs to it, also what looks like an option.
_CONTEXT_SETTINGS = {"each": {"allow_interspersed_args": False}}
_NUMBER = re.compile("-[0-9]+")


class Command(TyperCommand):
    """A command: what it does is loaded when it is run, and not for its help."""

    def invoke(self, ctx: Any) -> Any:
        """Load and run it; from then on it may have something to roll back."""
        import_module(f"esjournal.cli.running.{_function_of(str(self.name))}")
        resume_collector()
        raise_interruptions()
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from esjournal.cli.helppage import write_help

        write_help(self, ctx, formatter)


class LogCommand(Command):
    """`log`, which takes -5 for -n 5, as git does."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse the arguments."""
        with_values = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        words: list[str] = []
        for at, word in enumerate(args):
            is_value = at > 0 and args[at - 1] in with_values
            words += ["-n", word[1:]] if _NUMBER.fullmatch(word) and not is_value else [word]
        return super().parse_args(ctx, words)


class CommandTable(Mapping[str, Any]):
    """The program's commands, in the order of the help."""

    def __getitem__(self, name: str) -> Any:
        """Load and return the command of a name."""
        if name not in HELP:
            raise KeyError(name)
        function = _function_of(name)
        module = import_module(f"esjournal.cli.commands.{function}")
        # An app of one command is that command.
        app = typer.Typer(**SETTINGS)
        app.command(name, cls=_CLASSES.get(name, Command), context_settings=_CONTEXT_SETTINGS.get(name))(
            getattr(module, function)
        )
        return typer.main.get_command(app)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(HELP)

    def __len__(self) -> int:
        """Return how many commands there are."""
        return len(HELP)


_CLASSES = {"log": LogCommand}


class CommandGroup(TyperGroup):
    """The program: its help names the commands without loading them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": CommandTable()})

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(HELP)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, and what each command does."""
        from esjournal.cli.helppage import write_help

        write_help(self, ctx, formatter, commands=HELP)


def _function_of(name: str) -> str:
    return _FUNCTIONS.get(name, name)

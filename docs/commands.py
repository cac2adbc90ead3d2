"""Writes the command reference from the help texts: `python docs/commands.py`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from esjournal.cli.app import app

PAGE = Path(__file__).with_name("commands.md")
WIDTH = "80"
COMMANDS = ("init", "append", "get", "export", "import")
INTRODUCTION = """\
# Commands

What each command says with `--help`. Made by `python docs/commands.py`.
"""


def reference() -> str:
    """Return the page."""
    sections = [
        f"## esjournal {command}".rstrip() + f"\n\n```text\n{_help(command)}```\n" for command in ("", *COMMANDS)
    ]
    return "\n".join([INTRODUCTION, *sections])


def _help(command: str) -> str:
    arguments = [command, "--help"] if command else ["--help"]
    result = CliRunner().invoke(app, arguments, prog_name="esjournal", env={"COLUMNS": WIDTH}, catch_exceptions=False)
    return result.output.lstrip("\n")


if __name__ == "__main__":
    PAGE.write_text(reference())

"""Writes the command reference from the help texts: `python docs/commands.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from esjournal.cli.commandtable import HELP

PAGE = Path(__file__).with_name("commands.md")
WIDTH = "80"
INTRODUCTION = """\
# Commands

What each command says with `--help`. Made by `python docs/commands.py`.
"""


def reference() -> str:
    """Return the page."""
    sections = [f"## esjournal {command}".rstrip() + f"\n\n```text\n{_help(command)}```\n" for command in ("", *HELP)]
    return "\n".join([INTRODUCTION, *sections])


def _help(command: str) -> str:
    arguments = [sys.executable, "-m", "esjournal", *command.split(), "--help"]
    environment = os.environ | {"COLUMNS": WIDTH}
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True).stdout.lstrip("\n")


if __name__ == "__main__":
    PAGE.write_text(reference())

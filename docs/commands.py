"""Writes the command reference from the help texts: `python docs/commands.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from esjournal.cli.commandtable import HELP

PAGE = Path(__file__).with_name("commands.md")
PROGRAM = (sys.executable, "-m", "esjournal")
WIDTH = "80"
INTRODUCTION = """\
# Commands

What each command says with `--help`. Made by `python docs/commands.py`.
"""


def reference(program: Sequence[str] = PROGRAM) -> str:
    """Return the page.

    Args:
        program: what runs esjournal.
    """
    texts = {command: _help([*program, *command.split(), "--help"]) for command in ("", *HELP)}
    sections = [f"## esjournal {command}".rstrip() + f"\n\n```text\n{text}```\n" for command, text in texts.items()]
    return "\n".join([INTRODUCTION, *sections])


def _help(arguments: Sequence[str]) -> str:
    environment = os.environ | {"COLUMNS": WIDTH}
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True).stdout.lstrip("\n")


if __name__ == "__main__":
    PAGE.write_text(reference())

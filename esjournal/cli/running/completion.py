"""`esjournal completion`: what it does."""

from __future__ import annotations

from pathlib import Path

from esjournal.cli.terminal import write
from esjournal.domain.choices import Shell

FOLDER = Path(__file__).parents[1] / "completions"
# Named as the shells look for them.
SCRIPTS = {Shell.BASH: "esjournal.bash", Shell.ZSH: "_esjournal", Shell.FISH: "esjournal.fish"}


def run(shell: Shell) -> None:
    """Print the completion script for a shell.

    Args:
        shell: the shell.
    """
    write((FOLDER / SCRIPTS[shell]).read_text())

"""`esjournal completion`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.domain.choices import Shell


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="The shell to complete in: bash, zsh or fish.")],
) -> None:
    """Print the completion script for a shell.

    It completes commands, options, formats and files. Event types, names, and the beginnings of ids come from the
    journal that the line is about: esjournal is started, and reads a SQLite file for at most 0.1 seconds. It asks a
    server only if $ESJOURNAL_COMPLETE is 1.

    \b
    Examples:
      esjournal completion bash > esjournal.bash
      esjournal completion zsh > _esjournal
      esjournal completion fish > esjournal.fish

    \b
    Where it belongs:
      bash  ~/.local/share/bash-completion/completions/esjournal
      zsh   ~/.zfunc/_esjournal, with `fpath=(~/.zfunc $fpath)` before
            `compinit` in ~/.zshrc
      fish  ~/.config/fish/completions/esjournal.fish
    """
    from esjournal.cli.running.completion import run

    run(shell)

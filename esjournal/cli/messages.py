"""Messages on stderr: one line each, which a terminal shows folded at words."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

from esjournal.cli.terminal import on_one_line

PROGRAM = "esjournal: "
# What is in backquotes is a command to paste, and stays whole: a terminal that folds it itself copies it whole, too.
WORD = re.compile(r"(?:`[^`]*`|[^ `]|`)+")


def write_message(text: str) -> None:
    """Write a message to stderr, with its control characters as escapes.

    Args:
        text: the message, without passwords.
    """
    line = on_one_line(f"{PROGRAM}{text}")
    columns = _columns_of_terminal()
    sys.stderr.write(f"{folded(line, columns) if columns else line}\n")
    sys.stderr.flush()


def folded(line: str, columns: int) -> str:
    """Return a message as a terminal shows it: folded at words, and indented below its first word.

    Args:
        line: the message, with the program's name.
        columns: how wide the terminal is; a word that is wider stays as it is.
    """
    width_of = _width_of(line)
    if width_of(line) <= columns:
        return line
    lines = [""]
    width = end = 0
    for word in WORD.finditer(line):
        space, text = line[end : word.start()], word[0]
        wide = width_of(text)
        if lines[-1] and width + len(space) + wide > columns:
            lines.append(f"{'':{len(PROGRAM)}}{text}")
            width = len(PROGRAM) + wide
        else:
            lines[-1] += f"{space}{text}"
            width += len(space) + wide
        end = word.end()
    return "\n".join(lines)


def _width_of(line: str) -> Callable[[str], int]:
    # Most messages are ASCII, and one about a lack of memory or of open files must not need another module.
    if line.isascii():
        return len
    from esjournal.cli.rendering.parts.cells import width_of

    return width_of


def _columns_of_terminal() -> int:
    """Return how wide the terminal on stderr is; 0 if there is none, or it does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except OSError:
        return 0

"""What is known about one thing, in lines of name and value."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

from esjournal.cli.terminal import on_one_line, write


def print_facts(rows: Sequence[tuple[str, object]]) -> None:
    """Print lines of name and value; a value that is None has no line."""
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        if value is not None:
            write(_folded(f"{name:<{width}}{on_one_line(str(value))}", width) + "\n")


def _folded(line: str, indent: int) -> str:
    if not sys.stdout.isatty():
        return line
    columns = shutil.get_terminal_size().columns
    return textwrap.fill(line, columns, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)

"""The standard streams, as all the rest expects them: open, and buffered."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def open_closed_streams() -> None:
    """Open those on `/dev/null` that whoever started us has closed.

    Python has None for them, and a file of ours could take their number.
    """
    null = Path(os.devnull)
    sys.stdin = sys.stdin or null.open()
    sys.stdout = sys.stdout or null.open("w")
    sys.stderr = sys.stderr or null.open("w")


def buffer_stdout() -> None:
    """Buffer stdout where PYTHONUNBUFFERED says not to: a write that a signal interrupts there leaves out the rest."""
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
        )

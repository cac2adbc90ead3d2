"""The program: `esjournal`, or `python -m esjournal`."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
TERMINATED = 143


def main() -> NoReturn:
    """Run the command line, and end with its exit code."""
    _open_closed_streams()
    _buffer_stdout()
    try:
        # Loading takes a while, and whoever presses Ctrl-C meanwhile wants no traceback either.
        from esjournal.cli.interruption import repeat_lost_interruptions

        repeat_lost_interruptions()
        from esjournal.cli.app import app

        # Not before: Python loses what a handler raises while it compiles, and there is nothing to roll back yet.
        signal.signal(signal.SIGTERM, _terminate)
        app(prog_name="esjournal")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except RuntimeError as error:
        # So Python 3.11 names an interruption while a class is made, which loading mostly is.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _open_closed_streams() -> None:
    # Where whoever started us closed one, Python has None for it, and a file of ours could take its number.
    null = Path(os.devnull)
    sys.stdin = sys.stdin or null.open()
    sys.stdout = sys.stdout or null.open("w")
    sys.stderr = sys.stderr or null.open("w")


def _buffer_stdout() -> None:
    # Where PYTHONUNBUFFERED is set, a write that a signal interrupts leaves out the rest of what it was given.
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
        )


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    # As an exception, so that transactions are rolled back and half-written files removed.
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()

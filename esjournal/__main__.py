"""The program: `esjournal`, or `python -m esjournal`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
TERMINATED = 143


def main() -> NoReturn:
    """Run the command line, and end with its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        # Loading takes a while, and whoever presses Ctrl-C meanwhile wants no traceback either.
        from esjournal.cli.app import app

        app(prog_name="esjournal")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    # As an exception, so that transactions are rolled back and half-written files removed.
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()

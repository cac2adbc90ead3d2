"""The last resort: an unforeseen error is one line too, not a traceback."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from esjournal.cli.messages import write_message
from esjournal.cli.terminal import on_one_line, visible
from esjournal.infrastructure.secrets import masked

if TYPE_CHECKING:
    from threading import ExceptHookArgs

TRACEBACK_VARIABLE = "ESJOURNAL_TRACEBACK"
# An error may quote a value that is very long.
_MOST_CHARACTERS = 300


def say_unexpected(error: BaseException) -> None:
    """Write a line to stderr that names an error and says how to report it, after the traceback if that is wanted.

    Args:
        error: what was raised.
    """
    # Stderr may be closed too.
    with suppress(OSError, ValueError):
        if os.environ.get(TRACEBACK_VARIABLE):
            import traceback

            sys.stderr.write(visible(masked("".join(traceback.format_exception(error)), sys.argv[1:])))
        write_message(_line(error))


def say_what_threads_raise() -> None:
    """From now on, report what is raised in a thread in the same way; the command goes on without that thread."""
    import threading

    threading.excepthook = _say_what_a_thread_raised


def _say_what_a_thread_raised(arguments: ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        say_unexpected(arguments.exc_value)


def _line(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory: end other programs, or run this on a machine with more"
    said = on_one_line(masked(str(error), sys.argv[1:]))
    shown = said if len(said) <= _MOST_CHARACTERS else f"{said[:_MOST_CHARACTERS]}..."
    return (
        f"unexpected {type(error).__name__}{': ' if shown else ''}{shown}; if `esjournal verify` finds the journal "
        f"sound, this is a bug in esjournal: report it with what {TRACEBACK_VARIABLE}=1 shows"
    )

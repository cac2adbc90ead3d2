"""How the program ends: each error as one message on stderr, and its exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from esjournal.cli.commandtable import CommandGroup
from esjournal.cli.messages import write_message
from esjournal.cli.signals import end_if_terminated, has_left_pager
from esjournal.exceptions import (
    AmbiguousId,
    ConcurrencyError,
    Conflict,
    EsjournalError,
    InvalidCursor,
    InvalidData,
    InvalidQuery,
    InvalidURL,
    OutcomeUnknown,
    SequencedItemConflict,
    SequenceNotFound,
    StoreError,
    StoreReplaced,
    UnusableFile,
)
from esjournal.infrastructure.secrets import masked
from esjournal.interchange.openstreams import reason_of

NOTHING_FOUND = 1
FINDINGS = 1
DIFFERENCES = 1
USAGE = 2
BAD_DATA = 3
CONFLICT = 4
STORE = 5
COMMAND_FAILED = 6
INTERRUPTED = 130

_EXIT_CODES: dict[type[EsjournalError], int] = {
    InvalidURL: USAGE,
    InvalidQuery: USAGE,
    UnusableFile: USAGE,
    InvalidCursor: USAGE,
    SequenceNotFound: NOTHING_FOUND,
    AmbiguousId: USAGE,
    InvalidData: BAD_DATA,
    StoreReplaced: USAGE,
    StoreError: STORE,
}

# The parser's own errors; Typer exports only this one of them.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_NEGATIVE_NUMBER = re.compile(r"-\d")
_NOT_IN_RANGE = re.compile(r"is not in the range (\d+)<=x<=(\d+)")
# The arguments of the program: messages may repeat them, and they may contain a password.
_given: list[str] = []


class JournalGroup(CommandGroup):
    """The commands, and every way in which they can end."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and, in standalone mode, end the process with its exit code."""
        _given[:] = map(str, args if args is not None else sys.argv[1:])
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except Conflict as conflict:
            code = _fail(conflict_message(conflict), CONFLICT)
        except EsjournalError as error:
            code = _fail("; ".join((str(error), *getattr(error, "__notes__", ()))), exit_code_of(error))
        except _UsageError as error:
            code = _fail(_usage_message(error), USAGE)
        if standalone_mode:
            _flush_or_give_up()
            sys.exit(code if isinstance(code, int) else 0)
        return code

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the arguments, which may print the help."""
        with _every_end():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _every_end():
            return super().invoke(ctx)


@contextmanager
def _every_end() -> Iterator[None]:
    """Handle unwritable output and interruptions before Typer does, which would report neither."""
    try:
        try:
            yield
        except typer.Exit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, which is not an error.
        _close_stdout()
        raise typer.Exit(0) from None
    except OSError as error:
        fail_to_print(f"the output cannot be written: {reason_of(error)}")
    except (KeyboardInterrupt, SystemExit) as interruption:
        if has_left_pager():
            # As in front of `head`.
            _close_stdout()
            raise typer.Exit(0) from None
        unknown = isinstance(interruption.__cause__, OutcomeUnknown)
        if unknown:
            say(str(interruption.__cause__))
        if isinstance(interruption, SystemExit):
            raise
        end_if_terminated()
        if unknown:
            raise typer.Exit(INTERRUPTED) from None
        fail("interrupted; uncommitted changes were rolled back", INTERRUPTED)


def exit_code_of(error: EsjournalError) -> int:
    """Return the exit code of an error, which is that of its nearest class that has one."""
    return next(_EXIT_CODES[cls] for cls in type(error).__mro__ if cls in _EXIT_CODES)


def conflict_message(conflict: Conflict) -> str:
    """Return the message of a conflict; on the command line, a position in a sequence is a version."""
    return str(ConcurrencyError.of(conflict) if isinstance(conflict, SequencedItemConflict) else conflict)


def say(message: str) -> None:
    """Write a message to stderr, without passwords and control characters."""
    write_message(masked(message, _given))


def fail(message: str, code: int) -> NoReturn:
    """Write a message to stderr, and end with an exit code."""
    say(message)
    raise typer.Exit(code)


def fail_to_print(message: str) -> NoReturn:
    """Write a message to stderr because standard output cannot be written, and end with the exit code for that."""
    _close_stdout()
    fail(message, STORE)


def _fail(message: str, code: int) -> int:
    say(message)
    return code


def _usage_message(error: Any) -> str:
    # Masked before the lines are joined, so that the arguments are still recognised.
    message = " ".join(map(str.strip, masked(str(error.format_message()), _given).splitlines()))
    message = _NOT_IN_RANGE.sub(r"is not a number from \1 to \2", message)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "esjournal"
    if _NEGATIVE_NUMBER.match(getattr(error, "option_name", "") or ""):
        message += ": a value that begins with - goes after --, and versions are 0 or more"
    return f"{message.removesuffix('.')} (see {command} --help)"


def _flush_or_give_up() -> None:
    # Whatever else went wrong has been reported, and the exit code is for that.
    try:
        sys.stdout.flush()
    except OSError:
        _close_stdout()


def _close_stdout() -> None:
    # Python flushes stdout again at exit, and would complain again.
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, sys.stdout.fileno())
    except OSError:
        pass
    finally:
        os.close(null)

"""The command that handles events: started once for each delivery, with the events on its standard input."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NoReturn

from esjournal.advice import quoted
from esjournal.cli.exits import fail
from esjournal.exceptions import UnusableFile
from esjournal.interchange.openstreams import reason_of

# As shells report a command that they cannot start.
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class Handler:
    """A command that handles events.

    Args:
        command: the command and its arguments.
        kept_open: a descriptor that it inherits.
    """

    def __init__(self, command: Sequence[str], kept_open: int) -> None:
        self._command = command
        self._kept_open = kept_open
        self._process: subprocess.Popen[bytes] | None = None
        self._next_signal = signal.SIGTERM

    @property
    def name(self) -> str:
        """Its name for messages, without its arguments, which may be long or secret."""
        return quoted(self._command[0])

    def run(self, lines: bytes) -> str | None:
        """Run the command, and return how it failed; None if it ended with 0.

        It reads a file, not a pipe: it may leave lines unread, and it sees all of them even if this process is killed.

        Raises:
            typer.Exit: it cannot be started.
            UnusableFile: there is no room for the file.
        """
        with self._in_a_file(lines) as events:
            try:
                self._process = subprocess.Popen(self._command, stdin=events, pass_fds=(self._kept_open,))
            except OSError as error:
                _fail_to_start(self.name, error)
            code = self._process.wait()
        self._process = None
        if code == 0:
            return None
        return f"exited with {code}" if code > 0 else f"was ended by {_name_of_signal(-code)}"

    def _in_a_file(self, lines: bytes) -> IO[bytes]:
        try:
            events = tempfile.TemporaryFile()  # noqa: SIM115  # The caller closes it.
            events.write(lines)
            events.seek(0)
        except OSError as error:
            reason = reason_of(error)
            raise UnusableFile(f"events for {self.name} cannot be written to a temporary file: {reason}") from None
        return events

    def end(self) -> None:
        """End the command if it is running: first as `kill` does, and then as `kill -9`."""
        if self._process is not None:
            self._process.send_signal(self._next_signal)
            self._next_signal = signal.SIGKILL


def check_command(name: str) -> None:
    """Refuse a command that cannot be started, before there is an event to handle.

    Raises:
        typer.Exit: it is not found, or is not executable.
    """
    if shutil.which(name) is None:
        # Only a name with a slash is a path.
        is_there = "/" in name and Path(name).exists()
        _fail_to_start(quoted(name), PermissionError() if is_there else FileNotFoundError())


def _fail_to_start(shown: str, error: OSError) -> NoReturn:
    is_missing = isinstance(error, FileNotFoundError)
    reason = error.strerror or ("there is no such command" if is_missing else "it is not an executable file")
    fail(f"{shown} cannot be started: {reason}", NOT_FOUND if is_missing else NOT_EXECUTABLE)


def _name_of_signal(number: int) -> str:
    # Realtime signals have no names of their own.
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"

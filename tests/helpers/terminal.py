"""Runs the program on a terminal: what it shows, and what it must never show."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any, Self

from tests.helpers.loaded import loaded_command
from tests.helpers.program import TIMEOUT, environment

STYLE = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
# Text in a state that a terminal would obey, or that rich would take for markup.
HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x9b2J\x9d52;c;AAAA\x9c",
    "\u202e\u2066\u200f\u061c",
    "\u2028\u2029\ufeff",
    "real\rfake\x08\x7f",
]
MARKUP = [
    "[bold]",
    "[/x]",
    "[link=https://example.org]here[/link]",
    ":smile:",
    "[red]a[/red]",
    "\\[bold]",
    "[@click=f]",
]


def on_terminal(*arguments: str, **options: Any) -> str:
    """Run a command with stdout and stderr on a terminal, and return what it showed, with \r
     as
    ."""
    return ended_on_terminal(*arguments, **options)[1]


def ended_on_terminal(
    *arguments: str,
    url: str | None = None,
    columns: int = 80,
    rows: int = 24,
    encoding: str = "utf-8",
    **variables: str,
) -> tuple[int, str]:
    """Run a command with stdout and stderr on a terminal, and return its exit code and what it showed.

    Args:
        arguments: those of the command.
        url: the journal.
        columns: the width of the terminal.
        rows: its height.
        encoding: how the terminal reads bytes; the command learns of it only from the variables.
        variables: the environment besides the usual one.
    """
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    # A pager that waits for a key would wait forever.
    env = environment(**{"TERM": "xterm-256color", "PAGER": "cat", **variables})
    command = [*loaded_command(), *(["--url", url] if url else []), *arguments]
    with subprocess.Popen(command, stdin=secondary, stdout=secondary, stderr=secondary, env=env) as process:
        os.close(secondary)
        text = read_terminal(primary).decode(encoding).replace("\r\n", "\n")
    return process.returncode, text


class Pressed:
    """A command on a terminal of its own, on which keys are pressed.

    Args:
        arguments: those of the command.
        url: its journal.
        rows: how high the terminal is.
        variables: of the environment.
    """

    def __init__(self, *arguments: str, url: str | None = None, rows: int = 24, **variables: str) -> None:
        self._primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "esjournal", *(["--url", url] if url else []), *arguments],
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            env=environment(**{"TERM": "xterm-256color", **variables}),
            start_new_session=True,
            # Ctrl-C is a signal for the processes whose terminal it is.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(secondary)
        self.shown = ""
        self._waited = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._primary)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._primary, keys.encode())

    def wait_for(self, text: str) -> None:
        """Read until a text is shown after the one that was last waited for."""
        while (at := self.shown.find(text, self._waited)) < 0:
            assert self._read(), f"{text!r} is not in {self.shown[self._waited :]!r}"
        self._waited = at + len(text)

    def end(self) -> int:
        """Read until no process has the terminal any more, and return the exit code."""
        while self._read():
            pass
        return self.process.wait(TIMEOUT)

    def _read(self) -> bool:
        assert select.select([self._primary], [], [], TIMEOUT)[0], f"nothing more is shown after {self.shown!r}"
        try:
            chunk = os.read(self._primary, 65_536)
        except OSError:
            # So Linux says that nothing has the terminal.
            return False
        self.shown += plain(chunk.decode(errors="replace")).replace("\r\n", "\n")
        return bool(chunk)


def plain(text: str) -> str:
    return STYLE.sub("", text)


def lines_on_terminal(*arguments: str, folder: Path, stdin: str = os.devnull) -> list[str]:
    """Run a command with stderr on a terminal, and return everything that one line of it showed, in order."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = environment(TERM="xterm-256color")
    with (
        (folder / stdin).open("rb") as given,
        subprocess.Popen(
            [*loaded_command(), *arguments], stdin=given, stdout=subprocess.PIPE, stderr=secondary, env=env, cwd=folder
        ) as process,
    ):
        os.close(secondary)
        text = read_terminal(primary)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 0, text
    # A message that is folded is one line.
    shown = re.sub(r"\r?\n {11}(?=\S)", " ", CONTROL.sub("", text.decode()))
    return [line for line in re.split(r"[\r\n]+", shown) if line.strip()]


def read_terminal(primary: int) -> bytes:
    """Return everything that reaches a terminal until nothing writes to it any more; then close it."""
    chunks = []
    while True:
        try:
            chunk = os.read(primary, 65_536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(primary)
    return b"".join(chunks)

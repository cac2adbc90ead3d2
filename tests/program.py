"""The program: in this process where that is enough, and as a process of its own where it matters."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from esjournal.cli.app import app
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange import ndjson
from esjournal.journal.journal import initialise, open_journal

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COMMAND = [sys.executable, "-m", "esjournal"]
COMMAND_NAMES = [str(command.name) for command in app.registered_commands]


def invoke(*arguments: str, url: str | None = None, **options: Any) -> Result:
    """Run a command in this process; only an exit is let pass, so that any other exception fails the test."""
    given = [*arguments, *(["--url", url] if url else [])]
    result = CliRunner().invoke(app, given, prog_name="esjournal", **options)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("ESJOURNAL_URL", "COLUMNS", "NO_COLOR")}
    return {**kept, **variables}


def run(*arguments: str | bytes, url: str | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as a process, and wait for its end."""
    options.setdefault("env", environment())
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    command = [*COMMAND, *(["--url", url] if url else []), *arguments]
    return subprocess.run(command, text=True, timeout=120, **{"capture_output": "stdout" not in options, **options})


@contextmanager
def start(*arguments: str, url: str | None = None, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command as a process; it is killed at the end, if it has not come to its own."""
    command = [*COMMAND, *(["--url", url] if url else []), *arguments]
    with subprocess.Popen(command, env=environment(), **options) as process:
        try:
            yield process
        finally:
            process.kill()


def journal_with(url: str, events: Iterable[RecordedEvent]) -> str:
    """Make a journal that has events, and return its URL."""
    initialise(url)
    with open_journal(url) as journal, journal.events.transaction() as transaction:
        transaction.append(list(events))
    return url


def damaged_journal_with(url: str, events: Iterable[RecordedEvent]) -> str:
    """Make a journal that has events that no writer of ours would store, and return its URL."""
    initialise(url)
    with open_journal(url) as journal, journal.events.session.connection() as connection:
        marks = ", ".join(("%s" if url.startswith("postgresql") else "?",) * len(RecordedEvent._fields))
        for position, event in enumerate(events, 1):
            connection.execute(
                f"INSERT INTO stored_events ({', '.join(RecordedEvent._fields)}) VALUES ({marks})",
                event._replace(global_position=position),
            )
    return url


def file_with(path: Path, events: Iterable[RecordedEvent]) -> Path:
    """Write a file that has events, as export would if they were the journal."""
    numbered = (event._replace(global_position=position) for position, event in enumerate(events, 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(ndjson.write(numbered))
    return path


def stored(url: str) -> list[RecordedEvent]:
    """Return all that is in a journal."""
    with open_journal(url) as journal:
        return list(journal.events.all_items())


def lines_on_terminal(*arguments: str, folder: Path, stdin: str = os.devnull) -> list[str]:
    """Run a command with stderr on a terminal, and return all that stood in a line of it, one after another."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = environment(TERM="xterm-256color")
    with (
        (folder / stdin).open("rb") as given,
        subprocess.Popen(
            [*COMMAND, *arguments], stdin=given, stdout=subprocess.PIPE, stderr=secondary, env=env, cwd=folder
        ) as process,
    ):
        os.close(secondary)
        text = read_terminal(primary)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 0, text
    return [line for line in re.split(r"[\r\n]+", CONTROL.sub("", text.decode())) if line.strip()]


def read_terminal(primary: int) -> bytes:
    """Return all that reaches a terminal, until nobody writes to it any more; then it is closed."""
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

"""Runs the program: in this process if that is enough, and as a process of its own if it matters."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from typer.main import get_command
from typer.testing import CliRunner, Result

from esjournal.cli.app import app
from esjournal.cli.commandtable import HELP
from tests.helpers.loaded import loaded_command, output_of_copy

COMMAND = [sys.executable, "-m", "esjournal"]
COMMAND_NAMES = list(HELP)
TIMEOUT = 120
_OF_THE_USER = ("ESJOURNAL_URL", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
# Code for `loaded` that runs the command line in that Python.
RUN = "from esjournal.cli.app import app\ntry: app(sys.argv[1:], prog_name='esjournal')\nexcept SystemExit: pass"


def invoke(*arguments: str, url: str | None = None, **options: Any) -> Result:
    """Run a command in this process; only its exit is caught, so that any other exception fails the test."""
    given = [*arguments, *(["--url", url] if url else [])]
    with patch("typer.testing._get_command", lambda app: made_once()):
        result = CliRunner().invoke(app, given, prog_name="esjournal", **options)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@cache
def made_once() -> Any:
    """Return the program with all its commands; making one for each call takes longer than most of what they do."""
    program: Any = get_command(app)
    program.commands = dict(program.commands)
    return program


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_USER}
    # A terminal shows the times of its zone.
    return {**kept, "TZ": "UTC", **variables}


def run(
    *arguments: str | bytes, url: str | None = None, program: list[str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command as a process, and wait for its end; by default in a copy of one that has loaded the program."""
    options.setdefault("env", environment())
    given = [*(["--url", url] if url else []), *arguments]
    if program is None and options.keys() <= {"env", "cwd"}:
        ended = output_of_copy(given, options["env"], options.get("cwd") or Path.cwd(), TIMEOUT)
        if ended:
            code, out, err = ended
            return subprocess.CompletedProcess(given, code, text_of(out), text_of(err))
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    if program is None:
        # What a function changes in the process that starts the program does not reach a copy.
        program = COMMAND if "preexec_fn" in options else loaded_command()
    options.setdefault("capture_output", "stdout" not in options)
    return subprocess.run([*program, *given], text=True, timeout=TIMEOUT, **options)


def text_of(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def start(*arguments: str, url: str | None = None, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command as a process; it is killed at the end if it is still running."""
    command = [*COMMAND, *(["--url", url] if url else []), *arguments]
    with subprocess.Popen(command, env=environment(), **options) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_it_takes_signals(process: subprocess.Popen[Any]) -> None:
    """Wait until a process of the program has its own handlers, or has ended.

    Before that, an interrupted Python ends with messages and exit codes of its own.
    """
    deadline = time.monotonic() + TIMEOUT
    # Python itself has a handler for SIGINT, and none for SIGTERM.
    while process.poll() is None and not _has_handler(process.pid, signal.SIGTERM):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _has_handler(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    # One bit for each signal, from 1 on: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)


def ended(result: Result, code: int, *, out: str = "", err: str = "") -> None:
    """Check how a command ended: the exit code, all of stdout, and a regular expression for all of stderr."""
    assert (result.exit_code, result.stdout) == (code, out), result.stderr
    assert re.fullmatch(err, result.stderr, re.DOTALL), result.stderr


def refused(result: Result, code: int, message: str) -> None:
    ended(result, code, err=f"esjournal: [^\n]*{message}[^\n]*\n")
    # Errors of a second process come with theirs, which is not for users.
    assert "Traceback" not in result.stderr


def loaded(code: str, *arguments: str) -> set[str]:
    """Return the modules that a Python has loaded after it ran this code."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return set(ended.stderr.split())


def append_in_a_shell(path: Path, nonce: str) -> None:
    result = run("append", "new", "0", "a#B", json.dumps({"nonce": nonce}), url=str(path))
    assert result.returncode == 0, result.stderr

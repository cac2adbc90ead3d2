"""Programs of other libraries, run in their environments; they print one JSON document a line."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PROGRAMS = Path(__file__).with_name("programs")
PATIENCE = 60.0


class Program:
    """A program, with the arguments and variables that name its store.

    Args:
        python: the Python of the environment that it runs in.
        name: the name of its file.
        arguments: the arguments before all others.
        variables: its environment variables.
    """

    def __init__(self, python: Path, name: str, *arguments: str, variables: Mapping[str, str]) -> None:
        self._command = [str(python), str(PROGRAMS / name), *arguments]
        self._environment = {**os.environ, **variables}

    def run(self, *arguments: object) -> list[Any]:
        """Run it to its end, and return what it prints."""
        done = subprocess.run(
            [*self._command, *map(str, arguments)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return list(map(json.loads, done.stdout.splitlines()))

    @contextmanager
    def appending(self, output: Path) -> Iterator[Appending]:
        """Have it append until it is killed, at the end of the block at the latest.

        Args:
            output: the file for its output, so that a full pipe never holds it up.
        """
        with output.open("w") as file:
            process = subprocess.Popen(
                [*self._command, "append"], env=self._environment, stdout=file, stderr=subprocess.PIPE
            )
            appending = Appending(process, output)
            try:
                appending.wait_for(1)
                yield appending
            finally:
                appending.kill()


class Appending:
    """A program that appends until it is killed.

    Args:
        process: the process that it runs in.
        output: its output: `ready`, and then the nonce of each event that is on the disk.
    """

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    def acknowledged(self) -> list[str]:
        """Return the nonces acknowledged so far; half a line does not count."""
        return [json.loads(line) for line in self._output.read_text().split("\n")[1:-1]]

    def wait_for(self, events: int) -> None:
        """Wait until a number of events have been acknowledged."""
        deadline = time.monotonic() + PATIENCE
        while len(self.acknowledged()) < events:
            assert self.process.poll() is None, self._errors().read().decode()
            assert time.monotonic() < deadline, "it does not append"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self._errors().close()

    def _errors(self) -> IO[bytes]:
        assert self.process.stderr is not None
        return self.process.stderr

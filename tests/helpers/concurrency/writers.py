"""Writers in their own processes, and the events that they had acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from tests.helpers.concurrency.followed import Acknowledged

WRITER = Path(__file__).with_name("writer.py")
PAUSING_WRITER = Path(__file__).with_name("pausing_writer.py")
PATIENCE = 60.0


class Writer:
    """A process of a writer's program; its stderr goes to a file, so that a full pipe never holds it up."""

    def __init__(self, output: Path, program: Path, *arguments: object) -> None:
        self._output = output
        self._file: IO[str] = output.open("w")
        self.process = subprocess.Popen(
            [sys.executable, str(program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=self._file,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self._input, self._errors = self.process.stdin, self.process.stderr

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "ready\n" not in self._output.read_text():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, "the writer is not ready in time"
            time.sleep(0.01)

    def begin(self) -> None:
        self._input.write(b"go\n")
        self._input.flush()

    def finish(self, patience: float = PATIENCE) -> list[list[Acknowledged]]:
        """Wait until the writer is done, and return the acknowledged batches."""
        assert self.process.wait(patience) == 0, self.errors()
        return self.acknowledged()

    def errors(self) -> str:
        """Return what it has written to stderr, once it has ended."""
        return self._errors.read().decode()

    def acknowledged(self) -> list[list[Acknowledged]]:
        """Return the batches acknowledged so far."""
        return [batch for _, batch in self.timed()]

    def timed(self) -> list[tuple[float, list[Acknowledged]]]:
        """Return the batches acknowledged so far, with the time in each line; half a line does not count."""
        lines = map(json.loads, self._output.read_text().split("\n")[1:-1])
        return [(seconds, [Acknowledged(*event) for event in batch]) for seconds, batch in lines]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._file.close()

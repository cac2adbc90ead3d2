"""A follower: `esjournal log -f` as a process, and what it shows, with the moment at which it was seen."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

from tests.helpers.concurrency.followed import Acknowledged, event_of_line
from tests.helpers.program import COMMAND, environment

PATIENCE = 60.0
_CLOCK_TICKS_A_SECOND = 100


class Follower:
    """A process of `log -f --format ndjson`, whose lines a thread reads as they come.

    Args:
        errors: the file that gets its stderr.
        url: the journal's.
        options: further ones of the command.
        reading: whether to read at once what it prints; otherwise it stands still when the pipe is full.
    """

    def __init__(self, errors: Path, url: str, *options: str, reading: bool = True) -> None:
        self._errors = errors
        self._error_file = errors.open("w")
        self.process = subprocess.Popen(
            [*COMMAND, "--url", url, "log", "-f", "--format", "ndjson", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._error_file,
            env=environment(),
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout
        self._lines: list[tuple[float, bytes]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        if reading:
            self._reader.start()

    def read_on(self) -> None:
        """Begin to read what it prints."""
        self._reader.start()

    def _read(self) -> None:
        for line in self._output:
            self._lines.append((time.monotonic(), line))

    @property
    def count(self) -> int:
        """How many lines have been seen."""
        return len(self._lines)

    def wait_for(self, count: int, patience: float = PATIENCE) -> None:
        """Wait until so many lines have been seen."""
        deadline = time.monotonic() + patience
        while len(self._lines) < count:
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, f"{len(self._lines)} of {count} lines have come"
            time.sleep(0.005)

    def wait_for_word(self, words: str) -> None:
        """Wait until it has said something on stderr."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.errors():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, f"it has not said {words!r}, but {self.errors()!r}"
            time.sleep(0.005)

    def stop(self, number: int | None = None) -> int:
        """Send it a signal, or wait for its own end, and return its exit code when all it printed is read."""
        if number is not None:
            self.process.send_signal(number)
        if not self._reader.ident:
            self._reader.start()
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def errors(self) -> str:
        """Return what it has said on stderr."""
        return self._errors.read_text()

    def seen(self) -> list[tuple[float, Acknowledged]]:
        """Return the events it has shown and when each was seen; half a line, as a kill leaves it, is none."""
        return [(at, event_of_line(line)) for at, line in self._lines if line.endswith(b"\n")]

    def followed(self) -> list[Acknowledged]:
        """Return the events it has shown."""
        return [event for _, event in self.seen()]

    def seconds_of_processor(self) -> float:
        """Return for how long a processor has worked for it."""
        # `man proc_pid_stat`: behind the name in parentheses, user and system time are the 12th and 13th.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS_A_SECOND

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._reader.ident:
            self._reader.join()
        self._output.close()
        self._error_file.close()

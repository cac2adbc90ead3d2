"""A follower: `esjournal log -f` as a process, and the events that it shows, with the time at which each was seen."""

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
    """A process of `log -f --format ndjson`; a thread reads its lines as they come.

    Args:
        errors: the file for its stderr.
        url: the journal's URL.
        options: further options of the command.
        reading: whether to read its output from the start; otherwise it stops when the pipe is full.
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
        """Start to read its output."""
        self._reader.start()

    def _read(self) -> None:
        for line in self._output:
            self._lines.append((time.monotonic(), line))

    @property
    def count(self) -> int:
        """The number of lines seen so far."""
        return len(self._lines)

    def wait_for(self, count: int, patience: float = PATIENCE) -> None:
        """Wait until a number of lines have been seen."""
        deadline = time.monotonic() + patience
        while len(self._lines) < count:
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, f"{len(self._lines)} of {count} lines were seen"
            time.sleep(0.005)

    def wait_for_word(self, words: str) -> None:
        """Wait until it has written a text to stderr."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.errors():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, f"it has not written {words!r}, but {self.errors()!r}"
            time.sleep(0.005)

    def stop(self, number: int | None = None) -> int:
        """Send it a signal, or wait until it ends; return its exit code once all of its output has been read."""
        if number is not None:
            self.process.send_signal(number)
        if not self._reader.ident:
            self._reader.start()
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def errors(self) -> str:
        """Return what it has written to stderr."""
        return self._errors.read_text()

    def seen(self) -> list[tuple[float, Acknowledged]]:
        """Return the events it has shown and when each was seen; half a line, as a kill leaves it, does not count."""
        return [(at, event_of_line(line)) for at, line in self._lines if line.endswith(b"\n")]

    def followed(self) -> list[Acknowledged]:
        """Return the events it has shown."""
        return [event for _, event in self.seen()]

    def seconds_of_processor(self) -> float:
        """Return the processor time that it has used."""
        # See `man proc_pid_stat`: after the name in parentheses, user and system time are the 12th and 13th fields.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS_A_SECOND

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._reader.ident:
            self._reader.join()
        self._output.close()
        self._error_file.close()

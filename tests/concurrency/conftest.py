"""Writers in processes of their own, and what they say was acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple
from uuid import UUID

import pytest

from tests.concurrency.server import OwnServer
from tests.conftest import DEFAULT_FAULTS

WRITER = Path(__file__).with_name("writer.py")
PATIENCE = 60.0


class Acknowledged(NamedTuple):
    """What a writer was told about an event: where it is, and which it is."""

    position: int
    version: int
    nonce: str


class Writer:
    """A process of `writer.py`; its words go to a file, so that no full pipe ever holds it up."""

    def __init__(self, output: Path, url: str, batches: int, size: int, sequence: UUID | None = None) -> None:
        self._output = output
        self._file: IO[str] = output.open("w")
        arguments = [url, str(batches), str(size), *([str(sequence)] if sequence else [])]
        self.process = subprocess.Popen(
            [sys.executable, str(WRITER), *arguments], stdin=subprocess.PIPE, stdout=self._file, stderr=subprocess.PIPE
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "ready\n" not in self._output.read_text():
            assert self.process.poll() is None, self.process.stderr.read().decode()
            assert time.monotonic() < deadline, "the writer does not get ready"
            time.sleep(0.01)

    def begin(self) -> None:
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def finish(self) -> list[list[Acknowledged]]:
        """Wait until the writer is done, and return the batches that were acknowledged."""
        assert self.process.wait(PATIENCE) == 0, self.process.stderr.read().decode()
        return self.acknowledged()

    def acknowledged(self) -> list[list[Acknowledged]]:
        """Return the batches that were acknowledged until now."""
        return [batch for _, batch in self.timed()]

    def timed(self) -> list[tuple[float, list[Acknowledged]]]:
        """Return the batches that were acknowledged until now, each with its seconds; half a line is none."""
        lines = map(json.loads, self._output.read_text().split("\n")[1:-1])
        return [(seconds, [Acknowledged(*event) for event in batch]) for seconds, batch in lines]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._file.close()


@pytest.fixture
def start_writers(tmp_path: Path) -> Iterator[Callable[..., list[Writer]]]:
    """Start writers that begin all at once."""
    writers: list[Writer] = []

    def start(count: int, *arguments: object) -> list[Writer]:
        started = []
        for _ in range(count):
            writer = Writer(tmp_path / f"writer-{len(writers)}.out", *arguments)
            writers.append(writer)
            started.append(writer)
        for writer in started:
            writer.wait_until_ready()
        for writer in started:
            writer.begin()
        return started

    yield start
    for writer in writers:
        writer.close()


_FIGURES: list[object] = []


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    """How many times each fault strikes."""
    count: int = request.config.getoption("--faults")
    return count


@pytest.fixture
def fault_figures() -> list[object]:
    """What a run that was asked for a number of faults prints at its end."""
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--faults") != DEFAULT_FAULTS and _FIGURES:
        terminalreporter.section("where the faults struck")
        for figures in _FIGURES:
            terminalreporter.write_line(str(figures))


@pytest.fixture(scope="session")
def own_server(postgres_server: str) -> Iterator[OwnServer]:
    """A PostgreSQL server that may be stopped; it goes before the one that all tests share, whose files it uses."""
    with TemporaryDirectory(prefix="esjournal-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        server = OwnServer(Path(folder) / "data")
        try:
            yield server
        finally:
            server.close()

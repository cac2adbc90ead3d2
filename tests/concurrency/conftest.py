"""Writers in processes of their own, and what they say was acknowledged."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pytest

from tests.concurrency.faults import Landed
from tests.concurrency.followed import Acknowledged
from tests.concurrency.follower import Follower
from tests.concurrency.server import OwnServer
from tests.conftest import DEFAULT_FAULTS, DEFAULT_FOLLOWED_EVENTS

WRITER = Path(__file__).with_name("writer.py")
PAUSING_WRITER = Path(__file__).with_name("pausing_writer.py")
PATIENCE = 60.0


class Writer:
    """A process of a writer's program; its words go to a file, so that no full pipe ever holds it up."""

    def __init__(self, output: Path, program: Path, *arguments: object) -> None:
        self._output = output
        self._file: IO[str] = output.open("w")
        self.process = subprocess.Popen(
            [sys.executable, str(program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=self._file,
            stderr=subprocess.PIPE,
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

    def finish(self, patience: float = PATIENCE) -> list[list[Acknowledged]]:
        """Wait until the writer is done, and return the batches that were acknowledged."""
        assert self.process.wait(patience) == 0, self.process.stderr.read().decode()
        return self.acknowledged()

    def acknowledged(self) -> list[list[Acknowledged]]:
        """Return the batches that were acknowledged until now."""
        return [batch for _, batch in self.timed()]

    def timed(self) -> list[tuple[float, list[Acknowledged]]]:
        """Return the batches that were acknowledged until now, with the time in each line; half a line is none."""
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

    def start(count: int, *arguments: object, program: Path = WRITER) -> list[Writer]:
        started = []
        for _ in range(count):
            writer = Writer(tmp_path / f"writer-{len(writers)}.out", program, *arguments)
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


@pytest.fixture
def start_pausing_writers(start_writers: Callable[..., list[Writer]]) -> Callable[..., list[Writer]]:
    """Start writers that pause between writing and COMMIT."""
    return partial(start_writers, program=PAUSING_WRITER)


@pytest.fixture
def start_follower(tmp_path: Path) -> Iterator[Callable[..., Follower]]:
    """Start followers; each is killed at the end, if it has not come to its own."""
    followers: list[Follower] = []

    def start(url: str, *options: str, reading: bool = True) -> Follower:
        followers.append(Follower(tmp_path / f"follower-{len(followers)}.err", url, *options, reading=reading))
        return followers[-1]

    yield start
    for follower in followers:
        follower.close()


_FIGURES: list[object] = []
_FOLLOWED_FIGURES: list[object] = []


@pytest.fixture
def followed_events(request: pytest.FixtureRequest) -> int:
    """How many events are written while they are followed."""
    count: int = request.config.getoption("--followed-events")
    return count


@pytest.fixture
def followed_figures() -> list[object]:
    """What a run that was asked for a number of events prints at its end."""
    return _FOLLOWED_FIGURES


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    """How many times each fault strikes."""
    count: int = request.config.getoption("--faults")
    return count


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Chance, which `--faults-seed` repeats."""
    seed = request.config.getoption("--faults-seed")
    if seed is None:
        seed = random.randrange(10**6)
    print(f"--faults-seed {seed}")  # noqa: T201
    return random.Random(seed)


@pytest.fixture
def landed(request: pytest.FixtureRequest, fault_figures: list[Landed]) -> Landed:
    """Where the faults of this test struck; none in the middle is a failure."""
    figures = Landed(request.node.name.removeprefix("test_"))
    fault_figures.append(figures)
    return figures


@pytest.fixture
def own_url(own_server: OwnServer) -> str:
    return f"{own_server.url}&schema=journal"


@pytest.fixture
def fault_figures() -> list[object]:
    """What a run that was asked for a number of faults prints at its end."""
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--faults") != DEFAULT_FAULTS and _FIGURES:
        terminalreporter.section("where the faults struck")
        for figures in _FIGURES:
            terminalreporter.write_line(str(figures))
    if config.getoption("--followed-events") != DEFAULT_FOLLOWED_EVENTS and _FOLLOWED_FIGURES:
        terminalreporter.section("what was followed")
        for figures in _FOLLOWED_FIGURES:
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


@pytest.fixture
def opening_seconds(request: pytest.FixtureRequest) -> float:
    """How long threads open and close stores: see --opening-seconds."""
    return float(request.config.getoption("--opening-seconds"))


@pytest.fixture
def power_cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut: see --power-cuts."""
    return int(request.config.getoption("--power-cuts"))

"""Fixtures for writers, followers and faults, and a server that may be stopped."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.helpers.concurrency.faults import Landed
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.writers import PAUSING_WRITER, WRITER, Writer


@pytest.fixture
def start_writers(tmp_path: Path) -> Iterator[Callable[..., list[Writer]]]:
    """Start writers that all begin at the same time."""
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
    """Start followers; each is killed at the end if it is still running."""
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
    """The number of events that are written while they are followed."""
    return int(request.config.getoption("--followed-events") or 5_000)


@pytest.fixture
def followed_figures() -> list[object]:
    """Lines to print at the end of a run with `--followed-events`."""
    return _FOLLOWED_FIGURES


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    """The number of times that each fault strikes."""
    return int(request.config.getoption("--faults") or 5)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """The source of random numbers, which `--faults-seed` repeats."""
    seed = request.config.getoption("--faults-seed")
    if seed is None:
        seed = random.randrange(10**6)
    print(f"--faults-seed {seed}")  # noqa: T201
    return random.Random(seed)


@pytest.fixture
def landed(request: pytest.FixtureRequest, fault_figures: list[Landed]) -> Landed:
    """Counts when the faults of this test struck; a test fails if none struck in the middle."""
    figures = Landed(request.node.name.removeprefix("test_"))
    fault_figures.append(figures)
    return figures


@pytest.fixture
def fault_figures() -> list[object]:
    """Lines to print at the end of a run with `--faults`."""
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--faults") and _FIGURES:
        terminalreporter.section("where the faults struck")
        for figures in _FIGURES:
            terminalreporter.write_line(str(figures))
    if config.getoption("--followed-events") and _FOLLOWED_FIGURES:
        terminalreporter.section("what was followed")
        for figures in _FOLLOWED_FIGURES:
            terminalreporter.write_line(str(figures))


@pytest.fixture
def opening_seconds(request: pytest.FixtureRequest) -> float:
    """How long threads open and close stores: see --opening-seconds."""
    return float(request.config.getoption("--opening-seconds"))


@pytest.fixture
def killed_tries(request: pytest.FixtureRequest) -> int:
    """How many tries to append are killed: see --killed-tries."""
    return int(request.config.getoption("--killed-tries"))


@pytest.fixture
def power_cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut: see --power-cuts."""
    return int(request.config.getoption("--power-cuts"))

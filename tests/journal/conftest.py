"""An empty journal to import into, chunks of two sizes, and an end to endless waiting."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

import pytest

from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.transfer import importing

PATIENCE = 30


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    initialise(store_url)
    with open_journal(store_url) as journal:
        yield journal


@pytest.fixture
def no_endless_waiting() -> Iterator[None]:
    """Make a follower that waits in vain fail instead of hang."""

    def fail(number: int, frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"nothing was followed within {PATIENCE} seconds")

    usual = signal.signal(signal.SIGALRM, fail)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, usual)


@pytest.fixture(params=[2, 5_000], ids=lambda size: f"chunks-of-{size}")
def chunk_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr(importing, "CHUNK_EVENTS", size)
    return size

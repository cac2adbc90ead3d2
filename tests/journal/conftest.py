"""An empty journal to import into, and chunks of two sizes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esjournal.journal.journal import Journal, initialise, open_journal
from esjournal.journal.transfer import importing


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    initialise(store_url)
    with open_journal(store_url) as journal:
        yield journal


@pytest.fixture(params=[2, 5_000], ids=lambda size: f"chunks-of-{size}")
def chunk_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr(importing, "CHUNK_EVENTS", size)
    return size

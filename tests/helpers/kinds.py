"""The same events in every kind of store that is read: a journal of each database, a file, another library's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from tests.helpers.other_libraries.tables import message_db_with
from tests.helpers.stores import file_with, journal_with

KINDS = ["sqlite", "postgresql", "file", "message-db"]


@contextmanager
def store_of_kind(
    request: pytest.FixtureRequest, folders: pytest.TempPathFactory, events: Sequence[RecordedEvent]
) -> Iterator[str]:
    """Yield the URL of a store with these events, of the kind that is the fixture's parameter, for a whole module."""
    folder = folders.mktemp("kinds")
    if request.param == "file":
        yield str(file_with(folder / "e.ndjson", events))
    elif request.param == "sqlite":
        yield journal_with(f"sqlite:///{folder / 'journal.db'}", events)
    else:
        url = request.getfixturevalue("module_postgres_url")
        yield journal_with(url, events) if request.param == "postgresql" else message_db_with(url, events)

"""Reading a sequence: bounds, limits and both directions, across page boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.typepatterns import Patterns
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.read import pages
from esjournal.journal.read.pages import read_sequence
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.stores import journal_with

VERSIONS = [0, 1, 2, 3, 5, 8, 9, 10, 20]


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    events = [event(version, event_type="ab"[version % 2]) for version in VERSIONS]
    with open_journal(journal_with(store_url, [event(4, of=OTHER_ID), *events])) as journal:
        yield journal


def versions(events: Iterator[RecordedEvent]) -> list[int | None]:
    return [found.originator_version for found in events]


bound = st.one_of(st.none(), st.integers(0, 21))


@settings(max_examples=30)
@given(
    gt=bound,
    gte=bound,
    lt=bound,
    lte=bound,
    limit=st.one_of(st.none(), st.integers(0, 10)),
    reverse=st.booleans(),
    types=st.sampled_from([(), ("a",), ("a", "b"), ("c",), ("?",), ("[!a]", "c")]),
    page_size=st.integers(1, 10),
)
def test_bounds_limit_types_and_direction_mean_the_same_on_pages_of_any_size(
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    gt: int | None,
    gte: int | None,
    lt: int | None,
    lte: int | None,
    limit: int | None,
    reverse: bool,
    types: tuple[str, ...],
    page_size: int,
) -> None:
    monkeypatch.setattr(pages, "SEQUENCE_PAGE_SIZE", page_size)
    expected = [
        version
        for version in VERSIONS
        if (gt is None or version > gt)
        and (gte is None or version >= gte)
        and (lt is None or version < lt)
        and (lte is None or version <= lte)
        and (not types or "ab"[version % 2] in types or "?" in types or ("[!a]" in types and version % 2))
    ]
    if reverse:
        expected.reverse()
    found = read_sequence(
        journal, ID, gt=gt, gte=gte, lt=lt, lte=lte, limit=limit, reverse=reverse, types=Patterns(types)
    )
    assert versions(found) == expected[:limit]


def test_reading_stops_at_the_requested_page(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SEQUENCE_PAGE_SIZE", 2)
    asked: list[tuple[Any, ...]] = []
    get_items = journal.events.get_items

    def noted(*given: Any) -> list[RecordedEvent]:
        asked.append(given)
        return get_items(*given)

    monkeypatch.setattr(journal.events, "get_items", noted)
    events = read_sequence(journal, ID)
    assert [next(events).originator_version, next(events).originator_version] == [0, 1]
    assert len(asked) == 1


def test_a_sequence_that_is_not_there_has_no_events(journal: Journal) -> None:
    assert versions(read_sequence(journal, "00000000-0000-0000-0000-000000000000")) == []

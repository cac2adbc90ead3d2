"""Events by their global positions, their event ids, and their places."""

from __future__ import annotations

import pytest

from esjournal.domain.model.sequencenames import id_of_name
from esjournal.exceptions import AmbiguousId
from esjournal.journal.eventreference import find_event
from esjournal.journal.journal import Journal
from tests.helpers.events import ID, event, sequence
from tests.helpers.given import refilled

EVENT_ID = "4b0c1e52-6a1f-4f7e-9d5e-0d9a3f1c2b11"


@pytest.fixture
def filled(journal: Journal) -> Journal:
    named = event(0, of=id_of_name("orders/1001"))._replace(event_id=EVENT_ID)
    refilled(journal, [*sequence(3), named])
    journal.events.look_for_names()
    return journal


@pytest.mark.parametrize(
    ("given", "position"),
    [("1", 1), ("4", 4), (EVENT_ID, 4), (EVENT_ID.upper(), 4), (f"{ID}/2", 3), (f"{ID[:4]}/0", 1)],
)
def test_each_way_of_naming_an_event_finds_it(filled: Journal, given: str, position: int) -> None:
    found = find_event(filled, given)
    assert found is not None
    assert found.global_position == position


def test_a_name_may_have_slashes(filled: Journal) -> None:
    found = find_event(filled, "orders/1001/0")
    assert found is not None
    assert found.event_id == EVENT_ID


@pytest.mark.parametrize("given", ["5", "0", "01", ID, f"{ID}/3", "orders/1002/0", "/0", "orders/1001/", "-1", "text"])
def test_what_is_not_there_is_not_found(filled: Journal, given: str) -> None:
    assert find_event(filled, given) is None


def test_an_abbreviated_place_must_be_that_of_one_sequence(journal: Journal) -> None:
    refilled(journal, [event(of=f"aaaa{n:04x}-0000-0000-0000-000000000000") for n in range(2)])
    with pytest.raises(AmbiguousId):
        find_event(journal, "aaaa/0")

"""Ids of events that follow from a key."""

from __future__ import annotations

import pytest

from esjournal.domain.model.eventids import checked_key, event_id_of_key
from esjournal.exceptions import InvalidData
from tests.helpers.events import ID, OTHER_ID


def test_the_id_of_a_key_stays_the_same_in_every_version_of_the_program() -> None:
    assert event_id_of_key(ID, "payment-7") == "5e15f860-23e2-56ac-a4b9-3645d2d32da4"


def test_the_same_key_of_another_sequence_is_another_event() -> None:
    assert event_id_of_key(ID, "k") != event_id_of_key(OTHER_ID, "k") != event_id_of_key(OTHER_ID, "K")


@pytest.mark.parametrize("text", ["", "a\ud800"])
def test_a_key_is_some_text(text: str) -> None:
    with pytest.raises(InvalidData, match="the key"):
        checked_key(text)

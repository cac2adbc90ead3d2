"""Sequences by the beginnings of their ids."""

from __future__ import annotations

import re

import pytest

from esjournal.domain.model.sequencenames import name_of_id
from esjournal.exceptions import AmbiguousId, SequenceNotFound
from esjournal.journal.abbreviation import find_sequence, new_sequence, sequence_to_append_to
from esjournal.journal.journal import Journal
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.given import refilled

ALIKE = [f"aaaa{n:04x}-0000-0000-0000-00000000000{n:x}" for n in range(12)]


def test_a_beginning_is_enough_where_it_is_that_of_one_sequence(journal: Journal) -> None:
    refilled(journal, [*sequence(30), *sequence(3, of=OTHER_ID)])
    for length in (4, 8, 9, 13, 24, 35, 36):
        assert find_sequence(journal, ID[:length]) == ID
        assert find_sequence(journal, OTHER_ID[:length]) == OTHER_ID


@pytest.mark.parametrize("edge", ["aaaa0000-0000-0000-0000-000000000000", "aaaaffff-ffff-ffff-ffff-ffffffffffff"])
def test_the_first_and_the_last_possible_id_begin_so_too(journal: Journal, edge: str) -> None:
    refilled(journal, [event(of=edge), event(of=OTHER_ID), event(of="aaab0000-0000-0000-0000-000000000000")])
    assert find_sequence(journal, "aaaa") == edge


def test_a_whole_id_need_not_be_there(journal: Journal) -> None:
    assert find_sequence(journal, ID) == ID


def test_a_beginning_of_no_id_is_not_found(journal: Journal) -> None:
    refilled(journal, sequence(1))
    with pytest.raises(SequenceNotFound, match=r"no sequence in .* begins with 9b31"):
        find_sequence(journal, "9b31")


def test_a_beginning_of_several_ids_names_them(journal: Journal) -> None:
    refilled(journal, [event(version, of=one) for one in ALIKE[:2] for version in range(3)])
    with pytest.raises(
        AmbiguousId,
        match=re.escape(f"aaaa is the beginning of several ids, write more of the one you mean: {ALIKE[0]}, {ALIKE[1]}")
        + "$",
    ):
        find_sequence(journal, "aaaa")
    assert find_sequence(journal, "aaaa0001") == ALIKE[1]


def test_of_very_many_ids_ten_are_named(journal: Journal) -> None:
    refilled(journal, [event(of=one) for one in ALIKE])
    with pytest.raises(AmbiguousId, match=f"{ALIKE[9]}, and more$"):
        find_sequence(journal, "aaaa")


@pytest.mark.parametrize("given", ["order-1001", "9b3", "9b31-"])
def test_what_is_neither_an_id_nor_a_beginning_of_one_is_not_found(journal: Journal, given: str) -> None:
    refilled(journal, sequence(1))
    with pytest.raises(SequenceNotFound, match=f"{given}.* is not a UUID, nor the beginning of one"):
        find_sequence(journal, given)


def test_an_event_may_be_for_a_sequence_that_is_not_there(journal: Journal) -> None:
    refilled(journal, sequence(1))
    assert [sequence_to_append_to(journal, one.upper()) for one in (ID, OTHER_ID)] == [ID, OTHER_ID]


def test_an_event_is_not_for_a_beginning_of_an_id(journal: Journal) -> None:
    refilled(journal, sequence(1))
    with pytest.raises(AmbiguousId, match=f"no sequence is named '{ID[:8]}', but the id {ID} begins with that"):
        sequence_to_append_to(journal, ID[:8])


def test_an_event_may_be_for_a_name(journal: Journal) -> None:
    refilled(journal, sequence(1))
    assert name_of_id(sequence_to_append_to(journal, "order-1001")) == "order-1001"


def test_a_new_sequence_has_an_id_of_its_own(journal: Journal) -> None:
    ids = {new_sequence(journal, "new") for _ in range(100)}
    assert len(ids) == 100
    assert {sequence_to_append_to(journal, one) for one in ids} == ids

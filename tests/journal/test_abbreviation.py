"""Sequences by the beginnings of their ids."""

from __future__ import annotations

import re

import pytest

from esjournal.exceptions import AmbiguousId, SequenceNotFound
from esjournal.journal.abbreviation import find_sequence
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

"""Sequences by the beginnings and the ends of their ids."""

from __future__ import annotations

import pytest

from esjournal.cli.rendering.log import shortened_id
from esjournal.domain.model.sequencenames import id_of_name, name_of_id, names_of
from esjournal.exceptions import AmbiguousId, SequenceNotFound
from esjournal.journal.abbreviation import find_sequence, new_sequence, sequence_to_append_to
from esjournal.journal.journal import Journal, initialise, open_journal
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.given import refilled

TIMED, LATER = "019a7c3e-5b1f-7000-8000-00000000beef", "019a7c3e-5b20-7abc-b123-4567deadbeef"
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
    with pytest.raises(SequenceNotFound, match=r"no sequence in .* begins with 9b31, or a UUIDv7 that ends with it"):
        find_sequence(journal, "9b31")


def test_a_beginning_of_several_ids_names_them(journal: Journal) -> None:
    refilled(journal, [event(version, of=one) for one in ALIKE[:2] for version in range(3)])
    named = f"write more of the one you mean: {ALIKE[0]}, {ALIKE[1]}"
    with pytest.raises(AmbiguousId, match=f"aaaa is the beginning or end of several ids, {named}$"):
        find_sequence(journal, "aaaa")
    assert find_sequence(journal, "aaaa0001") == ALIKE[1]


def test_the_end_of_an_id_that_begins_with_the_time_is_enough(journal: Journal) -> None:
    refilled(journal, [event(version, of=one) for one in (ID, TIMED, OTHER_ID, LATER) for version in range(3)])
    for length in (8, 9, 12, 13, 23, 35, 36):
        assert find_sequence(journal, LATER[-length:].upper()) == LATER
        assert find_sequence(journal, TIMED[-length:]) == TIMED
    assert find_sequence(journal, TIMED[:13]) == TIMED


def test_an_end_of_several_ids_names_them(journal: Journal) -> None:
    refilled(journal, [event(of=one) for one in (TIMED, LATER)])
    named = f"beef is the beginning or end of several ids, write more of the one you mean: {TIMED}, {LATER}"
    with pytest.raises(AmbiguousId, match=f"{named}$"):
        find_sequence(journal, "beef")


def test_what_begins_one_id_and_ends_another_names_both(journal: Journal) -> None:
    begun = "beef0000-0000-4000-8000-000000000000"
    refilled(journal, [event(of=one) for one in (begun, TIMED)])
    with pytest.raises(AmbiguousId, match=f"beef is the beginning or end of several ids, .*: {begun}, {TIMED}$"):
        find_sequence(journal, "beef")
    assert find_sequence(journal, "0000beef") == TIMED


def test_an_id_that_begins_and_ends_alike_is_one(journal: Journal) -> None:
    both = "019a7c3e-5b1f-7000-8000-0000019a7c3e"
    refilled(journal, [event(of=both)])
    assert find_sequence(journal, "019a7c3e") == both


@pytest.mark.parametrize("other", ["019a7c3e-5b1f-4000-8000-00000000beef", "a19a7c3e-5b1f-7000-8000-00000000beef"])
def test_the_end_of_any_other_id_is_not_found(journal: Journal, other: str) -> None:
    refilled(journal, [event(of=other)])
    with pytest.raises(SequenceNotFound, match="begins with 0000beef, or a UUIDv7 that ends with it"):
        find_sequence(journal, "0000beef")


def test_ends_are_found_beside_names(store_url: str) -> None:
    initialise(store_url)
    with open_journal(store_url) as journal:
        ids = [id_of_name(f"order-{n}") for n in range(100)]
        journal.events.append([event(of=one) for one in (*ids, TIMED)], names=names_of(ids))
    with open_journal(store_url) as journal:
        assert journal.events.has_names
        assert find_sequence(journal, TIMED[-8:]) == TIMED


def test_a_new_id_is_found_by_the_end_that_lists_show(journal: Journal) -> None:
    made = [new_sequence(journal, "new") for _ in range(30)]
    refilled(journal, [event(of=one) for one in made])
    assert [find_sequence(journal, shortened_id(one)) for one in made] == made


def test_of_very_many_ids_ten_are_named(journal: Journal) -> None:
    refilled(journal, [event(of=one) for one in ALIKE])
    with pytest.raises(AmbiguousId, match=f"{ALIKE[9]}, and more$"):
        find_sequence(journal, "aaaa")


@pytest.mark.parametrize("given", ["order-1001", "9b3", "9b31-"])
def test_what_is_neither_an_id_nor_a_beginning_of_one_is_not_found(journal: Journal, given: str) -> None:
    refilled(journal, sequence(1))
    with pytest.raises(SequenceNotFound, match=f"{given}.* is not a UUID, nor the beginning or end of one"):
        find_sequence(journal, given)


def test_an_event_may_be_for_a_sequence_that_is_not_there(journal: Journal) -> None:
    refilled(journal, sequence(1))
    assert [sequence_to_append_to(journal, one.upper()) for one in (ID, OTHER_ID)] == [ID, OTHER_ID]


def test_an_event_is_not_for_a_beginning_of_an_id(journal: Journal) -> None:
    refilled(journal, sequence(1))
    with pytest.raises(AmbiguousId, match=f"no sequence is named '{ID[:8]}', but the id {ID} begins or ends with that"):
        sequence_to_append_to(journal, ID[:8])


def test_an_event_is_not_for_an_end_of_an_id(journal: Journal) -> None:
    refilled(journal, [event(of=TIMED)])
    with pytest.raises(AmbiguousId, match=f"is named '0000beef', but the id {TIMED} begins or ends with that"):
        sequence_to_append_to(journal, "0000beef")
    assert name_of_id(sequence_to_append_to(journal, "1000beef")) == "1000beef"


def test_an_event_may_be_for_a_name(journal: Journal) -> None:
    refilled(journal, sequence(1))
    assert name_of_id(sequence_to_append_to(journal, "order-1001")) == "order-1001"


def test_a_new_sequence_has_an_id_of_its_own(journal: Journal) -> None:
    ids = {new_sequence(journal, "new") for _ in range(100)}
    assert len(ids) == 100
    assert {sequence_to_append_to(journal, one) for one in ids} == ids

"""Names of sequences, and the ids made from them."""

from __future__ import annotations

import pickle
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.sequencenames import (
    NamedId,
    are_new_names,
    checked_name,
    id_of_name,
    ids_and_names,
    likeness,
    name_of_id,
    named_ids,
    new_name,
)
from esjournal.exceptions import InvalidData

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(names)
def test_an_id_is_the_uuid_of_its_name_and_knows_it(name: str) -> None:
    made = id_of_name(name)
    assert made == str(uuid5(NAMESPACE_URL, name))
    assert name_of_id(made) == name


@given(st.uuids())
def test_a_uuid_is_its_own_id(uuid: UUID) -> None:
    assert id_of_name(str(uuid)) == str(uuid)
    assert name_of_id(id_of_name(str(uuid))) is None


def test_another_spelling_of_a_uuid_is_a_name() -> None:
    spelt = "9B300B13-4410-51BF-85CA-234C8CEA73DA"
    assert id_of_name(spelt) != spelt.lower()
    assert name_of_id(id_of_name(spelt)) == spelt


def test_the_name_goes_from_one_process_to_another() -> None:
    again = pickle.loads(pickle.dumps(id_of_name("account-1")))
    assert isinstance(again, NamedId)
    assert (again, again.name) == (id_of_name("account-1"), "account-1")


@given(names)
def test_any_name_may_come_from_outside(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "a\0", "\ud800", "a\udfffb"])
def test_text_that_cannot_be_stored_is_not_a_name(name: str) -> None:
    with pytest.raises(InvalidData, match="is empty, or has a character that cannot be stored"):
        checked_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("account-1", "ACCOUNT-1"),
        ("Straße", "STRASSE"),
        ("\u00c9", "e\u0301"),
        ("9B300B13-4410-51BF-85CA-234C8CEA73DA", "9b300b13-4410-51bf-85ca-234c8cea73da"),
        ("{9b300b13-4410-51bf-85ca-234c8cea73da}", "9B300B13441051BF85CA234C8CEA73DA"),
    ],
)
def test_names_that_differ_only_in_spelling_are_alike(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


@given(names)
def test_a_likeness_is_its_own(name: str) -> None:
    assert likeness(likeness(name)) == likeness(name)


@pytest.mark.parametrize("other", ["account-10", "account1", "account_1", "account-1 ", "Äccount-1"])
def test_names_that_differ_in_more_are_not_alike(other: str) -> None:
    assert likeness("account-1") != likeness(other)


@given(st.lists(st.none() | st.text(min_size=1)))
def test_ids_and_names_can_be_taken_apart_and_put_together(names: list[str | None]) -> None:
    ids = ["00000000-0000-4000-8000-000000000000" if name is None else id_of_name(name) for name in names]
    plain, apart = ids_and_names(ids)
    assert NamedId not in set(map(type, plain))
    together = named_ids(plain, apart)
    assert together == ids
    assert list(map(name_of_id, together)) == list(map(name_of_id, ids))


@given(st.lists(st.text(max_size=30) | st.sampled_from(["new", "next", "-", "order-1"]) | st.uuids().map(str)))
def test_names_looked_at_together_are_allowed_one_by_one(names: list[str]) -> None:
    if are_new_names(names):
        assert list(map(new_name, names)) == names


def test_ordinary_names_need_no_closer_look() -> None:
    assert are_new_names([])
    assert are_new_names([f"order-{number}" for number in range(1_000)])


@pytest.mark.parametrize("name", ["", "new", "next", "-", "a\tb", "a\x7f", f"{0x9B300B:032x}", "x" * 256])
def test_one_name_that_is_not_allowed_is_seen_among_many(name: str) -> None:
    assert not are_new_names(["order-1", name, "order-2"])

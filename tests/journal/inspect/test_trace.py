"""The tree of causes, on both databases: what belongs to it, in which order, and that it always ends."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.exceptions import AmbiguousId
from esjournal.journal.inspect.trace import TracedEvent, trace
from esjournal.journal.journal import Journal
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.given import refilled

Found = list[tuple[int | None, int]]


def uuid(number: int) -> str:
    return str(UUID(int=number))


def caused(number: int, cause: int | str | None = None, correlation: int | str | None = None) -> RecordedEvent:
    """An event whose event id and version are a number, as are the references to others."""
    named = {"causation_id": cause, "correlation_id": correlation}
    metadata = {name: uuid(value) if isinstance(value, int) else value for name, value in named.items() if value}
    return event(number)._replace(event_id=uuid(number), metadata=json.dumps(metadata) if metadata else None)


def shape(traced: object) -> Found:
    assert isinstance(traced, list)
    return [(each.event.originator_version, each.depth) for each in traced]


def found(journal: Journal, given: str) -> Found:
    return shape(trace(journal, given))


# An order is placed (1) and paid (3), which causes 5 and 6; 2 and 4 have nothing to do with it.
CHAIN = [caused(1), event(2), caused(3, 1, 1), caused(4, "other"), caused(5, 3, 1), caused(6, 3, 1), caused(7, 1, 1)]
TREE = [(1, 0), (3, 1), (5, 2), (6, 2), (7, 1)]


@pytest.mark.parametrize("given", ["1", "3", "6", uuid(1), uuid(5).upper(), f"{ID}/7", f"{ID[:4]}/3"])
def test_each_event_of_a_tree_leads_to_all_of_it(journal: Journal, given: str) -> None:
    refilled(journal, CHAIN)
    traced = trace(journal, given)
    assert shape(traced) == TREE
    assert not any(each.missing_cause or each.is_in_cycle for each in traced)
    assert traced[1].event == CHAIN[2]._replace(global_position=3)


def test_causes_without_a_correlation_are_followed(journal: Journal) -> None:
    refilled(journal, [caused(1), caused(2, 1), caused(3, f"{ID.upper()}/2"), caused(4, 3), caused(5, 9)])
    assert found(journal, "2") == [(1, 0), (2, 1), (3, 2), (4, 3)]


def test_an_event_alone_is_a_tree(journal: Journal) -> None:
    refilled(journal, [event(0), event(1)])
    assert found(journal, "2") == [(1, 0)]


@pytest.mark.parametrize("given", ["3", "0", uuid(9), f"{ID}/9", "checkout", "", "a/b", "\udcff/1", "-1"])
def test_what_is_not_there_is_not_found(journal: Journal, given: str) -> None:
    refilled(journal, [caused(1), caused(2, 1, 1)])
    assert found(journal, given) == []


def test_a_correlation_leads_to_the_events_that_have_it(journal: Journal) -> None:
    events = [caused(1, None, "checkout 7"), caused(2, 1), caused(3, None, "checkout 7"), caused(4, None, "checkout")]
    refilled(journal, events)
    assert found(journal, "checkout 7") == found(journal, "1") == [(1, 0), (2, 1), (3, 0)]
    assert found(journal, "2") == [(1, 0), (2, 1), (3, 0)]


def test_the_reference_of_an_event_that_is_not_there_leads_to_its_effects(journal: Journal) -> None:
    refilled(journal, [caused(1, 8), caused(2, None, 8), caused(3, 1)])
    traced = trace(journal, uuid(8).upper())
    assert shape(traced) == [(1, 0), (3, 1), (2, 0)]
    assert [each.missing_cause for each in traced] == [uuid(8), None, None]


def test_a_cause_of_another_correlation_is_shown_above(journal: Journal) -> None:
    refilled(journal, [caused(1, None, "a"), caused(2, 1, "b"), caused(3, 2, "b"), caused(4, 1, "a")])
    assert found(journal, "b") == [(1, 0), (2, 1), (3, 2)]


def test_a_cause_that_is_missing_ends_the_way_up_and_is_named(journal: Journal) -> None:
    refilled(journal, [caused(1, 99, "a"), caused(2, 1, "a"), caused(3, "by hand", "a"), caused(4, f"{OTHER_ID}/0")])
    traced = trace(journal, "2")
    assert shape(traced) == [(1, 0), (2, 1), (3, 0)]
    assert [each.missing_cause for each in traced] == [uuid(99), None, "by hand"]
    assert [each.missing_cause for each in trace(journal, "4")] == [f"{OTHER_ID}/0"]


@pytest.mark.parametrize("given", ["1", "2", "3", "4"])
def test_a_cycle_is_cut_at_its_first_event_and_marked(journal: Journal, given: str) -> None:
    refilled(journal, [caused(1, 3), caused(2, 4), caused(3, 2), caused(4, 3)])
    traced = trace(journal, given)
    # 1 is caused by the cycle of 2, 3 and 4.
    assert shape(traced) == [(2, 0), (3, 1), (1, 2), (4, 2)]
    assert [each.is_in_cycle for each in traced] == [True, False, False, False]
    assert not any(each.missing_cause for each in traced)


def test_an_event_that_is_its_own_cause_is_a_cycle(journal: Journal) -> None:
    refilled(journal, [caused(1, 1), caused(2, 1)])
    traced = trace(journal, "2")
    assert [(*pair, each.is_in_cycle) for pair, each in zip(shape(traced), traced, strict=True)] == [
        (1, 0, True),
        (2, 1, False),
    ]


def test_an_effect_before_its_cause_is_found_by_its_correlation(journal: Journal) -> None:
    refilled(journal, [caused(3, 2, 1), caused(2, 1, 1), caused(1)])
    for name in ("1", "2", "3"):
        assert found(journal, name) == [(1, 0), (2, 1), (3, 2)]


def test_a_named_sequence_is_referred_to_by_its_name_or_its_id(journal: Journal) -> None:
    order = id_of_name("order/7")
    effects = [caused(1, "order/7/0"), caused(2, f"{order}/0")]
    refilled(journal, [event(0, of=order), *effects])
    journal.events.look_for_names()
    for name in ("order/7/0", "2", "3"):
        assert found(journal, name) == [(0, 0), (1, 1), (2, 1)]


def test_the_spellings_of_other_libraries_are_followed(journal: Journal) -> None:
    eventide = '{"causationMessageStreamName":"order-1","causationMessagePosition":0,"correlationStreamName":"order-1"}'
    kurrent = f'{{"$causationId":"{uuid(7)}","$correlationId":"order-1"}}'
    refilled(
        journal,
        [
            event(0, of=id_of_name("order-1"))._replace(event_id=uuid(6)),
            event(1)._replace(metadata=eventide, event_id=uuid(7)),
            event(2)._replace(metadata=kurrent),
        ],
    )
    assert found(journal, "1") == found(journal, "order-1") == [(0, 0), (1, 1), (2, 2)]


def test_a_beginning_of_an_id_must_be_that_of_one_sequence(journal: Journal) -> None:
    refilled(journal, [event(of=f"aaaa{n:04x}-0000-0000-0000-000000000000") for n in range(2)])
    with pytest.raises(AmbiguousId):
        trace(journal, "aaaa/0")


def test_a_long_chain_ends(journal: Journal) -> None:
    refilled(journal, [caused(n, n - 1) for n in range(1, 1_501)])
    assert found(journal, "700") == [(n, n - 1) for n in range(1, 1_501)]


references = st.one_of(st.none(), st.integers(1, 8), st.sampled_from(["a", "b"]))


@settings(max_examples=30)
@given(named=st.lists(st.tuples(references, references), min_size=1, max_size=8), given=st.integers(1, 8))
def test_whatever_events_name_as_causes_each_is_there_once_and_below_its_cause(
    journal: Journal, named: list[tuple[int | str | None, int | str | None]], given: int
) -> None:
    refilled(journal, [caused(number, *names) for number, names in enumerate(named, 1)])
    traced = trace(journal, str(given))
    numbers = [each.event.originator_version for each in traced]
    assert len(numbers) == len(set(numbers))
    assert (given in numbers) == (given <= len(named))
    above: list[TracedEvent] = []
    for each in traced:
        del above[each.depth :]
        assert len(above) == each.depth
        cause, _ = named[(each.event.originator_version or 0) - 1]
        if above:
            assert cause == above[-1].event.originator_version
        else:
            assert each.is_in_cycle == (cause in numbers)
            assert (each.missing_cause is None) == (cause is None or cause in numbers)
        above.append(each)

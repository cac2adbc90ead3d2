"""Batches: however they are cut, nothing in them is lost, doubled or moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from esjournal.exceptions import InvalidLine
from esjournal.interchange.batches import Batch, Read, batch_of, batches_of
from tests.helpers.events import event, reads


def lines(bad: Sequence[bool], gaps: Sequence[int]) -> list[Read]:
    """Good and bad lines, with blank ones between."""
    found: list[Read] = []
    number = 0
    for is_bad, gap in zip(bad, gaps, strict=False):
        number += 1 + gap
        found.append((number, InvalidLine("e", number, "bad") if is_bad else event(number)))
    return found


def shown(batch: Batch) -> list[tuple[int, str]]:
    return [(line, str(read)) for line, read in reads([batch])]


some_lines = st.tuples(
    st.lists(st.booleans(), min_size=1, max_size=20), st.lists(st.integers(0, 2), min_size=20, max_size=20)
).map(lambda given: lines(*given))


@given(some_lines, st.data(), st.integers(0, 3))
def test_the_two_parts_of_a_batch_are_its_first_lines_and_the_rest(
    given: list[Read], data: st.DataObject, left_out: int
) -> None:
    whole = batch_of("e", given)
    whole = replace(whole, left_out=left_out)
    count = data.draw(st.integers(1, len(given)))
    first, rest = whole.split(count)
    assert (first.source, rest.source) == ("e", "e")
    assert (first.size, rest.size) == (count, len(given) - count)
    assert shown(first) + shown(rest) == shown(whole)
    assert first.left_out + rest.left_out == left_out


@given(st.integers(1, 20), st.data())
def test_a_batch_whose_lines_are_a_range_is_cut_in_the_same_way(size: int, data: st.DataObject) -> None:
    whole = replace(batch_of("e", list(enumerate(map(event, range(size))))), lines=range(5, 5 + size))
    count = data.draw(st.integers(1, size))
    first, rest = whole.split(count)
    assert [*first.lines, *rest.lines] == list(range(5, 5 + size))
    assert [*first.events, *rest.events] == list(whole.events)
    assert len(first.events) == count


@given(some_lines, st.integers(1, 7))
def test_lines_come_in_batches_of_a_size_and_the_last_has_the_rest(given: list[Read], size: int) -> None:
    batches = list(batches_of("e", given, size))
    assert [batch.size for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= batches[-1].size <= size
    assert [(line, str(read)) for line, read in reads(batches)] == shown(batch_of("e", given))


def test_no_lines_make_no_batches() -> None:
    assert list(batches_of("e", [], 3)) == []

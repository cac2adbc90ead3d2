"""Batches: however they are cut, nothing in them is lost, doubled or moved."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.domain.model.sequencenames import name_of_id, named_id
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


names = st.none() | st.text(min_size=1, max_size=3)


@example(["a\0b"], 0)
@given(st.lists(names, max_size=5), st.integers(0, 3))
def test_a_batch_that_another_process_gets_is_the_same_and_its_ids_carry_their_names(
    names: list[str | None], left_out: int
) -> None:
    events = [
        event(number) if name is None else event(number)._replace(originator_id=named_id(event(number)[0], name))
        for number, name in enumerate(names)
    ]
    reads: list[Read] = [*enumerate(events, 1), (9, InvalidLine("e", 9, "bad"))]
    sent = replace(batch_of("e", reads), left_out=left_out)
    received: Batch = pickle.loads(pickle.dumps(sent))
    assert received.events == sent.events
    assert list(map(name_of_id, received.columns[0])) == names if names else not received.columns[0]
    assert (received.source, list(received.lines), received.left_out) == ("e", list(sent.lines), left_out)
    assert list(map(str, received.bad)) == list(map(str, sent.bad))


@given(some_lines, st.integers(1, 7))
def test_lines_come_in_batches_of_a_size_and_the_last_has_the_rest(given: list[Read], size: int) -> None:
    batches = list(batches_of("e", given, size))
    assert [batch.size for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= batches[-1].size <= size
    assert [(line, str(read)) for line, read in reads(batches)] == shown(batch_of("e", given))


def test_no_lines_make_no_batches() -> None:
    assert list(batches_of("e", [], 3)) == []

"""Leaves and their paths, with memory for the text and not for all of their paths."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.cli.rendering.parts.changelines import change_members, each_change
from esjournal.domain.state.changes import Changes, changes_of_states
from esjournal.domain.state.leaves import Leaves, leaves_of, path_of
from esjournal.domain.state.paths import path_text
from esjournal.domain.state.values import parsed
from esjournal.journal.inspect.history import fold
from tests.helpers.events import event, json_states

LEVELS, KEYS = 490, 10_000


def deep(value: int) -> str:
    """A state with many leaves at the end of one long path."""
    members = ",".join(f'"{n}":{value}' for n in range(KEYS))
    return '{"a":' * LEVELS + f"{{{members}}}" + "}" * LEVELS


def spread(value: int) -> str:
    """A state in which each leaf is in an object of its own, at the end of a long path."""
    members = ",".join(f'"{n}":{{"b":{value}}}' for n in range(KEYS))
    return '{"a":' * (LEVELS - 1) + f"{{{members}}}" + "}" * (LEVELS - 1)


def folded(*states: str) -> Changes | None:
    return [step.changes for step in fold(event(version, state) for version, state in enumerate(states))][-1]


def compared(*states: str) -> Changes | None:
    return changes_of_states(*states)


@pytest.mark.long
@pytest.mark.parametrize("state", [deep, spread])
@pytest.mark.parametrize("changes_between", [folded, compared])
def test_many_leaves_under_long_paths_take_memory_for_the_text(
    state: Callable[[int], str], changes_between: Callable[..., Changes | None]
) -> None:
    texts = state(1), state(2)
    tracemalloc.start()
    try:
        changes = changes_between(*texts)
        assert changes is not None
        longest = max(map(len, change_members(changes)))
        lines = sum(1 for _ in each_change(changes.of(("a",) * 100)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (lines, len(changes.changed)) == (KEYS, KEYS)
    assert longest < 2_000
    # A tuple of names for each leaf would take 8 bytes times the levels times the leaves: 40 million bytes.
    assert peak < 15_000_000


@given(json_states())
def test_paths_are_the_same_in_every_request(state: str) -> None:
    found = Leaves[object]()
    for steps, value in leaves_of(parsed(state)):
        found.add(steps, value)
    expected = [(path_of(steps), value) for steps, value in leaves_of(parsed(state))]
    assert list(found.items()) == expected
    assert list(found) == [path for path, _ in expected]
    assert list(found.texts()) == [(path_text(path), value) for path, value in expected]
    for path, value in expected:
        assert found[path] == value
        for length in range(len(path) + 1):
            below = found.below(path[:length])
            assert list(below.items()) == [leaf for leaf in expected if leaf[0][:length] == path[:length]]


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=3).map(tuple), max_size=5))
def test_paths_that_come_in_any_order_share_what_they_can(paths: list[tuple[str, ...]]) -> None:
    nodes: dict[tuple[str, ...], tuple[object, str] | None] = {(): None}
    found = Leaves[int]()
    for number, path in enumerate(paths):
        for length in range(1, len(path) + 1):
            nodes.setdefault(path[:length], (nodes[path[: length - 1]], path[length - 1]))
        found.add(nodes[path], number)
    assert list(found.texts()) == [(".".join(path), number) for number, path in enumerate(paths)]

"""Selecting and renaming types during an import or a copy."""

from __future__ import annotations

from typing import Any

import pytest

from esjournal.interchange.batches import Batch
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.typechoice import TypeSelection
from tests.helpers.events import event
from tests.helpers.given import BAD, content, counts, given

TYPES = ["a", "b", "c", "b", "a", "a"]


def batches(*, size: int | None = None) -> list[Batch]:
    return list(given(*[event(n, event_type=kind) for n, kind in enumerate(TYPES)], size=size))


def kept(source: list[Batch], **options: Any) -> list[tuple[int, str]]:
    """Return the line and the type of each selected event."""
    chosen = list(TypeSelection(**{"new_types": {}, **options}).of(source))
    assert not any(batch.bad for batch in chosen)
    return [(line, found.event_type) for batch in chosen for line, found in zip(batch.lines, batch.events, strict=True)]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(1, "a"), (2, "b"), (3, "c"), (4, "b"), (5, "a"), (6, "a")]),
        ({"only_types": ["a"]}, [(1, "a"), (5, "a"), (6, "a")]),
        ({"only_types": ["a", "c"]}, [(1, "a"), (3, "c"), (5, "a"), (6, "a")]),
        ({"only_types": ["x"]}, []),
        ({"skipped_types": ["a"]}, [(2, "b"), (3, "c"), (4, "b")]),
        ({"only_types": ["a", "b"], "skipped_types": ["a"]}, [(2, "b"), (4, "b")]),
        ({"new_types": {"a": "z", "x": "y"}}, [(1, "z"), (2, "b"), (3, "c"), (4, "b"), (5, "z"), (6, "z")]),
        ({"new_types": {"a": "b", "b": "a"}}, [(1, "b"), (2, "a"), (3, "c"), (4, "a"), (5, "b"), (6, "b")]),
        ({"new_types": {"a": "z"}, "only_types": ["a"]}, [(1, "z"), (5, "z"), (6, "z")]),
        ({"new_types": {"a": "z"}, "only_types": ["z"]}, []),
        ({"only_types": ["[ab]"]}, [(1, "a"), (2, "b"), (4, "b"), (5, "a"), (6, "a")]),
        ({"skipped_types": ["?", "x"]}, []),
        ({"only_types": ["*"], "skipped_types": ["[!c]"]}, [(3, "c")]),
    ],
)
def test_types_are_chosen_by_the_names_in_the_file_and_events_keep_their_lines(
    size: int, options: dict[str, object], expected: list[tuple[int, str]]
) -> None:
    assert kept(batches(size=size), **options) == expected


def test_bad_lines_stay_whatever_is_chosen() -> None:
    [batch] = TypeSelection({}, only_types=["x"]).of(given(BAD, event(0), BAD, size=9))
    assert ([bad.line for bad in batch.bad], batch.size, batch.left_out) == ([1, 3], 2, 1)


def test_events_left_out_are_read_and_counted_apart(journal: Journal, chunk_size: int) -> None:
    outcome = import_events(journal, TypeSelection({"b": "z"}, skipped_types=["a"]).of(batches()))
    assert counts(outcome) == (6, 3, 0, 0, 0)
    assert outcome.left_out == 3
    assert [(version, kind) for _, version, kind, _ in content(journal)] == [(1, "z"), (2, "c"), (3, "z")]


@pytest.mark.parametrize("commit_every", [1, 2, 5])
def test_in_parts_only_selected_events_count(journal: Journal, chunk_size: int, commit_every: int) -> None:
    chosen = TypeSelection({}, only_types=["a"]).of(batches())
    outcome = import_events(journal, chosen, commit_every=commit_every)
    assert (outcome.read, outcome.appended, outcome.left_out) == (6, 3, 3)
    assert outcome.committed


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize(
    ("options", "unused"),
    [
        ({}, []),
        ({"only_types": ["a"], "skipped_types": ["b"], "new_types": {"a": "z"}}, []),
        ({"only_types": ["x", "[ab]", "y*"]}, ["--only-type 'x'", "--only-type 'y*'"]),
        ({"skipped_types": ["b", "A"]}, ["--skip-type 'A'"]),
        # An event left out by another rule still had the type; an event left out is not renamed.
        ({"only_types": ["a"], "skipped_types": ["b"]}, []),
        ({"new_types": {"a": "y", "x": "z"}, "skipped_types": ["a"]}, ["--map-type 'a=y'", "--map-type 'x=z'"]),
    ],
)
def test_rules_that_had_nothing_to_do_are_known_at_the_end(
    size: int, options: dict[str, Any], unused: list[str]
) -> None:
    selection = TypeSelection(**{"new_types": {}, **options})
    list(selection.of(batches(size=size)))
    assert selection.unused() == unused


def test_without_events_no_rule_is_reported_as_unused() -> None:
    selection = TypeSelection({"a": "b"}, ["c"], ["d"])
    assert list(selection.of([])) == []
    assert selection.unused() == []

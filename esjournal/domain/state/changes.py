"""Changes: how one state differs from another, leaf by leaf."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from esjournal.domain.state import values
from esjournal.domain.state.leaves import Leaves, Steps, has_leaves_below, leaves_of, steps_of
from esjournal.domain.state.paths import Path, value_at
from esjournal.domain.state.values import MISSING


@dataclass(frozen=True)
class Changes:
    """The differences between two states, leaf by leaf, each under its path; see `leaves.leaves_of`.

    `added` and `removed` have the values of leaves, and `changed` the values before and after. An object present in
    both states is described only through its leaves, even if it was or becomes empty.
    """

    added: Leaves[Any] = field(default_factory=Leaves)
    changed: Leaves[tuple[Any, Any]] = field(default_factory=Leaves)
    removed: Leaves[Any] = field(default_factory=Leaves)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def of(self, path: Path) -> Changes:
        """Return the changes at a path and below it; the path may lead into an array, which is one leaf here."""
        names = tuple(takewhile(lambda part: isinstance(part, str), path))
        found = Changes(self.added.below(names), self.changed.below(names), self.removed.below(names))
        return found if names == path else found._inside(names, path[len(names) :])

    def _inside(self, array: Path, path: Path) -> Changes:
        """Return the changes at a path inside an array that is itself a changed leaf."""
        changes = Changes()
        old, new = self.changed.get(array, (MISSING, MISSING))
        old, new = self.removed.get(array, old), self.added.get(array, new)
        _note_differences(changes, steps_of((*array, *path)), value_at(old, path), value_at(new, path), operator.ne)
        return changes

    def note(self, steps: Steps, old: Any, new: Any) -> None:
        """Add that a value replaces another; not both of them are objects.

        Args:
            steps: the steps to the value.
            old: the value before, or MISSING.
            new: the value after, or MISSING.
        """
        if _is_leaf(old) and _is_leaf(new):
            self.changed.add(steps, (old, new))
            return
        if old is not MISSING:
            for leaf, value in leaves_of(old, steps):
                self.removed.add(leaf, value)
        if new is not MISSING:
            for leaf, value in leaves_of(new, steps):
                self.added.add(leaf, value)


def _is_leaf(value: Any) -> bool:
    return value is not MISSING and not has_leaves_below(value)


def changes_of_states(before: str, after: str, *, by_value: bool = False) -> Changes | None:
    """Return how one state differs from another, or None if one of them is not a JSON object.

    Args:
        before: the text of a state.
        after: the text of the state it is compared with.
        by_value: compare numbers by value; otherwise 1.10 and 1.1 differ.
    """
    one, other = values.parsed(before), values.parsed(after)
    if one is None or other is None:
        return None
    return changes_of_values(one, other, by_value=by_value)


def changes_of_values(before: dict[str, Any], after: dict[str, Any], *, by_value: bool = False) -> Changes:
    """Return how one parsed state differs from another.

    Args:
        before: a state.
        after: the state it is compared with.
        by_value: compare numbers by value; otherwise 1.10 and 1.1 differ.
    """
    changes = Changes()
    _note_differences(changes, None, before, after, values.values_differ if by_value else operator.ne)
    return changes


def _note_differences(changes: Changes, steps: Steps, one: Any, other: Any, differ: Callable[[Any, Any], bool]) -> None:
    # A stack of our own: recursion could be as deep as a state.
    rest = [iter([(steps, one, other)])]
    while rest:
        for steps, old, new in rest[-1]:
            if isinstance(old, dict) and isinstance(new, dict):
                rest.append(_members(steps, old, new))
                break
            if not (_is_leaf(old) and _is_leaf(new)) or differ(old, new):
                changes.note(steps, old, new)
        else:
            rest.pop()


def _members(steps: Steps, old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[Steps, Any, Any]]:
    for name, value in old.items():
        yield (steps, name), value, new.get(name, MISSING)
    for name, value in new.items():
        if name not in old:
            yield (steps, name), MISSING, value

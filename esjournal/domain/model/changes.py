"""Changes: how one state differs from another, leaf by leaf."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from esjournal.domain.model import states
from esjournal.domain.model.leaves import Leaves, Steps, has_leaves_below, leaves_of
from esjournal.domain.model.states import MISSING, Path


@dataclass(frozen=True)
class Changes:
    """What is different in a state, leaf by leaf, each under its path; see `leaves.leaves_of`.

    `added` and `removed` have the values of the leaves that came and went, `changed` those before and after. An object
    that was there before and is there after is told by its leaves alone, also where it was or becomes empty.
    """

    added: Leaves[Any] = field(default_factory=Leaves)
    changed: Leaves[tuple[Any, Any]] = field(default_factory=Leaves)
    removed: Leaves[Any] = field(default_factory=Leaves)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def of(self, path: Path) -> Changes:
        """Return the changes of a field, and of what is below it."""
        return Changes(self.added.below(path), self.changed.below(path), self.removed.below(path))

    def note(self, steps: Steps, old: Any, new: Any) -> None:
        """Add that a value took the place of another one, where they are not both objects.

        Args:
            steps: what leads to it.
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
    """Return how one state differs from another, or None where one of them is no JSON object.

    Args:
        before: the text of a state.
        after: that of the one it is compared with.
        by_value: whether numbers that mean the same are equal, and not only those that are written alike.
    """
    one, other = states.parsed(before), states.parsed(after)
    if one is None or other is None:
        return None
    differ = states.values_differ if by_value else operator.ne
    changes = Changes()
    # A list instead of recursion, as deep as a state may be.
    rest: list[tuple[Steps, Iterator[tuple[str, Any, Any]]]] = [(None, _members(one, other))]
    while rest:
        steps, members = rest[-1]
        for name, old, new in members:
            if isinstance(old, dict) and isinstance(new, dict):
                rest.append(((steps, name), _members(old, new)))
                break
            if not (_is_leaf(old) and _is_leaf(new)) or differ(old, new):
                changes.note((steps, name), old, new)
        else:
            rest.pop()
    return changes


def _members(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, value in old.items():
        yield name, value, new.get(name, MISSING)
    for name, value in new.items():
        if name not in old:
            yield name, MISSING, value

"""Changes: how one state differs from another, leaf by leaf."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from esjournal.domain.model import states
from esjournal.domain.model.states import MISSING, Path

# What leads to a value: the steps to the object that it stands in, and its name there; None is the state itself.
_Steps = tuple[Any, str] | None


@dataclass(frozen=True)
class Changes:
    """What is different in a state, leaf by leaf, each under its path; see `states.leaves`.

    `added` and `removed` have the values of the leaves that came and went, `changed` those before and after. An object
    that was there before and is there after is told by its leaves alone, also where it was or becomes empty.
    """

    added: dict[Path, Any]
    changed: dict[Path, tuple[Any, Any]]
    removed: dict[Path, Any]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def of(self, field: Path) -> Changes:
        """Return the changes of a field, and of what is below it."""

        def only(values: dict[Path, Any]) -> dict[Path, Any]:
            return {names: value for names, value in values.items() if names[: len(field)] == field}

        return Changes(only(self.added), only(self.changed), only(self.removed))


def changes_between(before: Mapping[Path, Any], after: Mapping[Path, Any]) -> Changes:
    """Return how leaves differ from others.

    Args:
        before: leaves with their paths.
        after: those they are compared with.
    """
    both = [path for path in after if path in before]
    return Changes(
        added={path: value for path, value in after.items() if path not in before},
        changed={path: (before[path], after[path]) for path in both if before[path] != after[path]},
        removed={path: value for path, value in before.items() if path not in after},
    )


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
    changes = Changes({}, {}, {})
    # A list instead of recursion, as deep as a state may be. Of paths only those are made of what is different.
    rest: list[tuple[_Steps, Any, Any]] = [(None, one, other)]
    while rest:
        steps, old, new = rest.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            members: list[tuple[_Steps, Any, Any]] = [
                ((steps, name), value, new.get(name, MISSING)) for name, value in old.items()
            ]
            members += [((steps, name), MISSING, value) for name, value in new.items() if name not in old]
            rest += reversed(members)
        elif _has_leaves_below(old) or _has_leaves_below(new):
            _note_leaves(changes, _path(steps), old, new)
        elif differ(old, new):
            changes.changed[_path(steps)] = (old, new)
    return changes


def _has_leaves_below(value: Any) -> bool:
    return value is MISSING or (isinstance(value, dict) and bool(value))


def _note_leaves(changes: Changes, path: Path, old: Any, new: Any) -> None:
    if old is not MISSING:
        changes.removed.update(states.leaves(old, path))
    if new is not MISSING:
        changes.added.update(states.leaves(new, path))


def _path(steps: _Steps) -> Path:
    names = []
    while steps is not None:
        steps, name = steps
        names.append(name)
    return tuple(reversed(names))

"""Leaves of states, with the paths that lead to them: what many paths have in common is kept once."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Any, Generic, TypeVar

from esjournal.domain.state.paths import Path, longer

# What leads to a value, linked from its end: the steps to the object that it is in, and its name there. None leads to
# the state itself. A tuple of names for each leaf would take the depth of a state times the number of its leaves.
Steps = tuple[Any, str | int] | None

Value = TypeVar("Value")
Derived = TypeVar("Derived")


def path_of(steps: Steps) -> Path:
    """Return the names that lead to a value, the outermost first."""
    names: list[str | int] = []
    while steps is not None:
        steps, name = steps
        names.append(name)
    return tuple(reversed(names))


def steps_of(path: Path) -> Steps:
    """Return the steps along a path."""
    steps: Steps = None
    for part in path:
        steps = (steps, part)
    return steps


def has_leaves_below(value: Any) -> bool:
    """Say whether a parsed value is no leaf itself: an object that is not empty."""
    return isinstance(value, dict) and bool(value)


def leaves_of(value: Any, steps: Steps = None) -> Iterator[tuple[Steps, Any]]:
    """Yield the leaves of a parsed value with the steps that lead to them, in the order of the text.

    A leaf is a value that is no object, or an empty one; an array is one leaf as a whole.

    Args:
        value: a parsed value.
        steps: what leads to it.
    """
    if not has_leaves_below(value):
        yield steps, value
        return
    # A list instead of recursion, as deep as a state may be.
    rest: list[tuple[Steps, Iterator[tuple[str, Any]]]] = [(steps, iter(value.items()))]
    while rest:
        steps, members = rest[-1]
        for name, member in members:
            if has_leaves_below(member):
                rest.append(((steps, name), iter(member.items())))
                break
            yield (steps, name), member
        else:
            rest.pop()


class Leaves(Mapping[Path, Value]):
    """Values of leaves under their paths, in the order they were added in; a path is made when it is looked at."""

    def __init__(self) -> None:
        self._found: list[tuple[Steps, Value]] = []

    def add(self, steps: Steps, value: Value) -> None:
        """Add a leaf; none with the same path may be there."""
        self._found.append((steps, value))

    def texts(self) -> Iterator[tuple[str, Value]]:
        """Yield the text of each path, as `paths.path_text` writes it, and the value."""
        text_at = _Along("", longer)
        for steps, value in self._found:
            yield text_at(steps), value

    def below(self, field: Path) -> Leaves[Value]:
        """Return the leaf at a path, or those below it."""

        def matched(count: int, name: str | int) -> int:
            # -1 is beside the path, and its length is all that is below it.
            if count in (-1, len(field)):
                return count
            return count + 1 if name == field[count] else -1

        matched_at = _Along(0, matched)
        found = Leaves[Value]()
        found._found = [(steps, value) for steps, value in self._found if matched_at(steps) == len(field)]
        return found

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Path]:
        return (path_of(steps) for steps, _ in self._found)

    def __getitem__(self, path: Path) -> Value:
        for steps, value in self._found:
            if path_of(steps) == path:
                return value
        raise KeyError(path)

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def items(self) -> ItemsView[Path, Value]:
        """Return paths and values."""
        return _Items(self)


class _Items(ItemsView[Path, Value]):
    _mapping: Leaves[Value]

    def __iter__(self) -> Iterator[tuple[Path, Value]]:
        return ((path_of(steps), value) for steps, value in self._mapping._found)


class _Along(Generic[Derived]):
    """What is derived of paths, step by step, and only of the steps that a path does not share with the one before.

    Args:
        start: what is derived of the path to the state itself.
        derive: returns it for one more step.
    """

    def __init__(self, start: Derived, derive: Callable[[Derived, str | int], Derived]) -> None:
        self._start = start
        self._derive = derive
        # The steps of the last path, from the outermost on, and where each of them is in the list.
        self._chain: list[tuple[Steps, Derived]] = []
        self._index: dict[int, int] = {}

    def __call__(self, steps: Steps) -> Derived:
        new = []
        while steps is not None and id(steps) not in self._index:
            new.append(steps)
            steps = steps[0]
        shared = 0 if steps is None else self._index[id(steps)] + 1
        for gone, _ in self._chain[shared:]:
            del self._index[id(gone)]
        del self._chain[shared:]
        derived = self._chain[-1][1] if self._chain else self._start
        for steps in reversed(new):
            derived = self._derive(derived, steps[1])
            self._index[id(steps)] = len(self._chain)
            self._chain.append((steps, derived))
        return derived

"""Leaves of states with their paths; what many paths have in common is stored once."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Any, Generic, TypeVar

from esjournal.domain.state.paths import Path, longer

# A path, linked from its end: the steps to the object that contains a value, and the value's name there. None leads to
# the state itself. A tuple of names for each leaf would take memory for the depth of a state times its leaves.
Steps = tuple[Any, str | int] | None

Value = TypeVar("Value")
Derived = TypeVar("Derived")


def path_of(steps: Steps) -> Path:
    """Return the names along some steps, outermost first."""
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
    """Say whether a parsed value is an object that is not empty, and so not a leaf."""
    return isinstance(value, dict) and bool(value)


def leaves_of(value: Any, steps: Steps = None) -> Iterator[tuple[Steps, Any]]:
    """Yield the leaves of a parsed value with the steps to them, in the order of the text.

    A leaf is an empty object or anything but an object; an array is one leaf as a whole.

    Args:
        value: a parsed value.
        steps: the steps to it.
    """
    if not has_leaves_below(value):
        yield steps, value
        return
    # A stack of our own: recursion could be as deep as a state.
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
    """Values of leaves by path, in the order in which they were added; a path is built when it is read."""

    def __init__(self) -> None:
        self._found: list[tuple[Steps, Value]] = []

    def add(self, steps: Steps, value: Value) -> None:
        """Add a leaf; its path must be new."""
        self._found.append((steps, value))

    def texts(self) -> Iterator[tuple[str, Value]]:
        """Yield the text of each path, as `paths.path_text` writes it, and the value."""
        text_at = _Along("", longer)
        for steps, value in self._found:
            yield text_at(steps), value

    def below(self, field: Path) -> Leaves[Value]:
        """Return the leaf at a path, or those below it."""

        def matched(count: int, name: str | int) -> int:
            # -1: the names have left the path. Its whole length: everything below matches.
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
    """Derives a value from each path, step by step; steps shared with the path before are not repeated.

    Args:
        start: the value for the state itself.
        derive: returns the value for one more step.
    """

    def __init__(self, start: Derived, derive: Callable[[Derived, str | int], Derived]) -> None:
        self._start = start
        self._derive = derive
        # The steps of the last path, outermost first, and the index of each in the list.
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

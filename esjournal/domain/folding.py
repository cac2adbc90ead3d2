"""Folding events into a state, by a function or a class of the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload

State = TypeVar("State")
Event = TypeVar("Event")
Event_contra = TypeVar("Event_contra", contravariant=True)


class Applying(Protocol[Event_contra]):
    """An object that changes itself when an event is applied to it."""

    def apply(self, event: Event_contra, /) -> Any:
        """Change by what an event says."""


Object = TypeVar("Object", bound=Applying[Any])


@dataclass(frozen=True)
class Folding:
    """How events become a state: `first` makes the state before any event, and `apply` gives the state after one.

    `apply` may instead change the state and give None. `name` is what messages call the code.
    """

    name: str
    first: Callable[[], Any]
    apply: Callable[[Any, Any], Any]


def folding_by(code: Any, name: str) -> Folding:
    """Return how a function or a class folds events.

    Args:
        code: a function of a state and an event, or a class whose objects have the method `apply`.
        name: what messages call it.
    """
    return Folding(name, code, _applied) if isinstance(code, type) else Folding(name, dict, code)


def _applied(state: Any, event: Any) -> None:
    # What the method returns is not a state: the object is.
    state.apply(event)


@overload
def fold(events: Iterable[Event], by: type[Object]) -> Object: ...


@overload
def fold(events: Iterable[Event], by: Callable[[dict[str, Any], Event], dict[str, Any] | None]) -> dict[str, Any]: ...


@overload
def fold(events: Iterable[Event], by: Callable[[State, Event], State | None], first: State) -> State: ...


def fold(events: Iterable[Any], by: Any, first: Any = None) -> Any:
    """Fold events into a state.

    Args:
        events: the events, in order.
        by: a function that is called with the state and an event, and returns the next state, or changes the state and
            returns None. Or a class: an object of it is made, and its method `apply` called with each event.
        first: the state before the first event; by default an empty dictionary, or an object of the class.

    Returns:
        The state after the last event.
    """
    folding = folding_by(by, "")
    state = folding.first() if first is None else first
    for event in events:
        following = folding.apply(state, event)
        if following is not None:
            state = following
    return state

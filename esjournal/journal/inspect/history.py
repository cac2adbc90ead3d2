"""A sequence folded into one state, event by event, and what each event changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.changes import Changes, changes_of_values
from esjournal.domain.state.leaves import Steps
from esjournal.domain.state.paths import Path
from esjournal.domain.state.values import MISSING, parsed
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import read_sequence

State = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """An event, and what it changed.

    `changes` is None if the event's state is not a JSON object, such as an encrypted one: it is not folded. `state` is
    the result of the events so far. It is the same object in every step, and the next step changes it, so that memory
    grows with the state, not with the history.
    """

    event: RecordedEvent
    changes: Changes | None
    state: State


def history(
    journal: Journal,
    originator_id: str,
    *,
    at_version: int | None = None,
    at_time: str | None = None,
    as_of: int | None = None,
) -> Iterator[Step]:
    """Fold the events of a sequence in the order of their versions, streaming.

    Args:
        journal: an open journal.
        originator_id: the sequence, in canonical form.
        at_version: as in `events_by_then`.
        at_time: as in `events_by_then`.
        as_of: as in `events_by_then`.
    """
    return fold(events_by_then(journal, originator_id, at_version=at_version, at_time=at_time, as_of=as_of))


def events_by_then(
    journal: Journal,
    originator_id: str,
    *,
    at_version: int | None = None,
    at_time: str | None = None,
    as_of: int | None = None,
) -> Iterator[RecordedEvent]:
    """Return the events of a sequence up to a version, a time or a global position, streaming.

    Args:
        journal: an open journal.
        originator_id: the sequence, in canonical form.
        at_version: leave out events after this version.
        at_time: leave out events after the last one that was recorded by this time, in canonical form. Events before
            that one are never left out: if a clock was set back, some have a later time, and a state without them
            would be one that the sequence never had.
        as_of: leave out events after this global position.
    """
    if at_time is not None:
        # An event without a time is not known to be recorded by then, unless a later one was.
        backwards = read_sequence(journal, originator_id, lte=at_version, reverse=True, as_of=as_of)
        by_then = (event for event in backwards if event.recorded_at is not None and event.recorded_at <= at_time)
        last = next(by_then, None)
        if last is None:
            return iter(())
        at_version = last.originator_version
    return read_sequence(journal, originator_id, lte=at_version, as_of=as_of)


def fold(events: Iterable[RecordedEvent]) -> Iterator[Step]:
    """Fold events into a state that is empty at first: each event's state is a JSON Merge Patch (RFC 7396).

    Nested objects are merged, any other value replaces what was there, and null removes it.

    Args:
        events: the events of one sequence, in the order of their versions.
    """
    state: State = {}
    for event in events:
        patch = parsed(event.state)
        yield Step(event, None if patch is None else _merge(state, patch), state)


@dataclass(frozen=True)
class NetChange:
    """What the events after a version changed together.

    `event` is the last of them, `events` is how many there are, and `unfolded` how many of all events up to the last
    one are not folded. `changes` has no leaf that the last event leaves as it was at the version.
    """

    event: RecordedEvent
    events: int
    unfolded: int
    changes: Changes


def net_change(events: Iterable[RecordedEvent], from_version: int) -> NetChange | None:
    """Return the difference between a sequence at a version and after its last event, None if no event is later.

    Memory is that of two states.

    Args:
        events: the events of one sequence, in the order of their versions.
        from_version: the version; if there is no event at it, the state is that of the event before, or empty.
    """
    before: State = {}
    after: State = {}
    count = unfolded = 0
    last = None
    for event in events:
        patch = parsed(event.state)
        unfolded += patch is None
        is_before = (event.originator_version or 0) <= from_version
        for state in (before, after) if is_before else (after,):
            if patch is not None:
                # No object of the patch becomes a part of the state, so it can be merged twice.
                _merge(state, patch)
        if not is_before:
            count, last = count + 1, event
    return None if last is None else NetChange(last, count, unfolded, changes_of_values(before, after))


def setting(steps: Iterable[Step], field: Path) -> Iterator[Step]:
    """Yield the steps that added, changed or removed a field, or something below it, with no other changes.

    A step that sets the value it already had is left out. The last step is the one that set the field last.

    Args:
        steps: what `fold` yields.
        field: the path of the field.
    """
    for step in steps:
        if step.changes and (changes := step.changes.of(field)):
            yield replace(step, changes=changes)


def _merge(state: State, patch: State) -> Changes:
    """Merge a patch into a state, in place, and return what changed.

    Only what the patch names is looked at, however large the state is.
    """
    changes = Changes()
    # The objects being merged, innermost last: a list, because recursion would run out of stack. Each comes with the
    # value that it replaces, which is itself if it was an object already.
    rest: list[tuple[Steps, State, Iterator[tuple[str, Any]], Any]] = [(None, state, iter(patch.items()), state)]
    while rest:
        steps, target, members, replaced = rest[-1]
        for name, new in members:
            old = target.get(name, MISSING)
            if isinstance(new, dict):
                # A new object is merged into an empty one, which drops its nulls.
                inner = target[name] = old if isinstance(old, dict) else {}
                rest.append(((steps, name), inner, iter(new.items()), old))
                break
            if new is None:
                target.pop(name, None)
                if old is not MISSING:
                    changes.note((steps, name), old, MISSING)
            else:
                target[name] = new
                if old is MISSING or old != new:
                    changes.note((steps, name), old, new)
        else:
            rest.pop()
            if target is not replaced and not target:
                changes.note(steps, replaced, {})
            elif target is not replaced and replaced is not MISSING:
                changes.note(steps, replaced, MISSING)
    return changes

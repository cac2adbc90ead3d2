"""Replaying events through the user's own code: the states they come to, and the first events that break a rule.

Memory grows with the number of sequences, each of which has a state, and not with the number of events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Any

from esjournal.domain.folding import Folding
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.replayedevent import ReplayedEvent
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.state.changes import Changes, changes_of_values
from esjournal.domain.state.plain import plain
from esjournal.domain.usercode import failure
from esjournal.exceptions import InvalidData
from esjournal.interchange.secondprocess import second_process
from esjournal.journal.inspect.history import Step, events_by_then
from esjournal.journal.journal import Journal
from esjournal.journal.read.pages import Page, read_journal
from esjournal.journal.read.secondreader import second_reader_pays
from esjournal.journal.read.selection import EVERYTHING, Selection

Holds = Callable[[Any, ReplayedEvent], Any]

_UNMADE: Any = object()
# The key of the one state of all events.
_ALL = ""
# Equal values of these classes are shown alike.
_COMPARED = frozenset({dict, list, str, int, Decimal})


@dataclass(frozen=True)
class Replayed:
    """A state that events came to, as a parsed state has it, and the last of these events."""

    last: RecordedEvent
    state: Any


@dataclass(frozen=True)
class Part:
    """The part of a journal to replay.

    `selection` says which events, `after` is the global position to start after, and `at_version` the last version of
    each sequence, None for all. If `as_one` is set, all events become one state, and otherwise those of each sequence.
    """

    selection: Selection = EVERYTHING
    after: int = 0
    at_version: int | None = None
    as_one: bool = False


EVERY_PART = Part()


class _Open:
    """A sequence that is being replayed: its state after its last event so far."""

    __slots__ = ("last", "state")

    def __init__(self, state: Any, last: EventRow) -> None:
        self.state = state
        self.last = last


def replay_sequence(
    journal: Journal,
    folding: Folding,
    originator_id: str,
    *,
    at_version: int | None = None,
    at_time: str | None = None,
    as_of: int | None = None,
) -> Iterator[Step]:
    """Replay one sequence in the order of its versions, and yield what each event changed in the state, streaming.

    Args:
        journal: an open journal.
        folding: the user's code.
        originator_id: the sequence, in canonical form.
        at_version: as in `events_by_then`.
        at_time: as in `events_by_then`.
        as_of: as in `events_by_then`.

    Raises:
        InvalidData: the code failed, or a state cannot be shown.
    """
    state: Any = _UNMADE
    before: Any = None
    for event in events_by_then(journal, originator_id, at_version=at_version, at_time=at_time, as_of=as_of):
        row: Any = event
        if state is _UNMADE:
            state = _first(folding, row)
            before = _shown(folding, row, state)
        state = _applied(folding, state, row)
        after = _shown(folding, row, state)
        yield Step(event, _changes(before, after), after)
        before = after


class Replay:
    """A replay of a part of a journal, in global order and in one pass.

    `events` and `sequences` count what was replayed.

    Args:
        journal: an open journal.
        folding: the user's code.
        part: what to replay.
        on_progress: called repeatedly with the number of events so far, and the fraction of the journal that was read,
            from 0 to 1.
    """

    def __init__(
        self,
        journal: Journal,
        folding: Folding,
        part: Part = EVERY_PART,
        *,
        on_progress: Callable[[int, float], None] = lambda events, part: None,
    ) -> None:
        self._journal = journal
        self._folding = folding
        self._part = part
        self._on_progress = on_progress
        self.events = 0
        self.sequences = 0

    def states(self) -> Iterator[Replayed]:
        """Yield the last state of each sequence, in the order of their first events, or the one state of all events.

        Raises:
            InvalidData: the code failed, or a state cannot be shown.
            OutOfOrder: there is a position to start after, and events with lower positions may come later.
        """
        opened: dict[str, _Open] = {}
        for _ in self._steps(opened, set()):
            pass
        for ended in opened.values():
            yield Replayed(RecordedEvent._make(ended.last), _shown(self._folding, ended.last, ended.state))

    def breaking(self, holds: Holds, name: str) -> Iterator[Step]:
        """Yield the first event of each sequence after which a rule does not hold, with what it changed in the state.

        Args:
            holds: says whether the rule holds, given the state and the last event.
            name: what messages call it.

        Raises:
            InvalidData: the code or the rule failed, or a state cannot be shown.
            OutOfOrder: there is a position to start after, and events with lower positions may come later.
        """
        opened: dict[str, _Open] = {}
        done: set[str] = set()
        broken: list[EventRow] = []
        for key, row, event in self._steps(opened, done):
            try:
                held = holds(opened[key].state, event)
            except (Exception, SystemExit) as error:
                raise _failed(name, row, error) from None
            if not held:
                broken.append(row)
                done.add(key)
                del opened[key]
        # The state before an event is gone if the function changes it in place. Only the sequences that broke the rule
        # are read again, so that the others do not pay for copies.
        yield from map(self._explained, broken)

    def partings(self, other: Folding) -> Iterator[Step]:
        """Yield the first event of each sequence after which other code has another state, with what differs.

        Args:
            other: the other code.

        Raises:
            InvalidData: the code failed, or a state cannot be shown.
            OutOfOrder: there is a position to start after, and events with lower positions may come later.
        """
        opened: dict[str, _Open] = {}
        done: set[str] = set()
        others: dict[str, Any] = {}
        for key, row, _ in self._steps(opened, done):
            one = opened[key].state
            before = others[key] if key in others else _first(other, row)
            # It gets an event of its own: code may keep a part of an event in its state, and change it later.
            two = others[key] = _applied(other, before, row)
            if type(one) is type(two) and type(one) in _COMPARED and one == two:
                continue
            state, of_other = _shown(self._folding, row, one), _shown(other, row, two)
            if changes := _changes(state, of_other, by_value=True):
                yield Step(RecordedEvent._make(row), changes, state)
                done.add(key)
                del opened[key], others[key]

    def _steps(self, opened: dict[str, _Open], done: set[str]) -> Iterator[tuple[str, EventRow, ReplayedEvent]]:
        """Apply events, and yield each with the key of its sequence, whose state is then in `opened`.

        Args:
            opened: the sequences that were begun; the caller may remove one that is done.
            done: the keys of sequences whose further events are left out.
        """
        apply, as_one, at_version = self._folding.apply, self._part.as_one, self._part.at_version
        for row in self._rows():
            if at_version is not None and row[1] > at_version:
                continue
            key = _ALL if as_one else row[0]
            if key in done:
                continue
            self.events += 1
            sequence = opened.get(key)
            if sequence is None:
                self.sequences += 1
                sequence = opened[key] = _Open(_first(self._folding, row), row)
            elif not as_one and row[1] <= sequence.last[1]:
                raise InvalidData(
                    f"sequence {shown_id(row[0])}: version {row[1]} comes after version {sequence.last[1]} in global "
                    f"order; replay this sequence alone, in the order of its versions, and leave it out here"
                )
            event = ReplayedEvent(row)
            try:
                following = apply(sequence.state, event)
            except (Exception, SystemExit) as error:
                raise _failed(self._folding.name, row, error) from None
            if following is not None:
                sequence.state = following
            sequence.last = row
            yield key, row, event

    def _rows(self) -> Iterator[EventRow]:
        after, until = self._part.after, self._journal.events.settled_position()
        with self._pages(until) as pages:
            for page in pages:
                yield from page
                self._on_progress(self.events, (page[-1][-1] - after) / (until - after))

    @contextmanager
    def _pages(self, until: int) -> Iterator[Iterable[Page]]:
        """Read the pages in a second process, if that pays: reading takes as long as the code of many users."""

        def read() -> Iterator[Page]:
            return read_journal(self._journal, self._part.selection, after=self._part.after, until=until)

        if self._journal.layout is not None or not second_reader_pays(self._journal, until - self._part.after):
            yield read()
            return

        def there() -> Iterator[Page]:
            self._journal.events.session.forget_connections()
            return read()

        with second_process(there) as received:
            yield received

    def _explained(self, last: EventRow) -> Step:
        """Replay the sequence of an event up to it, and return what it changed."""
        selection = self._part.selection
        if not self._part.as_one:
            selection = replace(selection, originator_ids=(last[0],))
        state = _first(self._folding, last)
        for row in chain.from_iterable(read_journal(self._journal, selection, after=self._part.after, until=last[-1])):
            if row[-1] == last[-1]:
                before = _shown(self._folding, row, state)
            elif self._part.at_version is not None and row[1] > self._part.at_version:
                continue
            state = _applied(self._folding, state, row)
        after = _shown(self._folding, last, state)
        return Step(RecordedEvent._make(last), _changes(before, after), after)


def _first(folding: Folding, row: EventRow) -> Any:
    try:
        return folding.first()
    except (Exception, SystemExit) as error:
        raise _failed(folding.name, row, error) from None


def _applied(folding: Folding, state: Any, row: EventRow) -> Any:
    try:
        following = folding.apply(state, ReplayedEvent(row))
    except (Exception, SystemExit) as error:
        raise _failed(folding.name, row, error) from None
    return state if following is None else following


def _shown(folding: Folding, row: EventRow, state: Any) -> Any:
    try:
        return plain(state)
    except InvalidData as error:
        reason = f"the state of {folding.name} cannot be shown, because {error}"
    except Exception as error:
        reason = failure(f"showing the state of {folding.name}", error)
    raise InvalidData(f"{_place(row)}: {reason}")


def _failed(name: str, row: EventRow, error: BaseException) -> InvalidData:
    return InvalidData(f"{_place(row)}: {failure(name, error)}")


def _place(row: EventRow) -> str:
    return f"sequence {shown_id(row[0])}, version {row[1]}"


def _changes(before: Any, after: Any, *, by_value: bool = False) -> Changes:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        # A state without fields is shown as one field; before the first event there is none.
        before, after = ({} if state == {} else {"state": state} for state in (before, after))
    return changes_of_values(before, after, by_value=by_value)

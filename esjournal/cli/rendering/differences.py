"""What differs between two journals: as text for a pipe, and as JSON."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from esjournal.cli.rendering.eventdifferences import key_differences
from esjournal.cli.rendering.parts.changelines import STYLES, change_members
from esjournal.cli.rendering.parts.foldedlines import INDENT
from esjournal.cli.rendering.parts.journalnames import short_names
from esjournal.cli.rendering.parts.paint import paint_of_pipe
from esjournal.cli.terminal import on_one_line, write, write_pieces
from esjournal.domain.choices import LinesFormat
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME
from esjournal.domain.model.sequencenames import name_of_id, shown_id
from esjournal.domain.state.values import text_of
from esjournal.domain.text import counted, number
from esjournal.interchange.ndjson import is_json_object_on_one_line
from esjournal.journal.compare.comparison import changes_of
from esjournal.journal.compare.result import EventDifference, SequenceComparison, Status

if TYPE_CHECKING:
    from esjournal.journal.compare.comparison import Comparison

# How many differences of each kind a summary shows, how many changes of an event, and characters of a change.
SHOWN_OF_A_KIND = 10
SHOWN_LINES = 3
SHOWN_CHARACTERS = 60

_HEADING = "bold"
_STYLES = {Status.ONLY_IN_A: STYLES["-"], Status.ONLY_IN_B: STYLES["+"]}
_SIDES = {Status.ONLY_IN_A: "only in A", Status.ONLY_IN_B: "only in B"}
_ROWS = {
    "in A": "in_a",
    "in B": "in_b",
    "the same": "same",
    "different": "different",
    "only in A": "only_in_a",
    "only in B": "only_in_b",
}
# With an id, the counts are as wide as most terminals.
_ID_WIDTH = 36
_COUNT_WIDTH = 7
_COLUMNS = {
    "in A": "in_a",
    "in B": "in_b",
    "same": "same",
    "differ": "different",
    "only A": "only_in_a",
    "only B": "only_in_b",
}

# Written with the first item, so that there is no output for a journal that cannot be opened.
_OPENING = '{\n"differences": ['


def differences_view(
    output_format: LinesFormat, urls: tuple[str, str], *, full: bool, per_sequence: bool
) -> DifferencesView:
    """Return the view that prints differences.

    Args:
        output_format: the output format.
        urls: the addresses of both journals, without secrets.
        full: print every difference, event by event, instead of a summary.
        per_sequence: print the counts of every sequence.
    """
    if output_format is not LinesFormat.TABLE:
        return (_Document if output_format is LinesFormat.JSON else _Lines)(urls, full=full)
    if not sys.stdout.isatty():
        return (_Listing if full else _Summary)(per_sequence=per_sequence)
    from esjournal.cli.rendering.differencescreen import ListingScreen, SummaryScreen

    return (ListingScreen if full else SummaryScreen)(short_names(*urls), per_sequence=per_sequence)


class DifferencesView(ABC):
    """Prints differences as they come, then the totals; `sides` is what A and B are called."""

    sides = ("A", "B")

    @abstractmethod
    def show_event(self, difference: EventDifference) -> None:
        """Print a place at which the journals differ."""

    @abstractmethod
    def show_sequence(self, sequence: SequenceComparison) -> None:
        """Print a sequence, which comes after its events."""

    def write_out(self) -> None:  # noqa: B027
        """Write what waits to be written together with what comes next."""

    @abstractmethod
    def show_totals(self, comparison: Comparison) -> None:
        """Print the totals of a completed comparison, after the last difference."""


class _Lines(DifferencesView):
    def __init__(self, urls: tuple[str, str], *, full: bool) -> None:
        self._urls = urls
        self._full = full

    def show_event(self, difference: EventDifference) -> None:
        if self._full:
            self._write(_event_json(difference))

    def show_sequence(self, sequence: SequenceComparison) -> None:
        self._write([text_of(_sequence_values(sequence))])

    def show_totals(self, comparison: Comparison) -> None:
        self._write([text_of({"kind": "totals", **_totals(comparison, self._urls)})])

    def _write(self, pieces: Iterable[str]) -> None:
        write_pieces(chain(pieces, "\n"))


class _Document(_Lines):
    """One object with a list of differences, which is never in memory as a whole."""

    def __init__(self, urls: tuple[str, str], *, full: bool) -> None:
        super().__init__(urls, full=full)
        self._is_empty = True

    def show_totals(self, comparison: Comparison) -> None:
        write(f'{_OPENING if self._is_empty else ""}\n],\n"totals": {text_of(_totals(comparison, self._urls))}\n}}\n')

    def _write(self, pieces: Iterable[str]) -> None:
        write_pieces(chain([f"{_OPENING if self._is_empty else ','}\n"], pieces))
        self._is_empty = False


class _Table(DifferencesView):
    """Lines of text for a pipe, where nothing is cut; `differencescreen` draws those of a terminal."""

    def __init__(self, *, per_sequence: bool) -> None:
        self._per_sequence = per_sequence
        self._paint = paint_of_pipe()
        self._has_rows = False

    def show_sequence(self, sequence: SequenceComparison) -> None:
        if not self._per_sequence:
            return
        if not self._has_rows:
            self._print(f"{'sequence':<{_ID_WIDTH}}{''.join(f'{name:>{_COUNT_WIDTH}}' for name in _COLUMNS)}", _HEADING)
            self._has_rows = True
        counts = "".join(f" {getattr(sequence.events, name):>{_COUNT_WIDTH - 1},}" for name in _COLUMNS.values())
        self._print(f"{_shown(sequence.originator_id):<{_ID_WIDTH}}{counts}")

    def _print_counts(self, comparison: Comparison) -> None:
        self._print(f"{'':<12}{'events':>15}{'sequences':>15}", _HEADING)
        for heading, name in _ROWS.items():
            events, sequences = getattr(comparison.events, name), getattr(comparison.sequences, name)
            self._print(f"{heading:<12}{events:>15,}{sequences:>15,}")

    def _print(self, line: str = "", style: str = "", indent: int = 0) -> None:
        write(f"{' ' * indent}{self._paint(line, style)}\n")


class _Listing(_Table):
    """Everything in the order of places, then the totals."""

    def __init__(self, *, per_sequence: bool) -> None:
        super().__init__(per_sequence=per_sequence)
        self._sequence_id = ""

    def show_event(self, difference: EventDifference) -> None:
        originator_id, version = difference.originator_id, difference.originator_version
        if originator_id != self._sequence_id:
            self._sequence_id = originator_id
            self._print(f"sequence {_shown(originator_id)} departs at version {version}", _HEADING)
        if difference.status is not Status.DIFFERENT:
            self._print(f"version {version} is {_on_one_side(difference)}", _STYLES[difference.status], INDENT)
            return
        self._print(f"version {version} differs", "cyan", INDENT)
        for sign, line in _lines_of(difference):
            self._print(line, STYLES.get(sign, "dim"), 2 * INDENT)

    def show_sequence(self, sequence: SequenceComparison) -> None:
        if sequence.status in _SIDES:
            line = f"sequence {_shown(sequence.originator_id)} is {_SIDES[sequence.status]}: {size_of(sequence)}"
            self._print(line, _STYLES[sequence.status])
        super().show_sequence(sequence)

    def show_totals(self, comparison: Comparison) -> None:
        if not comparison.is_same:
            self._print()
            self._print_counts(comparison)


class _Summary(_Table):
    """The totals, and the first few of each kind of difference."""

    def __init__(self, *, per_sequence: bool) -> None:
        super().__init__(per_sequence=per_sequence)
        self._sequences = {
            Status.ONLY_IN_A: FirstOfAKind("sequences only in A"),
            Status.ONLY_IN_B: FirstOfAKind("sequences only in B"),
            Status.DIFFERENT: FirstOfAKind("sequences that depart"),
        }
        self._events = FirstOfAKind("events that differ")

    def show_event(self, difference: EventDifference) -> None:
        if self._events.counted_and_shown():
            place = f"{_shown(difference.originator_id)}@{difference.originator_version}"
            self._events.lines.append(f"{place}  {_in_short(difference)}")

    def show_sequence(self, sequence: SequenceComparison) -> None:
        super().show_sequence(sequence)
        kind = self._sequences.get(sequence.status)
        if kind is not None and kind.counted_and_shown():
            departs = sequence.status is Status.DIFFERENT
            what = f"at version {sequence.departs_at}" if departs else size_of(sequence)
            kind.lines.append(f"{_shown(sequence.originator_id)}  {what}")

    def show_totals(self, comparison: Comparison) -> None:
        if comparison.is_same:
            return
        if self._has_rows:
            self._print()
        self._print_counts(comparison)
        self._events.count = comparison.event_differences
        for kind in (*self._sequences.values(), self._events):
            if kind.count:
                self._print()
                self._print(kind.title, _HEADING)
                for line in kind.lines:
                    self._print(line, indent=INDENT)
                if kind.more:
                    self._print(kind.more, "dim", INDENT)


class FirstOfAKind:
    """A kind of difference: how many there are, and the lines of the first few.

    Args:
        heading: what it is called.
    """

    def __init__(self, heading: str) -> None:
        self.count = 0
        self.lines: list[str] = []
        self._heading = heading
        self._shown = 0

    def counted_and_shown(self) -> bool:
        """Count one more, and say whether it is one of the first few."""
        self.count += 1
        if self.count > SHOWN_OF_A_KIND:
            return False
        self._shown += 1
        return True

    @property
    def title(self) -> str:
        """The heading with the number."""
        return f"{self._heading}: {number(self.count)}"

    @property
    def more(self) -> str:
        """How many are not shown, and what shows them; empty if all are."""
        return f"{number(self.count - self._shown)} more; --full shows all" if self.count > self._shown else ""


def _shown(originator_id: str) -> str:
    return on_one_line(shown_id(originator_id))


def size_of(sequence: SequenceComparison) -> str:
    """Return how many events a sequence has that only one journal has."""
    return counted(sequence.events.only_in_a + sequence.events.only_in_b, "event")


def _on_one_side(difference: EventDifference) -> str:
    event_type = next(event.event_type for event in (difference.a, difference.b) if event is not None)
    return f"{_SIDES[difference.status]}: {on_one_line(event_type)}"


def _lines_of(difference: EventDifference) -> Iterator[tuple[str, str]]:
    """Yield how two events at one place differ, as pairs of a sign, which may be empty, and a line."""
    for found in key_differences(difference):
        values = " -> ".join(value for value in found[1:] if value is not None)
        yield found.sign, f"{found.sign} {found.key}: {values}" if found.key else values


def _in_short(difference: EventDifference) -> str:
    if difference.status is not Status.DIFFERENT:
        return _on_one_side(difference)
    shown: list[str] = []
    more = 0
    for _, line in _lines_of(difference):
        if len(shown) < SHOWN_LINES:
            shown.append(line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}...")
        else:
            more += 1
    return ", ".join([*shown, f"{number(more)} more"] if more else shown)


def _event_json(difference: EventDifference) -> Iterator[str]:
    # Assembled by hand, because text_of is slow for objects, and there may be millions of lines.
    types = ("null" if event is None else _json_string(event.event_type) for event in (difference.a, difference.b))
    at = difference.differs_at()
    yield (
        f'{{"kind":"event","originator_id":{_json_string(difference.originator_id)},{_name_member(difference)}'
        f'"originator_version":{difference.originator_version},"status":"{difference.status}",'
        f'"event_type":{{"a":{next(types)},"b":{next(types)}}},'
    )
    yield from change_members(changes_of(difference))
    yield f',"state_differs_at":{"null" if at is None else at}'
    for name in ADDED_FIELDS:
        one, other = (None if event is None else getattr(event, name) for event in (difference.a, difference.b))
        if one != other:
            yield f',"{name}":{{"a":{_json(name, one)},"b":{_json(name, other)}}}'
    yield "}"


def _name_member(difference: EventDifference) -> str:
    name = name_of_id(difference.originator_id)
    return "" if name is None else f'"{SEQUENCE_NAME}":{_json_string(name)},'


def _json(name: str, text: str | None) -> str:
    if text is None:
        return "null"
    return text if name == "metadata" and is_json_object_on_one_line(text) else _json_string(text)


@lru_cache(maxsize=1_024)
def _json_string(text: str) -> str:
    return text_of(text)


def _sequence_values(sequence: SequenceComparison) -> dict[str, Any]:
    return {
        "kind": "sequence",
        "originator_id": sequence.originator_id,
        **({} if (name := name_of_id(sequence.originator_id)) is None else {SEQUENCE_NAME: name}),
        "status": sequence.status,
        "departs_at": sequence.departs_at,
        "events": asdict(sequence.events),
    }


def _totals(comparison: Comparison, urls: tuple[str, str]) -> dict[str, Any]:
    sequences = asdict(comparison.sequences)
    # This is only counted for events.
    del sequences["recorded_otherwise"]
    return {
        "a": urls[0],
        "b": urls[1],
        "same": comparison.is_same,
        "events": asdict(comparison.events),
        "sequences": sequences,
    }

"""What differs between two journals, on a terminal: side by side if it is wide, otherwise one below the other."""

from __future__ import annotations

import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from esjournal.cli.rendering.differences import SHOWN_LINES, DifferencesView, FirstOfAKind, size_of
from esjournal.cli.rendering.eventdifferences import KeyDifference, key_differences
from esjournal.cli.rendering.log import SHORT_ID, short_type, shortened_id
from esjournal.cli.rendering.parts.cells import ELLIPSIS, cut, padded, undisputed, width_of
from esjournal.cli.rendering.parts.dimensions import GAP, INDENT, LINES_IN_A_PIECE, WIDE
from esjournal.cli.rendering.parts.keyvalues import line_of as line_of_state
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.parts.statelayout import fits, fitted
from esjournal.cli.terminal import on_one_line, screen
from esjournal.domain.model.rules import are_canonical_ids
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import common_length, number
from esjournal.journal.compare.result import Content, Counts, EventDifference, SequenceComparison, Status

if TYPE_CHECKING:
    from esjournal.journal.compare.comparison import Comparison

# A text in colour, and its width.
_Cell = tuple[str, int]

# From this width on, the values of A and B stand beside one another.
SIDE_BY_SIDE = 160

_HEADING = "bold"
_ARROW = " -> "
_A, _B, _CHANGED, _WORDS = "red", "green", "yellow", "dim"
_SIGNS = {Status.ONLY_IN_A: "-", Status.ONLY_IN_B: "+", Status.DIFFERENT: "~"}
_STYLES = {"-": _A, "+": _B, "~": _CHANGED, "": _WORDS}
# A sign, the id of a sequence and a version have room beside two columns of values.
_LEFT = 44
# How much of two long texts is shown before they differ.
_SAME_CHARACTERS = 12
# A state without its quotes, colons and commas is at most halved in length.
_CHARACTERS_OF_A_COLUMN = 2
_ID_WIDTH = 36
_COUNT_WIDTH = 7
_NAME_WIDTH = 16


class _Column(NamedTuple):
    """A column of the counts of sequences."""

    name: str
    counted: str
    style: str = ""

    @property
    def width(self) -> int:
        """Its width; the names of journals may be cut."""
        return min(max(width_of(self.name), _COUNT_WIDTH), _NAME_WIDTH)


_COLUMNS_OF_DIFFERENCES = (
    _Column("~", "different", _CHANGED),
    _Column("-", "only_in_a", _A),
    _Column("+", "only_in_b", _B),
)


class _Screen(DifferencesView):
    def __init__(self, names: tuple[str, str], *, per_sequence: bool) -> None:
        console = screen()
        self.sides = names
        self._width = console.width
        self._paint = Paint(console)
        self._per_sequence = per_sequence
        self._has_rows = False
        self._waiting: list[str] = []
        layout = _SideBySide if self._width >= SIDE_BY_SIDE else _Below
        self._layout = layout(names, self._width, self._paint)

    def show_sequence(self, sequence: SequenceComparison) -> None:
        if not self._per_sequence:
            return
        columns = self._columns()
        if not self._has_rows:
            self._has_rows = True
            names = [column.name for column in columns]
            self._write([self._row("sequence", names, columns, [_HEADING] * len(columns), _HEADING)])
        counts = [getattr(sequence.events, column.counted) for column in columns]
        # The numbers of what differs have the colours of their signs.
        styles = [column.style if count else _WORDS for column, count in zip(columns, counts, strict=True)]
        room = self._room_beside(columns)
        self._write([self._row(self._sequence(sequence.originator_id, room), map(number, counts), columns, styles)])

    def _columns(self) -> Sequence[_Column]:
        """Return as many columns of counts as there is room for; those of what differs come first."""
        a, b = self.sides
        columns = [_Column(a, "in_a"), _Column(b, "in_b"), _Column("same", "same"), *_COLUMNS_OF_DIFFERENCES]
        while len(columns) > len(_COLUMNS_OF_DIFFERENCES) and self._room_beside(columns) < SHORT_ID:
            columns.pop(0)
        return columns

    def _room_beside(self, columns: Sequence[_Column]) -> int:
        room = self._width - sum(column.width + len(GAP) for column in columns)
        return max(1, min(room, _ID_WIDTH))

    def _row(
        self, name: str, cells: Iterable[str], columns: Sequence[_Column], styles: Iterable[str], style: str = ""
    ) -> str:
        shown = [
            self._right(cut(cell, column.width), column.width, of_cell)
            for cell, column, of_cell in zip(cells, columns, styles, strict=True)
        ]
        return GAP.join([self._paint(padded(name, self._room_beside(columns)), style), *shown])

    def _right(self, text: str, width: int, style: str) -> str:
        return f"{' ' * (width - width_of(text))}{self._paint(text, style)}"

    def _sequence(self, originator_id: str, room: int) -> str:
        """Return the name or id of a sequence as there is room for it."""
        shown = on_one_line(shown_id(originator_id))
        if width_of(shown) <= room:
            return shown
        return shortened_id(shown) if are_canonical_ids([shown]) else cut(shown, room)

    def _count_lines(self, comparison: Comparison) -> Iterator[str]:
        a, b = self.sides
        counts: tuple[Counts, Counts] = (comparison.events, comparison.sequences)
        rows = [
            ("", a, [each.in_a for each in counts]),
            ("", b, [each.in_b for each in counts]),
            ("", "the same", [each.same for each in counts]),
            ("~", "different", [each.different for each in counts]),
            ("-", f"only in {a}", [each.only_in_a for each in counts]),
            ("+", f"only in {b}", [each.only_in_b for each in counts]),
        ]
        headings = ("events", "sequences")
        columns = zip(headings, *(map(number, numbers) for _, _, numbers in rows), strict=True)
        widths = [max(map(len, column)) for column in columns]
        room = self._width - sum(widths) - len(GAP) * len(widths)
        label_width = min(room, max(width_of(label) for _, label, _ in rows) + len(GAP))
        names = (self._right(name, width, _HEADING) for name, width in zip(headings, widths, strict=True))
        yield GAP.join([" " * label_width, *names])
        for sign, label, numbers in rows:
            text = padded(f"{sign:<{len(GAP)}}{label}", label_width)
            style = _STYLES[sign] if sign and any(numbers) else ""
            yield GAP.join([self._paint(text, style), *map(str.rjust, map(number, numbers), widths)])

    def _sequence_line(self, sequence: SequenceComparison, before: str, after: str) -> str:
        sign = _SIGNS[sequence.status]
        line = f"{sign} {before}{self._sequence(sequence.originator_id, self._width // 2)}{after}"
        return self._paint(cut(line, self._width), _STYLES[sign])

    def write_out(self) -> None:
        """Write the lines that wait for others."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            sys.stdout.write("".join(f"{line}\n" for line in lines))

    def _write(self, lines: Iterable[str]) -> None:
        # A terminal takes as long for the lines of one difference as it takes to make them.
        self._waiting += lines
        if len(self._waiting) >= LINES_IN_A_PIECE:
            self.write_out()


class ListingScreen(_Screen):
    """Everything in the order of places, then the totals.

    Args:
        names: the names of A and B.
        per_sequence: also show the counts of every sequence.
    """

    def __init__(self, names: tuple[str, str], *, per_sequence: bool) -> None:
        super().__init__(names, per_sequence=per_sequence)
        self._sequence_id = ""
        self._is_empty = True

    def show_event(self, difference: EventDifference) -> None:
        """Print a place at which the journals differ."""
        lines = list(self._header())
        if difference.originator_id != self._sequence_id:
            self._sequence_id = difference.originator_id
            shown = self._sequence(difference.originator_id, self._width // 2)
            heading = f"sequence {shown} departs at version {difference.originator_version}"
            lines.append(self._paint(cut(heading, self._width), _HEADING))
        self._write([*lines, *self._layout.event_lines(f"version {difference.originator_version}", difference)])

    def show_sequence(self, sequence: SequenceComparison) -> None:
        """Print a sequence that only one journal has, and the counts of any."""
        if sequence.status in (Status.ONLY_IN_A, Status.ONLY_IN_B):
            side = self.sides[sequence.status is Status.ONLY_IN_B]
            line = self._sequence_line(sequence, "sequence ", f"  only in {side}: {size_of(sequence)}")
            self._write([*self._header(), line])
        super().show_sequence(sequence)

    def show_totals(self, comparison: Comparison) -> None:
        """Print the totals."""
        if not comparison.is_same:
            self._write(["", *self._count_lines(comparison)])
        self.write_out()

    def _header(self) -> Iterator[str]:
        if self._is_empty:
            self._is_empty = False
            yield self._layout.header()


class SummaryScreen(_Screen):
    """The totals, and the first few of each kind of difference.

    Args:
        names: the names of A and B.
        per_sequence: also show the counts of every sequence.
    """

    def __init__(self, names: tuple[str, str], *, per_sequence: bool) -> None:
        super().__init__(names, per_sequence=per_sequence)
        a, b = names
        self._sequences = {
            Status.ONLY_IN_A: FirstOfAKind(f"sequences only in {a}"),
            Status.ONLY_IN_B: FirstOfAKind(f"sequences only in {b}"),
            Status.DIFFERENT: FirstOfAKind("sequences that depart"),
        }
        self._events = FirstOfAKind("events that differ")

    def show_event(self, difference: EventDifference) -> None:
        """Keep the lines of a difference if it is one of the first few."""
        if self._events.counted_and_shown():
            place = f"{self._sequence(difference.originator_id, self._width // 2)}@{difference.originator_version}"
            self._events.lines += self._layout.event_lines(place, difference, SHOWN_LINES)

    def show_sequence(self, sequence: SequenceComparison) -> None:
        """Keep the line of a sequence that differs if it is one of the first few, and print the counts of any."""
        super().show_sequence(sequence)
        kind = self._sequences.get(sequence.status)
        if kind is not None and kind.counted_and_shown():
            departs = sequence.status is Status.DIFFERENT
            what = f"at version {sequence.departs_at}" if departs else size_of(sequence)
            kind.lines.append(self._sequence_line(sequence, "", f"{GAP}{what}"))

    def show_totals(self, comparison: Comparison) -> None:
        """Print the totals, and what was kept."""
        if comparison.is_same:
            self.write_out()
            return
        lines = [""] if self._has_rows else []
        lines += self._count_lines(comparison)
        self._events.count = comparison.event_differences
        for kind in (*self._sequences.values(), self._events):
            if kind.count:
                title = cut(kind.title, self._width)
                heading = self._layout.header(title) if kind is self._events else self._paint(title, _HEADING)
                lines += ["", heading, *kind.lines]
                if kind.more:
                    lines.append(self._paint(f"{GAP}{kind.more}", _WORDS))
        self._write(lines)
        self.write_out()


class _Layout(ABC):
    """Draws events that differ.

    Args:
        names: the names of A and B.
        width: the width of the terminal.
        paint: gives text its colours.
    """

    def __init__(self, names: tuple[str, str], width: int, paint: Paint) -> None:
        self._names = names
        self._width = width
        self._paint = paint
        self._wide = width >= WIDE

    @abstractmethod
    def header(self, title: str = "") -> str:
        """Return a line that says which side is which, after a title."""

    def event_lines(self, label: str, difference: EventDifference, most: int | None = None) -> Iterator[str]:
        """Yield the lines of a place at which the journals differ.

        Args:
            label: the place, visible and on one line.
            difference: what is there in A and in B.
            most: how many keys to show; by default all.
        """
        sign = _SIGNS[difference.status]
        yield from self._first_lines(f"{sign} {label}", _STYLES[sign], difference.a, difference.b)
        if difference.status is not Status.DIFFERENT:
            return
        found = key_differences(difference)
        for each in islice(found, most):
            yield from self._key_lines(each) if each.key else self._words(each.a or "")
        if more := sum(1 for _ in found):
            yield from self._words(f"{number(more)} more")

    @abstractmethod
    def _first_lines(self, place: str, style: str, a: Content | None, b: Content | None) -> Iterator[str]: ...

    @abstractmethod
    def _key_lines(self, found: KeyDifference) -> Iterator[str]: ...

    def _words(self, text: str) -> Iterator[str]:
        for line in textwrap.wrap(text, max(1, self._width - len(INDENT))):
            yield f"{INDENT}{self._paint(line, _WORDS)}"

    def _type(self, event: Content) -> str:
        return on_one_line(short_type(event.event_type, self._wide))

    def _content(self, event: Content, style: str, room: int) -> str:
        """Return the type of an event and as much of its state as there is room for, in colour."""
        shown = cut(self._type(event), room)
        left = room - width_of(shown) - len(GAP)
        text = on_one_line(event.state[: room * _CHARACTERS_OF_A_COLUMN])
        state = line_of_state(text, left, self._paint) if left > 0 else ""
        return f"{self._paint(shown, style)}{GAP}{state}" if state else self._paint(shown, style)


class _Below(_Layout):
    """What A and B have is on a line, one after the other, or on two, one below the other."""

    def header(self, title: str = "") -> str:
        if title:
            return self._paint(title, _HEADING)
        room = (self._width - len(GAP)) // 2
        a, b = (cut(f"{sign} {name}", room) for sign, name in zip("-+", self._names, strict=True))
        return f"{self._paint(a, _A)}{GAP}{self._paint(b, _B)}"

    def _first_lines(self, place: str, style: str, a: Content | None, b: Content | None) -> Iterator[str]:
        shown = cut(place, self._width)
        line, room = self._paint(shown, style), self._width - width_of(shown) - len(GAP)
        event = a or b
        if event is None or room <= 0:
            yield line
        elif a is None or b is None:
            yield f"{line}{GAP}{self._content(event, style, room)}"
        else:
            yield f"{line}{GAP}{self._paint(cut(self._type(a), room), _WORDS)}"

    def _key_lines(self, found: KeyDifference) -> Iterator[str]:
        paint, room, style = self._paint, self._width - len(INDENT), _STYLES[found.sign]
        head = f"{found.sign} {cut(found.key, room // 2)}:"
        values = [(text, of) for text, of in ((found.a, _A), (found.b, _B)) if text is not None]
        text = _ARROW.join(text for text, _ in values)
        if fits(text, room - width_of(head) - 1):
            arrow = f" {paint(_ARROW.strip(), _WORDS)} "
            yield f"{INDENT}{paint(head, style)} {arrow.join(paint(text, of) for text, of in values)}"
            return
        yield f"{INDENT}{paint(head, style)}"
        room -= len(INDENT) + len(GAP)
        shown = _beginnings(found.a, found.b, room)
        for sign, one, of in zip("-+", shown, (_A, _B), strict=True):
            if one is not None:
                yield f"{INDENT}{INDENT}{paint(f'{sign} {one}', of)}"


class _SideBySide(_Layout):
    """What A has is in one column, and what B has in another."""

    def __init__(self, names: tuple[str, str], width: int, paint: Paint) -> None:
        super().__init__(names, width, paint)
        self._left = max(_LEFT, width // 4)
        self._cell = (width - self._left - 2 * len(GAP)) // 2

    def header(self, title: str = "") -> str:
        a, b = (cut(name, self._cell) for name in self._names)
        cells = (self._paint(padded(a, self._cell), f"bold {_A}"), self._paint(b, f"bold {_B}"))
        return GAP.join([self._paint(padded(title, self._left), _HEADING), *cells])

    def _first_lines(self, place: str, style: str, a: Content | None, b: Content | None) -> Iterator[str]:
        if a is not None and b is not None:
            of_a, of_b = (self._painted(cut(self._type(event), self._cell), _WORDS) for event in (a, b))
            yield from self._row(place, style, of_a, of_b)
        elif a is not None:
            yield from self._row(place, style, (self._content(a, style, self._cell), self._cell), None)
        elif b is not None:
            yield from self._row(place, style, None, (self._content(b, style, self._cell), self._cell))

    def _key_lines(self, found: KeyDifference) -> Iterator[str]:
        a, b = _beginnings(found.a, found.b, self._cell)
        of_a, of_b = (None if text is None else self._painted(text, of) for text, of in ((a, _A), (b, _B)))
        yield from self._row(f"{found.sign} {found.key}", _STYLES[found.sign], of_a, of_b, INDENT)

    def _painted(self, text: str, style: str) -> _Cell:
        # Beside it is another cell, which begins in the same column on all terminals.
        shown = undisputed(text)
        return self._paint(shown, style), width_of(shown)

    def _row(self, left: str, style: str, a: _Cell | None, b: _Cell | None, indent: str = "") -> Iterator[str]:
        room = self._left - len(indent)
        if not fits(left, room):
            yield f"{indent}{self._paint(cut(left, self._width - len(indent)), style)}"
            left = ""
        line = f"{indent}{self._paint(padded(left, room), style)}"
        text, width = a or ("", 0)
        if b is None:
            yield f"{line}{GAP}{text}"
        else:
            yield f"{line}{GAP}{text}{' ' * (self._cell - width)}{GAP}{b[0]}"


def _beginnings(a: str | None, b: str | None, width: int) -> tuple[str | None, str | None]:
    """Return what fits of the values of A and B: two long ones begin shortly before they differ."""
    if a is None or b is None or (fits(a, width) and fits(b, width)):
        return a and fitted(a, width), b and fitted(b, width)
    same = common_length(a, b)
    if same < width // 2:
        return fitted(a, width), fitted(b, width)
    begin = same - min(_SAME_CHARACTERS, width // 5)
    return _from(a, begin, width), _from(b, begin, width)


def _from(text: str, begin: int, width: int) -> str:
    return f"{ELLIPSIS}{fitted(text[begin:], width - 1)}"

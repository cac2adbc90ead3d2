"""Sequences on a terminal, on a line each: as much of every column as the terminal has room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, starmap
from typing import NamedTuple

from esjournal.cli.rendering.log import NAME_WIDTH, SHORT_ID, narrow_line, shortened_id
from esjournal.cli.rendering.parts.cells import cut, padded, width_of
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.dimensions import GAP, LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.eventtypes import name_of, style_of
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.sequences import shown_summaries
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.text import number

_SEQUENCE, _EVENTS, _VERSIONS, _TYPE, _FIRST, _LAST = _ALL = range(6)
_STYLES = ("cyan", "", "", "", "dim", "dim")
_TO_THE_SECOND = len("2026-01-31 12:00:00")
_DAY = len("2026-01-31")
_LONG_TYPE, _SHORT_TYPE, _SHORTEST_TYPE = 48, 24, len("last type")
# A name that is longer does not cost the other columns anything; it gets what they leave.
_LONG_NAME = 48


class _Form(NamedTuple):
    """How much is shown: of names, of types, of times (None for all of them), and which columns there are."""

    name: int = _LONG_NAME
    type: int = _SHORT_TYPE
    modules: bool = False
    time: int | None = _TO_THE_SECOND
    columns: tuple[int, ...] = tuple(_ALL)

    def headings(self, clock: Clock) -> list[str]:
        """Return the names of the columns."""
        # A day may be in summer or in winter time, and the column has no room to say which.
        times = (
            ("first day", "last day") if self.time == _DAY else map(clock.heading, ("first recorded", "last recorded"))
        )
        names = ("sequence", "events", "versions", "last type", *times)
        return [names[column] for column in self.columns]


_SHORTEST = _Form(name=SHORT_ID, type=_SHORTEST_TYPE, time=_DAY)
# The first one in which everything fits is taken. The module of a type says least. Eight characters of an id are enough
# for any command, so that a terminal which is too narrow for whole ids may have room for times.
_FORMS = (
    _Form(type=_LONG_TYPE, modules=True, time=None),
    _Form(type=_LONG_TYPE, modules=True),
    _Form(),
    _Form(time=_DAY),
    _Form(name=NAME_WIDTH),
    _Form(name=NAME_WIDTH, time=_DAY),
    _SHORTEST._replace(type=_SHORT_TYPE),
    _SHORTEST,
    _SHORTEST._replace(columns=(_SEQUENCE, _EVENTS, _TYPE, _FIRST, _LAST)),
    _SHORTEST._replace(columns=(_SEQUENCE, _EVENTS, _TYPE, _LAST)),
)


def sequence_texts(sequences: Iterable[SequenceSummary], width: int, paint: Paint, clock: Clock) -> Iterator[str]:
    """Yield a header, and a line for each sequence, some hundreds at a time, as a terminal gets them.

    Args:
        sequences: their summaries; what the first ones need says how much of the others is shown.
        width: the width of the terminal.
        paint: gives text its colours.
        clock: tells the times.
    """
    remaining = iter(sequences)
    piece = shown_summaries(list(islice(remaining, LINES_IN_A_PIECE)))
    form, rows = _fitting(piece, width, clock)
    widths = [0] * len(form.columns)
    headings = form.headings(clock)
    styles = [_STYLES[column] for column in form.columns]
    type_at, events_at = form.columns.index(_TYPE), form.columns.index(_EVENTS)
    header = True
    while piece:
        widths = _fitted(form, list(map(max, widths, _needed(headings, rows))), width)
        fits = _room(widths, width) >= 0
        lines = []
        if header:
            names = list(map(padded, headings, widths))
            names[events_at] = headings[events_at].rjust(widths[events_at])
            lines.append(paint(cut(GAP.join(names).rstrip(), width), "bold"))
            header = False
        for found, row in zip(piece, rows, strict=True):
            cells = list(map(padded, row, widths))
            cells[events_at] = row[events_at].rjust(widths[events_at])
            cells[-1] = row[-1]
            styles[type_at] = style_of(found.last_type)
            painted = zip(cells, styles, strict=True)
            lines.append(GAP.join(starmap(paint, painted)) if fits else narrow_line(painted, width, paint))
        yield "".join(f"{line}\n" for line in lines)
        piece = shown_summaries(list(islice(remaining, LINES_IN_A_PIECE)))
        rows = [_cells(found, form, clock) for found in piece]


def _fitting(piece: Sequence[SequenceSummary], width: int, clock: Clock) -> tuple[_Form, list[list[str]]]:
    """Return the first form in which some sequences fit on the terminal, or the last one, and their cells in it."""
    for form in _FORMS:
        rows = [_cells(found, form, clock) for found in piece]
        if _room(_limited(form, _needed(form.headings(clock), rows)), width) >= 0:
            break
    return form, rows


def _needed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width_of, column)) for column in zip(headings, *rows, strict=True)]


def _limited(form: _Form, needed: Sequence[int]) -> list[int]:
    """Return the widths of the columns without what names and types have only if there is room."""
    most = {_SEQUENCE: form.name, _TYPE: form.type}
    return [min(width, most.get(column, width)) for column, width in zip(form.columns, needed, strict=True)]


def _room(widths: Sequence[int], width: int) -> int:
    return width - sum(widths) - len(GAP) * (len(widths) - 1)


def _fitted(form: _Form, needed: Sequence[int], width: int) -> list[int]:
    """Return the widths of the columns: what is left is for names, then for types."""
    widths = _limited(form, needed)
    for column in (_SEQUENCE, _TYPE):
        at = form.columns.index(column)
        # Later sequences may need more than the first ones, and then names and types have less.
        least = min(widths[at], SHORT_ID)
        widths[at] = max(widths[at] + min(needed[at] - widths[at], _room(widths, width)), least)
    return widths


def _cells(found: SequenceSummary, form: _Form, clock: Clock) -> list[str]:
    originator_id, events, first, last, last_type, first_recorded_at, last_recorded_at, name = found
    shown = originator_id if name is None else name
    if name is None and form.name < _LONG_NAME:
        shown = shortened_id(originator_id)
    cells = (
        shown,
        number(events),
        f"{first}..{last}",
        last_type if form.modules else name_of(last_type),
        _time(first_recorded_at, form, clock),
        _time(last_recorded_at, form, clock),
    )
    return [cells[column] for column in form.columns]


def _time(recorded_at: str, form: _Form, clock: Clock) -> str:
    text = clock.time_below(recorded_at, wide=form.time is None)
    return text[:_DAY] if form.time == _DAY else text

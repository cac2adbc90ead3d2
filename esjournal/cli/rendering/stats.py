"""The counts of a journal, on the screen and in pipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from esjournal.cli.rendering.log import shortened_id
from esjournal.cli.rendering.parts.cells import folded
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.eventtypes import name_of, style_of
from esjournal.cli.rendering.parts.paint import Painter, paint_of_pipe
from esjournal.cli.rendering.plot import bar, plot
from esjournal.cli.terminal import on_one_line, screen, write
from esjournal.domain import text
from esjournal.domain.model.rules import are_canonical_ids
from esjournal.domain.model.sequencenames import shown_id

if TYPE_CHECKING:
    from rich.console import Console

    from esjournal.journal.inspect.stats import Counted

PIPE_WIDTH = 80
SHOWN_TYPES = 20
SHORTEST_BAR = 12
LONGEST_BAR = 40
# A narrower terminal has no bars, and types and ids in their short forms if these fit and the whole ones do not.
WIDE_ENOUGH_FOR_BARS = 60

_HEADING = "bold"
_QUIET = "dim"
_BAR = "cyan"


class Part(NamedTuple):
    """Text in one style, as Rich calls it."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """A line: its columns, then a text of any length and its style; it is folded if there is no room."""

    parts: tuple[Part, ...] = ()
    rest: str = ""
    style: str = ""


def print_counts(counted: Counted, clock: Clock) -> None:
    """Print the counts of a journal, as wide as the terminal; into a pipe, whole and without loading Rich.

    Args:
        counted: the counts.
        clock: tells the times on a terminal.
    """
    unicode = _knows_blocks(sys.stdout.encoding)
    if not sys.stdout.isatty():
        paint = paint_of_pipe()
        for line in lines_of(counted, PIPE_WIDTH, Clock(utc=True), unicode=unicode):
            write(f"{_painted(line, paint)}\n")
        return
    console = screen()
    draw(lines_of(counted, console.width, clock, unicode=unicode), console)


def _painted(line: Line, paint: Painter) -> str:
    """Return a line in colour, without the spaces at its end."""
    parts = (*line.parts, Part(line.rest, line.style))
    left = len("".join(part.text for part in parts).rstrip())
    pieces = []
    for part in parts:
        pieces.append(paint(part.text[:left], part.style))
        left -= min(left, len(part.text))
    return "".join(pieces)


def json_of(counted: Counted) -> dict[str, Any]:
    """Return the members of the JSON object of a journal's counts, with all of its types."""
    return {
        "events": counted.events,
        "sequences": counted.sequences,
        "bytes": counted.size,
        "first_recorded_at": counted.first_recorded_at,
        "last_recorded_at": counted.last_recorded_at,
        "types": [
            {"event_type": name, "events": events, "percent": round(100 * events / counted.events, 2)}
            for name, events in counted.types.items()
        ],
        "by": counted.by,
        "periods": [{"period": name, "events": events} for name, events in counted.periods.items()],
        "longest": [asdict(sequence) for sequence in counted.longest],
    }


def draw(lines: Iterable[Line], console: Console) -> None:
    """Draw lines, as wide as the console."""
    from rich.text import Text

    for line in lines:
        drawn = Text.assemble(*line.parts)
        if line.rest:
            room = max(1, console.width - drawn.cell_len)
            drawn.append(f"\n{' ' * drawn.cell_len}".join(folded(line.rest, room)), line.style)
        console.print(drawn)


def lines_of(counted: Counted, width: int, clock: Clock, *, unicode: bool) -> Iterator[Line]:
    """Yield the counts of a journal as lines to read.

    Args:
        counted: the counts.
        width: the width for bars and columns, in characters; types may be longer.
        clock: tells the times; events over time are counted in UTC.
        unicode: whether block characters may be used.
    """
    yield from _summary(counted, clock)
    if not counted.events:
        return
    yield Line()
    yield from _types(counted, width, unicode)
    yield Line()
    yield from _over_time(counted, width, unicode)
    yield Line()
    yield from _longest(counted, width)


def _knows_blocks(encoding: str) -> bool:
    try:
        "█│".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _summary(counted: Counted, clock: Clock) -> Iterator[Line]:
    rows = [
        ("events", text.number(counted.events)),
        ("sequences", text.number(counted.sequences)),
        *([] if counted.size is None else [("size on disk", text.size(counted.size))]),
    ]
    if counted.first_recorded_at and counted.last_recorded_at:
        rows.append(("first recorded", clock.time(counted.first_recorded_at)))
        rows.append(("last recorded", clock.time(counted.last_recorded_at)))
    for name, value in rows:
        yield Line((Part(f"{name:<14}  ", _HEADING), Part(value)))


def _types(counted: Counted, width: int, unicode: bool) -> Iterator[Line]:
    shown = list(counted.types.items())[:SHOWN_TYPES]
    others = counted.events - sum(events for _, events in shown)
    number_width = max(len("events"), len(text.number(max(shown[0][1], others))))
    # Types come last, however long; the bars get the width that the types leave.
    left = width - number_width - len("  percent    ") - max(len(on_one_line(name)) for name, _ in shown)
    bar_width = min(max(left, SHORTEST_BAR), LONGEST_BAR) if width >= WIDE_ENOUGH_FOR_BARS else 0
    gap = "  " if bar_width else ""

    def columns(events: int, drawn: str = "") -> tuple[Part, Part]:
        numbers = f"{text.number(events):>{number_width}}  {text.percent(events, counted.events):>7}  "
        return Part(numbers), Part(f"{drawn:<{bar_width}}{gap}", _BAR)

    yield Line((Part(f"{'events':>{number_width}}  percent  {'':{bar_width}}{gap}type", _HEADING),))
    for name, events in shown:
        drawn = bar(events, shown[0][1], bar_width, unicode=unicode) if bar_width else ""
        type_shown = on_one_line(name)
        if not bar_width and number_width + len("  percent  ") + len(type_shown) > width:
            type_shown = name_of(type_shown)
        yield Line(columns(events, drawn), type_shown, style_of(on_one_line(name)))
    if len(counted.types) > len(shown):
        yield Line(columns(others), text.counted(len(counted.types) - len(shown), "more type"), _QUIET)


def _over_time(counted: Counted, width: int, unicode: bool) -> Iterator[Line]:
    drawn = plot(counted.periods, counted.by, width, unicode=unicode)
    together = ""
    if drawn.periods_in_column > 1:
        together = f", {text.counted(drawn.periods_in_column, counted.by)} in each column"
    yield Line((Part(f"events by {counted.by}", _HEADING),), f" in UTC{together}", _QUIET)
    if drawn.not_drawn:
        yield from _in_room(drawn.not_drawn, width)
    for axis, columns in drawn.lines:
        yield Line((Part(axis, _QUIET), Part(columns, _BAR)))


def _in_room(not_drawn: str, width: int) -> Iterator[Line]:
    begin = "not drawn: "
    parts = [not_drawn] if len(begin) + len(not_drawn) <= width else not_drawn.split(", ")
    for at, part in enumerate(parts):
        yield Line((Part(f"{begin if at == 0 else ' ' * len(begin)}{part}", _QUIET),))


def _longest(counted: Counted, width: int) -> Iterator[Line]:
    number_width = max(len("events"), len(text.number(counted.longest[0].events)))
    version_width = max(len("last version"), *(len(str(sequence.last_version)) for sequence in counted.longest))
    room = width - number_width - version_width - len("    ")
    heading = "longest sequences" if room >= len("longest sequences") else "longest"
    yield Line((Part(f"{'events':>{number_width}}  {'last version':>{version_width}}  {heading}", _HEADING),))
    for sequence in counted.longest:
        numbers = f"{text.number(sequence.events):>{number_width}}  {sequence.last_version:>{version_width}}  "
        shown = on_one_line(shown_id(sequence.originator_id))
        if len(shown) > room and are_canonical_ids([shown]):
            shown = shortened_id(shown)
        yield Line((Part(numbers),), shown)

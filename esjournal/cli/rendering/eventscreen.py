"""Events on a terminal: a line each where all of it fits, else a block with the state laid out by its keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from esjournal.cli.rendering.parts.cells import cut, padded, width_of
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.dimensions import GAP, INDENT, LINES_IN_A_PIECE, WIDE
from esjournal.cli.rendering.parts.eventfields import Gap, gap_text, shown_fields
from esjournal.cli.rendering.parts.eventtypes import name_of, style_of
from esjournal.cli.rendering.parts.metadatawords import METADATA_STYLE
from esjournal.cli.rendering.parts.paint import Paint
from esjournal.cli.rendering.parts.statelayout import Field, fields_of, lines_of, painted_field
from esjournal.cli.terminal import visible
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent

# A text and its style.
Part = tuple[str, str]

# As in --where.
_METADATA = "meta"
_HEADINGS = ("version", "type", "recorded at")


def event_lines(
    rows: Iterable[RecordedEvent | Gap], width: int, paint: Paint, clock: Clock, *, expanded: bool = False
) -> Iterator[str]:
    """Yield events of one sequence as a terminal gets them, in pieces: a line each if the first ones fit, else blocks.

    Args:
        rows: events, whose fields except the state are fit to be shown, and the gaps between them.
        width: the width of the terminal.
        paint: gives text its colours.
        clock: tells the times.
        expanded: show each event as a block, also if it fits on a line.
    """
    remaining = iter(rows)
    piece = list(islice(remaining, LINES_IN_A_PIECE))
    table = _Table(width, paint, clock)
    as_table = not expanded and table.fits(piece)
    if as_table:
        yield table.header()
    while piece:
        lines: list[str] = []
        for row in piece:
            if not isinstance(row, RecordedEvent):
                lines.append(paint(gap_text(row), "yellow"))
            elif as_table:
                lines += table.lines(row)
            else:
                lines += block_lines(row, [(f"version {row.originator_version}", "cyan")], width, paint, clock)
        yield "".join(f"{line}\n" for line in lines)
        piece = list(islice(remaining, LINES_IN_A_PIECE))


def block_texts(pages: Iterable[Sequence[EventRow]], width: int, paint: Paint, clock: Clock) -> Iterator[str]:
    """Yield each event in full, a page at a time, as a terminal gets it.

    Args:
        pages: events as the fields of RecordedEvent.
        width: the width of the terminal.
        paint: gives text its colours.
        clock: tells the times.
    """
    for page in pages:
        lines: list[str] = []
        for row in page:
            event = shown_fields(row)._replace(state=row[3], metadata=row[5])
            at = f"@{event.originator_version}"
            place = f"{cut(event.originator_id, width - len(INDENT) - len(at))}{at}"
            lines += block_lines(event, [(str(event.global_position), "yellow"), (place, "")], width, paint, clock)
        yield "".join(f"{line}\n" for line in lines)


class _Table:
    """Events on a line each, in columns that get wider as later events need it."""

    def __init__(self, width: int, paint: Paint, clock: Clock) -> None:
        self._width = width
        self._paint = paint
        self._clock = clock
        self._wide = width >= WIDE
        self._headings = list(_HEADINGS)
        self._widths = list(map(len, _HEADINGS))

    def fits(self, rows: Iterable[RecordedEvent | Gap]) -> bool:
        """Say whether all events fit on a line each, and make the columns as wide as they need."""
        events = [row for row in rows if isinstance(row, RecordedEvent)]
        for event in events:
            self._widen(self._cells(event))
        self._headings[-1] = self._clock.heading(self._headings[-1])
        self._widen(self._headings)
        room = self._room()
        return all(_fields_in(event, room) is not None for event in events)

    def header(self) -> str:
        """Return the header."""
        names = map(str.ljust, self._headings, self._widths)
        return f"{self._paint(GAP.join([*names, 'state']), 'bold')}\n"

    def lines(self, event: RecordedEvent) -> Iterator[str]:
        """Yield the line of an event; what does not fit is below it."""
        version, kind, time = cells = self._cells(event)
        self._widen(cells)
        paint, room = self._paint, self._room()
        start = GAP.join(
            [
                paint(version.rjust(self._widths[0]), "cyan"),
                paint(padded(kind, self._widths[1]), style_of(event.event_type)),
                paint(time.ljust(self._widths[2]), "dim"),
            ]
        )
        if (fields := _fields_in(event, room)) is None:
            yield start
            yield from _body(event, self._width, paint)
        else:
            yield f"{start}{GAP}{' '.join(painted_field(field, paint) for field in fields)}"

    def _cells(self, event: RecordedEvent) -> tuple[str, str, str]:
        kind = event.event_type if self._wide else name_of(event.event_type)
        return str(event.originator_version), kind, self._clock.time_below(event.recorded_at)

    def _widen(self, cells: Iterable[str]) -> None:
        self._widths = list(map(max, self._widths, map(width_of, cells)))

    def _room(self) -> int:
        return self._width - sum(self._widths) - len(GAP) * len(self._widths)


def block_lines(event: RecordedEvent, places: Sequence[Part], width: int, paint: Paint, clock: Clock) -> Iterator[str]:
    """Yield the lines of an event as a block: its place, its type and its time, and below them its state by keys.

    Args:
        event: the event, whose fields except the state are fit to be shown.
        places: what the block begins with, each with its style.
        width: the width of the terminal.
        paint: gives text its colours.
        clock: tells the times.
    """
    # No header names the zone of a block.
    kind, time = cut(event.event_type, width - len(INDENT)), clock.time(event.recorded_at)
    parts = [*places, (kind, style_of(event.event_type)), (time, "dim")]
    line, used = "", 0
    for text, style in parts:
        if line and used + len(GAP) + width_of(text) > width:
            yield line
            line, used = INDENT, len(INDENT)
        elif line:
            line, used = line + GAP, used + len(GAP)
        line, used = line + paint(text, style), used + width_of(text)
    yield line
    yield from _body(event, width, paint)


def _body(event: RecordedEvent, width: int, paint: Paint) -> Iterator[str]:
    room = width - len(INDENT)
    return (f"{INDENT}{line}" for line in lines_of(_fields_of(event, room), room, paint))


def _fields_of(event: RecordedEvent, room: int) -> Sequence[Field]:
    fields = fields_of(visible(event.state), room)
    if event.metadata is None:
        return fields
    about = fields_of(visible(event.metadata), room, _METADATA)
    return [*fields, *(field._replace(style=METADATA_STYLE) for field in about)]


def _fields_in(event: RecordedEvent, room: int) -> Sequence[Field] | None:
    """Return the values of an event if all of them fit on a line that has some room."""
    # A state that is longer than twice the room does not fit without its quotes and commas either.
    if len(event.state) > 2 * room + 2:
        return None
    fields = _fields_of(event, room)
    return fields if sum(field.width for field in fields) + len(fields) - 1 <= room else None

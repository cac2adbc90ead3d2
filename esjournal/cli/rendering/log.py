"""Events of many sequences, on one line each or in full."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain, starmap
from typing import TYPE_CHECKING

from esjournal.cli.rendering.events import event_texts
from esjournal.cli.rendering.parts.cells import cut, padded, width_of
from esjournal.cli.rendering.parts.clock import TIME_WIDTH, UNKNOWN_TIME, Clock
from esjournal.cli.rendering.parts.dimensions import GAP, INDENT, WIDE
from esjournal.cli.rendering.parts.eventfields import shown_fields
from esjournal.cli.rendering.parts.eventtypes import name_of, style_of
from esjournal.cli.rendering.parts.keyvalues import line_of as line_of_state
from esjournal.cli.rendering.parts.metadatawords import METADATA_STYLE, metadata_line
from esjournal.cli.rendering.parts.paint import Paint, Painter, paint_of_pipe, unpainted
from esjournal.cli.terminal import on_one_line, screen, write
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.newids import is_timed
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.rules import are_canonical_ids
from esjournal.domain.model.sequencenames import shown_id

if TYPE_CHECKING:
    from esjournal.journal.read.pages import Page


# Below this width ids are shortened to what usually distinguishes them, and any command accepts.
WIDE_ENOUGH_FOR_IDS = 160
# Below this width times are left out: they would leave no room for types and states.
WIDE_ENOUGH_FOR_TIMES = 60
SHORT_ID, SHORT_NAME, NAME_WIDTH, WIDE_NAME = 8, 12, 24, 48
WIDE_TYPE, NARROW_TYPE = 48, 24
_COLUMNS_OF_A_CHARACTER = 2
HEADINGS = ("position", "recorded at", "sequence", "type")


def print_log(
    pages: Iterable[Page],
    output_format: OutputFormat,
    *,
    full: bool,
    csv_safe: bool,
    clock: Clock,
    added: Collection[str] = (),
    line_of: Callable[[EventRow], str] | None = None,
    as_json: bool = False,
    whole: bool = False,
) -> None:
    """Print events as they come, a page at a time.

    Args:
        pages: events as the fields of RecordedEvent, in the order to print them.
        output_format: the output format.
        full: in a table, print each event in full instead of on one line.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        clock: tells the times on a terminal.
        added: in CSV, those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
        line_of: returns the line of an event, with its line end; it replaces the format.
        as_json: in a table on a terminal, show states as they are stored.
        whole: in a table on a terminal, do not cut lines, because a pager chops them.
    """
    if line_of is not None:
        for page in pages:
            write("".join(map(line_of, page)))
    elif output_format is not OutputFormat.TABLE:
        for text in _texts(pages, output_format, csv_safe, added):
            write(text)
    elif sys.stdout.isatty():
        _draw(pages, full, clock, as_json=as_json, whole=whole)
    else:
        make = _maker_of_plain_text(full)
        for page in pages:
            write("".join(map(make, page)))


def _texts(pages: Iterable[Page], output_format: OutputFormat, csv_safe: bool, added: Collection[str]) -> Iterator[str]:
    from esjournal.interchange import ndjson

    if output_format is OutputFormat.NDJSON:
        # Page by page, so that each is printed when it comes.
        return map(ndjson.lines_of, pages)
    events = map(RecordedEvent._make, chain.from_iterable(pages))
    return event_texts(events, output_format, csv_safe=csv_safe, added=added)


def _maker_of_plain_text(full: bool) -> Callable[[EventRow], str]:
    paint = paint_of_pipe()
    if full:
        return partial(_plain_block, paint=paint)
    # Without colours a line takes half as long, and there may be millions.
    return _plain_line if paint is unpainted else partial(_painted_line, paint=paint)


def _plain_line(event: EventRow) -> str:
    originator_id, version, event_type, state, recorded_at, *_, position = event
    time = f"{recorded_at or UNKNOWN_TIME:<{TIME_WIDTH}}"
    return on_one_line(f"{position:>6}  {time}  {shown_id(originator_id)}@{version}  {event_type}  {state}") + "\n"


def _painted_line(event: EventRow, paint: Painter) -> str:
    originator_id, version, event_type, state, recorded_at, *_, position = event
    cells = (
        (f"{position:>6}", "yellow"),
        (f"{recorded_at or UNKNOWN_TIME:<{TIME_WIDTH}}", "dim"),
        (f"{shown_id(originator_id)}@{version}", ""),
        (event_type, style_of(event_type)),
        (state, ""),
    )
    return GAP.join(paint(on_one_line(text), style) for text, style in cells) + "\n"


def _plain_block(event: EventRow, paint: Painter) -> str:
    originator_id, version, event_type, state, recorded_at, metadata, _, position = shown_fields(event)
    return "\n".join(
        [
            f"event {paint(str(position), 'yellow')}  {paint(recorded_at or UNKNOWN_TIME, 'dim')}",
            f"sequence {originator_id}  version {version}",
            f"type {paint(event_type, style_of(event_type))}",
            *([] if metadata is None else [paint(metadata_line(metadata), METADATA_STYLE)]),
            f"\n{INDENT}{state}\n\n",
        ]
    )


def _draw(pages: Iterable[Page], full: bool, clock: Clock, *, as_json: bool, whole: bool) -> None:
    console = screen()
    paint = Paint(console)
    if full:
        from esjournal.cli.rendering.eventscreen import block_texts

        texts = block_texts(pages, console.width, paint, clock)
    else:
        texts = line_texts(pages, console.width, paint, clock, as_json=as_json, whole=whole)
    for text in texts:
        sys.stdout.write(text)


def line_texts(
    pages: Iterable[Page], width: int, paint: Paint, clock: Clock, *, as_json: bool = False, whole: bool = False
) -> Iterator[str]:
    """Yield a header, and a line for each event, a page at a time, as a terminal gets them.

    Args:
        pages: events as the fields of RecordedEvent.
        width: the width of the terminal, to which lines are cut.
        paint: gives text its colours.
        clock: tells the times.
        as_json: show states as they are stored, not as key=value.
        whole: do not cut lines.
    """
    wide = width >= WIDE
    headings = list(HEADINGS)
    widths = list(map(len, headings))
    narrow = width < WIDE_ENOUGH_FOR_TIMES and not whole
    most = (width, width, width // 2 if narrow else width, WIDE_TYPE if wide else NARROW_TYPE)
    shown = (0, 2, 3) if narrow else range(len(headings))
    header = True
    for events in pages:
        page = [_in_one_line(event, None if whole else width) for event in events]
        rows = [_cells(event, width, wide, clock) for event in page]
        if header:
            headings[1] = clock.heading(headings[1])
            widths[1] = len(headings[1])
        # Columns never get narrower, so that later lines are aligned with earlier ones.
        columns = zip(widths, most, zip(*rows, strict=True), strict=True)
        widths = [max(before, min(max(map(width_of, column)), limit)) for before, limit, column in columns]
        room = width - sum(widths[at] + len(GAP) for at in shown)
        lines = []
        if header:
            names = [padded(headings[at], widths[at]) for at in shown]
            lines.append(paint(cut(GAP.join([*names, "state"]), width), "bold"))
            header = False
        for event, (position, time, place, kind) in zip(page, rows, strict=True):
            all_cells = (
                (position.rjust(widths[0]), "yellow"),
                (padded(time, widths[1]), "dim"),
                (padded(place, widths[2]), ""),
                (padded(kind, widths[3]), style_of(event.event_type)),
            )
            cells = [all_cells[at] for at in shown]
            if whole or room > 0:
                of_state = max(room, len(event.state) * _COLUMNS_OF_A_CHARACTER) if whole else room
                state = cut(event.state, of_state) if as_json else line_of_state(event.state, of_state, paint)
                lines.append(GAP.join([*starmap(paint, cells), state]))
            else:
                lines.append(narrow_line(cells, width, paint))
        yield "".join(f"{line}\n" for line in lines)


def narrow_line(cells: Iterable[tuple[str, str]], room: int, paint: Paint) -> str:
    """Return as many cells as a line has room for.

    Args:
        cells: texts and their styles.
        room: how many columns there are.
        paint: gives text its colours.
    """
    pieces = []
    for text, style in cells:
        # Spaces at the end of a text are dropped before an ellipsis is needed.
        pieces.append(paint(text if width_of(text) <= room else cut(text.rstrip(), room), style))
        room -= width_of(text) + len(GAP)
        if room <= 0:
            break
    return GAP.join(pieces)


def _cells(event: RecordedEvent, width: int, wide: bool, clock: Clock) -> tuple[str, str, str, str]:
    return (
        str(event.global_position),
        clock.time_below(event.recorded_at, wide=wide),
        place_text(event, width),
        short_type(event.event_type, wide),
    )


def _in_one_line(row: EventRow, width: int | None) -> RecordedEvent:
    # Only as much of a state as a line can show, because it may be very long.
    return shown_fields((*row[:3], row[3][:width], *row[4:]))


def short_type(event_type: str, wide: bool) -> str:
    """Return as much of an event type as a terminal has room for."""
    return event_type if wide else name_of(event_type)


def place_text(event: RecordedEvent, width: int) -> str:
    """Return the place of an event, with a short id on a narrow terminal, and as much of a name as leaves some room."""
    shown = event.originator_id
    if width >= WIDE_ENOUGH_FOR_IDS:
        shown = shortened_name(shown, WIDE_NAME)
    elif are_canonical_ids([shown]):
        shown = shortened_id(shown)
    else:
        shown = shortened_name(shown, NAME_WIDTH if width >= WIDE_ENOUGH_FOR_TIMES else SHORT_NAME)
    return f"{shown}@{event.originator_version}"


def shortened_id(originator_id: str) -> str:
    """Return the part of an id that usually distinguishes it: its beginning, or its end if it begins with the time."""
    return originator_id[-SHORT_ID:] if is_timed(originator_id) else originator_id[:SHORT_ID]


def shortened_name(name: str, width: int = NAME_WIDTH) -> str:
    """Return as much of a name as a column of a narrow terminal has room for."""
    return cut(name, width)

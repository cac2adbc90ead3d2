"""Events of many sequences, on one line each or in full."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from esjournal.cli.rendering.changes import hanging
from esjournal.cli.rendering.events import TIME_WIDTH, UNKNOWN_TIME, WIDE, event_texts, folded, shown_fields
from esjournal.cli.rendering.eventtypes import name_of
from esjournal.cli.rendering.metadata import METADATA_STYLE, metadata_line
from esjournal.cli.terminal import on_one_line, screen, visible, write
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.newids import is_timed
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.rules import are_canonical_ids
from esjournal.domain.model.sequencenames import shown_id

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from esjournal.journal.read.pages import Page


# Below this width ids are shortened to what usually distinguishes them, and any command accepts.
WIDE_ENOUGH_FOR_IDS = 160
SHORT_ID, NAME_WIDTH = 8, 24
WIDE_TYPE, NARROW_TYPE = 48, 24
SHORT_TIME = len("2026-01-31 12:00:00Z")
INDENT = "    "


def print_log(
    pages: Iterable[Page],
    output_format: OutputFormat,
    *,
    full: bool,
    csv_safe: bool,
    added: Collection[str] = (),
    line_of: Callable[[EventRow], str] | None = None,
) -> None:
    """Print events as they come, a page at a time.

    Args:
        pages: events as the fields of RecordedEvent, in the order to print them.
        output_format: the output format.
        full: in a table, print each event in full instead of on one line.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        added: in CSV, those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
        line_of: returns the line of an event, with its line end; it replaces the format.
    """
    if line_of is not None:
        for page in pages:
            write("".join(map(line_of, page)))
    elif output_format is not OutputFormat.TABLE:
        for text in _texts(pages, output_format, csv_safe, added):
            write(text)
    elif sys.stdout.isatty():
        _draw(pages, full)
    else:
        make = _plain_block if full else _plain_line
        for page in pages:
            write("".join(map(make, page)))


def _texts(pages: Iterable[Page], output_format: OutputFormat, csv_safe: bool, added: Collection[str]) -> Iterator[str]:
    from esjournal.interchange import ndjson

    if output_format is OutputFormat.NDJSON:
        # Page by page, so that each is printed when it comes.
        return map(ndjson.lines_of, pages)
    events = map(RecordedEvent._make, chain.from_iterable(pages))
    return event_texts(events, output_format, csv_safe=csv_safe, added=added)


def _plain_line(event: EventRow) -> str:
    originator_id, version, event_type, state, recorded_at, *_, position = event
    time = f"{recorded_at or UNKNOWN_TIME:<{TIME_WIDTH}}"
    return on_one_line(f"{position:>6}  {time}  {shown_id(originator_id)}@{version}  {event_type}  {state}") + "\n"


def _plain_block(event: EventRow) -> str:
    originator_id, version, event_type, state, recorded_at, metadata, _, position = shown_fields(event)
    return "\n".join(
        [
            f"event {position}  {recorded_at or UNKNOWN_TIME}",
            f"sequence {originator_id}  version {version}",
            f"type {event_type}",
            *([] if metadata is None else [metadata_line(metadata)]),
            f"\n{INDENT}{state}\n\n",
        ]
    )


def _draw(pages: Iterable[Page], full: bool) -> None:
    console = screen()
    for text in blocks(pages, console) if full else lines(pages, console):
        console.print(text, soft_wrap=True)


def lines(pages: Iterable[Page], console: Console) -> Iterator[Text]:
    """Yield a line for each event, cut to a console's width.

    Args:
        pages: events as the fields of RecordedEvent.
        console: the console that will print them.
    """
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    highlighter = JSONHighlighter()
    wide = console.width >= WIDE
    type_width = place_width = 0
    for events in pages:
        page = [_in_one_line(event, console.width) for event in events]
        types = [short_type(event.event_type, wide) for event in page]
        # Columns never get narrower, so that later lines are aligned with earlier ones.
        type_width = max(type_width, min(max(map(len, types)), WIDE_TYPE if wide else NARROW_TYPE))
        places = [place_text(event, console.width) for event in page]
        place_width = max(place_width, *map(len, places))
        for event, event_type, place in zip(page, types, places, strict=True):
            kind = Text(event_type)
            kind.truncate(type_width, overflow="ellipsis", pad=True)
            line = Text.assemble(
                (f"{event.global_position:>6}", "yellow"),
                "  ",
                (time_text(event.recorded_at, wide), "dim"),
                "  ",
                (f"{place:<{place_width}}", "cyan"),
                "  ",
                kind,
                "  ",
                highlighter(Text(event.state)),
            )
            line.truncate(console.width, overflow="ellipsis")
            yield line


def blocks(pages: Iterable[Page], console: Console) -> Iterator[Text]:
    """Yield each event in full, with its state folded to a console's width."""
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    highlighter = JSONHighlighter()
    for event in map(RecordedEvent._make, chain.from_iterable(pages)):
        originator_id, version, event_type, _, recorded_at, metadata, _, position = shown_fields(event)
        body = folded(visible(event.state), console.width - len(INDENT))
        wrapped = highlighter(Text(body)).wrap(console, console.width - len(INDENT), overflow="fold")
        yield Text("\n").join(
            [
                Text.assemble((f"event {position}", "yellow"), "  ", (recorded_at or UNKNOWN_TIME, "dim")),
                Text.assemble("sequence ", (originator_id, "cyan"), f"  version {version}"),
                Text(f"type {event_type}"),
                *([] if metadata is None else [_metadata_text(metadata, console)]),
                Text(),
                *(Text.assemble(INDENT, line) for line in wrapped),
                Text(),
            ]
        )


def _metadata_text(metadata: str, console: Console) -> Text:
    from rich.text import Text

    return hanging(Text(folded(metadata_line(metadata), console.width - len(INDENT)), METADATA_STYLE), 0, console)


def _in_one_line(row: EventRow, width: int) -> RecordedEvent:
    event = RecordedEvent(*row)
    # Only as much of a state as a line can show, because it may be very long.
    return shown_fields(event._replace(state=event.state[:width]))


def short_type(event_type: str, wide: bool) -> str:
    """Return as much of an event type as a terminal has room for."""
    return event_type if wide else name_of(event_type)


def time_text(recorded_at: str | None, wide: bool) -> str:
    """Return a time as a line for an event has it, with seconds only on a narrow terminal."""
    if recorded_at is None:
        return f"{UNKNOWN_TIME:<{SHORT_TIME}}"
    day, _, clock = recorded_at.partition("T")
    return f"{day} {clock.replace('.000000', '')}" if wide else f"{day} {clock[:8]}Z"


def place_text(event: RecordedEvent, width: int) -> str:
    """Return the place of an event, with a short id on a narrow terminal."""
    shown = event.originator_id
    if width < WIDE_ENOUGH_FOR_IDS:
        shown = shortened_id(shown) if are_canonical_ids([shown]) else shortened_name(shown)
    return f"{shown}@{event.originator_version}"


def shortened_id(originator_id: str) -> str:
    """Return the part of an id that usually distinguishes it: its beginning, or its end if it begins with the time."""
    return originator_id[-SHORT_ID:] if is_timed(originator_id) else originator_id[:SHORT_ID]


def shortened_name(name: str, width: int = NAME_WIDTH) -> str:
    """Return as much of a name as a column of a narrow terminal has room for."""
    return name if len(name) <= width else f"{name[: width - 1]}…"

"""Events of many sequences: one line each, or all of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from esjournal.cli.rendering.events import MOMENT_WIDTH, UNKNOWN_MOMENT, WIDE, event_texts, folded
from esjournal.cli.rendering.eventtypes import name_of
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, visible, write
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.recordedevent import RecordedEvent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Event = tuple[Any, ...]
Page = Sequence[Event]

# Below this width ids are cut to what mostly tells them apart, and can be given to any command.
WIDE_ENOUGH_FOR_IDS = 160
SHORT_ID = 8
WIDE_TYPE, NARROW_TYPE = 48, 24
SHORT_MOMENT = len("2026-01-31 12:00:00Z")
INDENT = "    "


def print_log(
    pages: Iterable[Page],
    output_format: OutputFormat,
    *,
    full: bool,
    csv_safe: bool,
    line_of: Callable[[Event], str] | None = None,
) -> None:
    """Print events as they come, a page at a time.

    Args:
        pages: events as the fields of RecordedEvent, in the order to print them.
        output_format: how.
        full: in a table, all of each event on lines of its own, and not one line for each.
        csv_safe: in CSV, put an apostrophe before what a spreadsheet would take for a formula.
        line_of: makes the line of an event, with its end, in the place of the format.
    """
    if line_of is not None:
        for page in pages:
            write("".join(map(line_of, page)))
    elif output_format is not OutputFormat.TABLE:
        for text in _texts(pages, output_format, csv_safe):
            write(text)
    elif sys.stdout.isatty():
        _draw(pages, full)
    else:
        make = _plain_block if full else _plain_line
        for page in pages:
            write("".join(map(make, page)))


def _texts(pages: Iterable[Page], output_format: OutputFormat, csv_safe: bool) -> Iterator[str]:
    from esjournal.interchange import ndjson

    if output_format is OutputFormat.NDJSON:
        # Page by page, so that each is seen when it comes.
        return map(ndjson.lines_of, pages)
    return event_texts(map(RecordedEvent._make, chain.from_iterable(pages)), output_format, csv_safe=csv_safe)


def _plain_line(event: Event) -> str:
    originator_id, version, event_type, state, recorded_at, position = event
    moment = f"{recorded_at or UNKNOWN_MOMENT:<{MOMENT_WIDTH}}"
    return on_one_line(f"{position:>6}  {moment}  {originator_id}@{version}  {event_type}  {state}") + "\n"


def _plain_block(event: Event) -> str:
    originator_id, version, event_type, state, recorded_at, position = fields_on_one_line(event)
    return (
        f"event {position}  {recorded_at or UNKNOWN_MOMENT}\nsequence {originator_id}  version {version}\n"
        f"type {event_type}\n\n{INDENT}{state}\n\n"
    )


def _draw(pages: Iterable[Page], full: bool) -> None:
    console = screen()
    for text in blocks(pages, console) if full else lines(pages, console):
        console.print(text, soft_wrap=True)


def lines(pages: Iterable[Page], console: Console) -> Iterator[Text]:
    """Yield a line for each event, cut to a console's width.

    Args:
        pages: events, many at a time or as they come.
        console: where they will be printed.
    """
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    highlighter = JSONHighlighter()
    wide = console.width >= WIDE
    type_width = place_width = 0
    for events in pages:
        page = [_in_one_line(event, console.width) for event in events]
        types = [_short_type(event[2], wide) for event in page]
        # What once stood wider stays so, that what follows stands under it.
        type_width = max(type_width, min(max(map(len, types)), WIDE_TYPE if wide else NARROW_TYPE))
        places = [_place(event, console.width) for event in page]
        place_width = max(place_width, *map(len, places))
        for event, event_type, place in zip(page, types, places, strict=True):
            kind = Text(event_type)
            kind.truncate(type_width, overflow="ellipsis", pad=True)
            line = Text.assemble(
                (f"{event[5]:>6}", "yellow"),
                "  ",
                (_moment(event[4], wide), "dim"),
                "  ",
                (f"{place:<{place_width}}", "cyan"),
                "  ",
                kind,
                "  ",
                highlighter(Text(event[3])),
            )
            line.truncate(console.width, overflow="ellipsis")
            yield line


def blocks(pages: Iterable[Page], console: Console) -> Iterator[Text]:
    """Yield all of each event, with its state folded to a console's width."""
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    highlighter = JSONHighlighter()
    for event in chain.from_iterable(pages):
        originator_id, version, event_type, _, recorded_at, position = fields_on_one_line(event)
        body = folded(visible(event[3]), console.width - len(INDENT))
        wrapped = highlighter(Text(body)).wrap(console, console.width - len(INDENT), overflow="fold")
        yield Text("\n").join(
            [
                Text.assemble((f"event {position}", "yellow"), "  ", (recorded_at or UNKNOWN_MOMENT, "dim")),
                Text.assemble("sequence ", (originator_id, "cyan"), f"  version {version}"),
                Text(f"type {event_type}"),
                Text(),
                *(Text.assemble(INDENT, line) for line in wrapped),
                Text(),
            ]
        )


def _in_one_line(event: Event, width: int) -> Event:
    # More of a state than a line is wide is not looked at: it may be very long.
    return tuple(fields_on_one_line((*event[:3], event[3][:width], *event[4:])))


def _short_type(event_type: str, wide: bool) -> str:
    return event_type if wide else name_of(event_type)


def _moment(recorded_at: str | None, wide: bool) -> str:
    if recorded_at is None:
        return f"{UNKNOWN_MOMENT:<{SHORT_MOMENT}}"
    day, _, time = recorded_at.partition("T")
    return f"{day} {time.replace('.000000', '')}" if wide else f"{day} {time[:8]}Z"


def _place(event: Event, width: int) -> str:
    originator_id: str = event[0]
    return f"{originator_id if width >= WIDE_ENOUGH_FOR_IDS else originator_id[:SHORT_ID]}@{event[1]}"

"""Events on the screen and in pipes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from esjournal.cli.rendering.parts.clock import TIME_WIDTH, UNKNOWN_TIME, Clock
from esjournal.cli.rendering.parts.dimensions import LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.eventfields import Gap, gap_text
from esjournal.cli.rendering.parts.eventtypes import style_of
from esjournal.cli.rendering.parts.metadatawords import METADATA_STYLE, metadata_line
from esjournal.cli.rendering.parts.paint import Paint, paint_of_pipe
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, write
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.recordedevent import RecordedEvent


def print_events(
    events: Iterable[RecordedEvent],
    output_format: OutputFormat,
    *,
    gaps: bool,
    csv_safe: bool,
    clock: Clock,
    added: Collection[str] = (),
    expanded: bool = False,
) -> None:
    """Print events of one sequence, streaming.

    Args:
        events: one or more events, in the order to print them.
        output_format: the output format.
        gaps: show in a table which versions are missing between two events.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        clock: tells the times on a terminal.
        added: in CSV, those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
        expanded: on a terminal, show each event as a block, also if it fits on a line.
    """
    if output_format is not OutputFormat.TABLE:
        for text in event_texts(events, output_format, csv_safe=csv_safe, added=added):
            write(text)
        return
    rows = _with_gaps(map(_shown, events)) if gaps else map(_shown, events)
    if sys.stdout.isatty():
        _draw(rows, clock, expanded)
    else:
        _print_plain(rows)


def event_texts(
    events: Iterable[RecordedEvent], output_format: OutputFormat, *, csv_safe: bool, added: Collection[str] = ()
) -> Iterator[str]:
    """Yield events as JSON, NDJSON or CSV, in pieces.

    Args:
        events: one or more events.
        output_format: one of the three.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        added: in CSV, those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
    """
    from esjournal.interchange import csvtext, ndjson

    if output_format is OutputFormat.CSV:
        return csvtext.write(events, safe=csv_safe, added=added)
    if output_format is OutputFormat.NDJSON:
        return ndjson.write(events)
    lines = map(ndjson.line_of, events)
    return chain(["[\n", next(lines)], (f",\n{line}" for line in lines), ["\n]\n"])


def _shown(event: RecordedEvent) -> RecordedEvent:
    # The state is left alone, because it may have several lines.
    return RecordedEvent._make(fields_on_one_line(event))._replace(state=event.state)


def _with_gaps(events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent | Gap]:
    previous: int | None = None
    for event in events:
        version = event.originator_version
        if previous is not None and version is not None and abs(version - previous) > 1:
            yield min(previous, version) + 1, max(previous, version) - 1
        yield event
        previous = version


def _print_plain(rows: Iterable[RecordedEvent | Gap]) -> None:
    # For pipes: nothing is cut or wrapped, so Rich is not needed, which takes longer to load than to use.
    paint = paint_of_pipe()
    remaining = iter(rows)
    piece = list(islice(remaining, LINES_IN_A_PIECE))
    events = [row for row in piece if isinstance(row, RecordedEvent)]
    version_width = max(len("version"), *(len(str(event.originator_version)) for event in events))
    type_width = max(len("type"), *(len(event.event_type) for event in events))
    header = f"{'version':>{version_width}}  {'type':<{type_width}}  {'recorded at':<{TIME_WIDTH}}  state"
    write(f"{paint(header, 'bold')}\n")
    while piece:
        for row in piece:
            if isinstance(row, RecordedEvent):
                version = paint(f"{row.originator_version:>{version_width}}", "cyan")
                kind = paint(f"{row.event_type:<{type_width}}", style_of(row.event_type))
                time = paint(f"{row.recorded_at or UNKNOWN_TIME:<{TIME_WIDTH}}", "dim")
                write(f"{version}  {kind}  {time}  {on_one_line(row.state)}\n")
                if row.metadata is not None:
                    write(f"{'':>{version_width}}  {paint(metadata_line(row.metadata), METADATA_STYLE)}\n")
            else:
                write(f"{'':>{version_width}}  {paint(gap_text(row), 'yellow')}\n")
        piece = list(islice(remaining, LINES_IN_A_PIECE))


def _draw(rows: Iterable[RecordedEvent | Gap], clock: Clock, expanded: bool) -> None:
    from esjournal.cli.rendering.eventscreen import event_lines

    console = screen()
    for text in event_lines(rows, console.width, Paint(console), clock, expanded=expanded):
        sys.stdout.write(text)

"""The tree of causes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, starmap
from typing import TYPE_CHECKING

from esjournal.cli.rendering.log import NARROW_TYPE, place_text, short_type
from esjournal.cli.rendering.parts.cells import cut, width_of
from esjournal.cli.rendering.parts.clock import UNKNOWN_TIME, Clock
from esjournal.cli.rendering.parts.dimensions import GAP, WIDE
from esjournal.cli.rendering.parts.eventfields import shown_fields
from esjournal.cli.rendering.parts.eventtypes import style_of
from esjournal.cli.rendering.parts.foldedlines import folded_lines, write_lines
from esjournal.cli.rendering.parts.metadatawords import METADATA_STYLE, metadata_words
from esjournal.cli.rendering.parts.paint import Paint, paint_of_pipe
from esjournal.cli.terminal import on_one_line, screen, write_pieces
from esjournal.domain.causes import causes_of
from esjournal.domain.choices import LinesFormat
from esjournal.domain.state.values import text_of

if TYPE_CHECKING:
    from esjournal.cli.pager import Paging
    from esjournal.journal.inspect.trace import TracedEvent

# An empty level, a line that goes on, and the lines to an event, if others follow and if none do.
_EMPTY, _LINE, _BRANCH, _END = "   ", "│  ", "├─ ", "└─ "
# Deeper events are drawn at this depth, with their own as a number: on 80 columns their text needs the rest.
DEEPEST_DRAWN = 8


def print_trace(traced: Sequence[TracedEvent], output_format: LinesFormat, clock: Clock, paging: Paging) -> None:
    """Print a tree of causes.

    Args:
        traced: the events, each after its cause.
        output_format: the output format.
        clock: tells the times on a terminal.
        paging: how the output is paged.
    """
    if output_format is LinesFormat.NDJSON:
        write_pieces(f"{_json_of(each)}\n" for each in traced)
    elif output_format is LinesFormat.JSON:
        pieces = (f"{',' if index else '['}\n{_json_of(each)}" for index, each in enumerate(traced))
        write_pieces(chain(pieces, ["\n]\n"]))
    elif sys.stdout.isatty():
        _draw(traced, clock, paging)
    else:
        write_pieces(f"{line}\n" for line in _plain_lines(traced))


def _json_of(traced: TracedEvent) -> str:
    from esjournal.interchange import ndjson

    marks = f',"missing_cause":{text_of(traced.missing_cause)}' if traced.missing_cause is not None else ""
    marks += ',"cycle":true' if traced.is_in_cycle else ""
    return f'{ndjson.line_of(traced.event).removesuffix("}")},"depth":{traced.depth}{marks}}}'


def _plain_lines(traced: Sequence[TracedEvent]) -> Iterator[str]:
    paint = paint_of_pipe()
    for each, guide in zip(traced, _guides(traced), strict=True):
        yield from (paint(mark, "yellow") for mark in _marks(each))
        event = shown_fields(each.event)
        fields = (
            paint(str(event.global_position), "yellow"),
            paint(f"{event.originator_id}@{event.originator_version}", "cyan"),
            paint(event.event_type, style_of(event.event_type)),
            paint(event.recorded_at or UNKNOWN_TIME, "dim"),
            paint(metadata_words(event.metadata), METADATA_STYLE),
        )
        yield f"{paint(guide, 'dim')}{'  '.join(filter(None, fields))}"


def _draw(traced: Sequence[TracedEvent], clock: Clock, paging: Paging) -> None:
    console = screen()
    is_whole = paging.chops and len(traced) > paging.most_lines
    write_lines(trace_lines(traced, console.width, Paint(console), clock, is_whole=is_whole))


def trace_lines(
    traced: Sequence[TracedEvent],
    width: int,
    paint: Paint,
    clock: Clock,
    *,
    is_whole: bool = False,
) -> Iterator[str]:
    """Yield a line for each event, and what is wrong with its causes before it.

    The lines are not those of Rich's own tree, which has no room for the text of deep events and leaves them out.

    Args:
        traced: the events, each after its cause.
        width: the width of the terminal, to which lines are cut.
        paint: gives text its colours.
        clock: tells the times.
        is_whole: do not cut lines, because a pager chops them.
    """
    wide = width >= WIDE
    for each, guide in zip(traced, _guides(traced), strict=True):
        for mark in _marks(each):
            yield from folded_lines([(mark, "yellow")], 0, None if is_whole else width, paint)
        event = shown_fields(each.event)
        kind = short_type(event.event_type, wide)
        parts = [
            (guide, "dim"),
            (str(event.global_position), "yellow"),
            (GAP, ""),
            (place_text(event, width), "cyan"),
            (GAP, ""),
            (kind if wide else cut(kind, NARROW_TYPE), style_of(event.event_type)),
            (GAP, ""),
            (clock.time(event.recorded_at, wide=wide), "dim"),
        ]
        if words := metadata_words(event.metadata):
            parts += [(GAP, ""), (words, METADATA_STYLE)]
        yield "".join(starmap(paint, parts if is_whole else _cut(parts, width)))


def _cut(parts: Iterable[tuple[str, str]], room: int) -> Iterator[tuple[str, str]]:
    """Yield the parts of a line that it has room for."""
    for text, style in parts:
        yield cut(text, room), style
        room -= width_of(text)
        if room < 0:
            return


def _guides(traced: Sequence[TracedEvent]) -> Sequence[str]:
    """Return the lines before each event that lead to its cause."""
    found: list[str] = []
    # From the last event to the first, whether each level has another event below in the same branch.
    continues: list[bool] = []
    for each in reversed(traced):
        depth = each.depth
        del continues[depth + 1 :]
        continues += [False] * (depth + 1 - len(continues))
        drawn = "".join(_LINE if continues[level] else _EMPTY for level in range(1, min(depth, DEEPEST_DRAWN)))
        if depth:
            drawn += _BRANCH if continues[depth] else _END
        found.append(drawn if depth <= DEEPEST_DRAWN else f"{drawn}[{depth}] ")
        continues[depth] = True
    return found[::-1]


def _marks(traced: TracedEvent) -> Iterable[str]:
    """Yield a line for a cause that is missing, or that is an effect as well."""
    if traced.missing_cause is not None:
        yield on_one_line(f"cause {traced.missing_cause} is not in this journal")
    if traced.is_in_cycle:
        yield on_one_line(f"cause {causes_of(traced.event.metadata).causation} is an effect of this event: a cycle")

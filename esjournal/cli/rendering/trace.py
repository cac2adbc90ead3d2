"""The tree of causes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from esjournal.cli.rendering.changes import hanging
from esjournal.cli.rendering.clock import UNKNOWN_TIME, Clock
from esjournal.cli.rendering.events import WIDE, shown_fields
from esjournal.cli.rendering.eventtypes import style_of
from esjournal.cli.rendering.log import NARROW_TYPE, place_text, short_type
from esjournal.cli.rendering.metadata import METADATA_STYLE, metadata_words
from esjournal.cli.rendering.paint import paint_of_pipe
from esjournal.cli.terminal import on_one_line, screen, write_pieces
from esjournal.domain.causes import causes_of
from esjournal.domain.choices import LinesFormat
from esjournal.domain.state.values import text_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from esjournal.journal.inspect.trace import TracedEvent

# An empty level, a line that goes on, and the lines to an event, if others follow and if none do.
_GUIDES = ("   ", "│  ", "├─ ", "└─ ")
_GUIDES_IN_ASCII = ("   ", "|  ", "+- ", "`- ")
# Deeper events are drawn at this depth, with their own as a number: on 80 columns their text needs the rest.
DEEPEST_DRAWN = 8


def print_trace(traced: Sequence[TracedEvent], output_format: LinesFormat, clock: Clock) -> None:
    """Print a tree of causes.

    Args:
        traced: the events, each after its cause.
        output_format: the output format.
        clock: tells the times on a terminal.
    """
    if output_format is LinesFormat.NDJSON:
        write_pieces(f"{_json_of(each)}\n" for each in traced)
    elif output_format is LinesFormat.JSON:
        pieces = (f"{',' if index else '['}\n{_json_of(each)}" for index, each in enumerate(traced))
        write_pieces(chain(pieces, ["\n]\n"]))
    elif sys.stdout.isatty():
        _draw(traced, clock)
    else:
        write_pieces(f"{line}\n" for line in _plain_lines(traced))


def _json_of(traced: TracedEvent) -> str:
    from esjournal.interchange import ndjson

    marks = f',"missing_cause":{text_of(traced.missing_cause)}' if traced.missing_cause is not None else ""
    marks += ',"cycle":true' if traced.is_in_cycle else ""
    return f'{ndjson.line_of(traced.event).removesuffix("}")},"depth":{traced.depth}{marks}}}'


def _plain_lines(traced: Sequence[TracedEvent]) -> Iterator[str]:
    paint = paint_of_pipe()
    for each, guide in zip(traced, guides(traced, _GUIDES), strict=True):
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


def _draw(traced: Sequence[TracedEvent], clock: Clock) -> None:
    console = screen()
    for text in trace_texts(traced, console, clock):
        console.print(text, soft_wrap=True)


def trace_texts(traced: Sequence[TracedEvent], console: Console, clock: Clock) -> Iterator[Text]:
    """Yield a line for each event, cut to a console's width, and what is wrong with its causes before it.

    The lines are not those of Rich's own tree, which has no room for the text of deep events and leaves them out.
    """
    from rich.text import Text

    wide = console.width >= WIDE
    lines = guides(traced, _GUIDES_IN_ASCII if console.options.ascii_only else _GUIDES)
    for each, guide in zip(traced, lines, strict=True):
        for mark in _marks(each):
            yield hanging(Text(mark, "yellow"), 0, console)
        event = shown_fields(each.event)
        kind = Text(short_type(event.event_type, wide), style_of(event.event_type))
        if not wide:
            kind.truncate(NARROW_TYPE, overflow="ellipsis")
        line = Text.assemble(
            (guide, "dim"),
            (str(event.global_position), "yellow"),
            "  ",
            (place_text(event, console.width), "cyan"),
            "  ",
            kind,
            "  ",
            (clock.time(event.recorded_at, wide=wide), "dim"),
            "  ",
            (metadata_words(event.metadata), METADATA_STYLE),
        )
        line.rstrip()
        line.truncate(console.width, overflow="ellipsis")
        yield line


def guides(traced: Sequence[TracedEvent], drawn_with: tuple[str, str, str, str]) -> Sequence[str]:
    """Return the lines before each event that lead to its cause.

    Args:
        traced: the events, each after its cause.
        drawn_with: an empty level, a line that goes on, and the lines to an event, if others follow and if none do.
    """
    empty, line, branch, end = drawn_with
    found: list[str] = []
    # From the last event to the first, whether each level has another event below in the same branch.
    continues: list[bool] = []
    for each in reversed(traced):
        depth = each.depth
        del continues[depth + 1 :]
        continues += [False] * (depth + 1 - len(continues))
        drawn = "".join(line if continues[level] else empty for level in range(1, min(depth, DEEPEST_DRAWN)))
        if depth:
            drawn += branch if continues[depth] else end
        found.append(drawn if depth <= DEEPEST_DRAWN else f"{drawn}[{depth}] ")
        continues[depth] = True
    return found[::-1]


def _marks(traced: TracedEvent) -> Iterable[str]:
    """Yield a line for a cause that is missing, or that is an effect as well."""
    if traced.missing_cause is not None:
        yield on_one_line(f"cause {traced.missing_cause} is not in this journal")
    if traced.is_in_cycle:
        yield on_one_line(f"cause {causes_of(traced.event.metadata).causation} is an effect of this event: a cycle")

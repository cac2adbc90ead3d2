"""What events changed, and the resulting state."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from esjournal.cli.rendering.changes import INDENT, STYLES, change_lines, change_members, hanging
from esjournal.cli.rendering.clock import UNKNOWN_TIME, Clock
from esjournal.cli.rendering.eventtypes import style_of
from esjournal.cli.rendering.metadata import METADATA_STYLE, metadata_words
from esjournal.cli.rendering.paint import Painter, paint_of_pipe
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, write, write_pieces
from esjournal.domain.choices import LinesFormat
from esjournal.domain.state.paths import Path, path_text, value_at
from esjournal.domain.state.values import MISSING, parsed, text_of
from esjournal.domain.text import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from esjournal.domain.model.recordedevent import RecordedEvent
    from esjournal.domain.state.changes import Changes
    from esjournal.journal.inspect.history import NetChange, Step

UNCHANGED = "nothing changed"
UNFOLDED = "not folded: the state is not a JSON object"

_STRING = r'"(?:[^"\\]|\\.)*+"'
# An array without arrays or objects in it is one word.
_WORD = re.compile(rf"{_STRING}|\[(?:[^\[\]{{}}\"]|{_STRING})*+\]|\{{\}}|[,:] |[\[\]{{}}]|[^\[\]{{}},:\"]+")


def print_history(steps: Iterable[Step], output_format: LinesFormat, clock: Clock, *, field: Path | None) -> None:
    """Print steps, streaming, and the resulting state.

    Args:
        steps: one or more steps, in the order of their versions.
        output_format: the output format.
        clock: tells the times on a terminal.
        field: the only field whose changes the steps have, or None for all; its value is printed instead of the state.
    """
    if output_format is LinesFormat.NDJSON:
        for step in steps:
            write_pieces(_changes_line(step))
    elif output_format is LinesFormat.JSON:
        last = deque(steps, maxlen=1).pop()
        write(_state_line(last) if field is None else _field_line(last, field))
    elif sys.stdout.isatty():
        _draw(steps, clock, whole=field is None)
    else:
        _print_plain(steps, whole=field is None)


def print_net_change(change: NetChange, from_version: int, output_format: LinesFormat) -> None:
    """Print what several events changed together.

    Args:
        change: what they changed.
        from_version: the version after which they are.
        output_format: the output format; JSON and NDJSON are the same line.
    """
    if output_format is not LinesFormat.TABLE:
        write_pieces(_net_change_line(change, from_version))
        return
    to_version = change.event.originator_version
    heading = f"from version {from_version} to version {to_version}: {counted(change.events, 'event')}"
    if sys.stdout.isatty():
        console = screen()
        for text in _net_change_texts(heading, change, console):
            console.print(text, soft_wrap=True)
        return
    paint = paint_of_pipe()
    write(f"{paint(heading, 'bold')}\n")
    write_pieces(f"{' ' * INDENT}{paint(line, STYLES.get(sign, 'dim'))}\n" for sign, line in _lines(change.changes))


def _net_change_line(change: NetChange, from_version: int) -> Iterator[str]:
    event = change.event
    yield (
        f'{{"originator_id":{text_of(event.originator_id)},"from_version":{from_version},'
        f'"originator_version":{event.originator_version},"recorded_at":{text_of(event.recorded_at)},'
        f'"events":{change.events},'
    )
    yield from change_members(change.changes)
    yield "}\n"


def _net_change_texts(heading: str, change: NetChange, console: Console) -> Iterator[Text]:
    from rich.text import Text

    yield Text(heading, style="bold")
    for sign, line in _lines(change.changes):
        yield hanging(Text(line, style=STYLES.get(sign, "dim")), INDENT, console)


def _changes_line(step: Step) -> Iterator[str]:
    event = step.event
    yield (
        f'{{"originator_version":{event.originator_version},"event_type":{text_of(event.event_type)},'
        f'"recorded_at":{text_of(event.recorded_at)},"global_position":{text_of(event.global_position)},'
    )
    for name, value in _metadata_member(event).items():
        yield f"{text_of(name)}:{text_of(value)},"
    yield from change_members(step.changes)
    yield "}\n"


def _state_line(step: Step) -> str:
    event = step.event
    values = {
        "originator_id": event.originator_id,
        "originator_version": event.originator_version,
        "recorded_at": event.recorded_at,
        "state": step.state,
    }
    return f"{text_of(values)}\n"


def _field_line(step: Step, field: Path) -> str:
    event, value = step.event, value_at(step.state, field)
    values = {
        "originator_id": event.originator_id,
        "field": path_text(field),
        # A folded state has null only in arrays, so here it means that the field was removed.
        "value": None if value is MISSING else value,
        "originator_version": event.originator_version,
        "event_type": event.event_type,
        "recorded_at": event.recorded_at,
        "global_position": event.global_position,
        **_metadata_member(event),
    }
    return f"{text_of(values)}\n"


def _metadata_member(event: RecordedEvent) -> dict[str, Any]:
    """Return the member for metadata, if there is some: the object, or the text if it is not one."""
    if event.metadata is None:
        return {}
    value = parsed(event.metadata)
    return {"metadata": event.metadata if value is None else value}


def _print_plain(steps: Iterable[Step], *, whole: bool) -> None:
    # For pipes: nothing is cut or wrapped, so Rich is not needed, which takes longer to load than to use.
    paint = paint_of_pipe()
    for step in steps:
        write_pieces(_plain_lines(step, paint))
    if whole:
        write("\n")
        print_state(_heading(step), step.state)


def print_state(heading: str, state: Any) -> None:
    """Print a state under a heading, a line for each key.

    Args:
        heading: the heading.
        state: the state, parsed.
    """
    if sys.stdout.isatty():
        console = screen()
        for text in _state_texts(heading, state, console):
            console.print(text, soft_wrap=True)
        return
    write(f"{paint_of_pipe()(heading, 'bold')}\n")
    write_pieces(f"{' ' * INDENT * depth}{line}\n" for depth, line in _laid_out(state))


def _plain_lines(step: Step, paint: Painter) -> Iterator[str]:
    styles = ("cyan", style_of(step.event.event_type), "dim", METADATA_STYLE)
    yield f"{'  '.join(filter(None, map(paint, _header(step), styles)))}\n"
    for sign, line in _lines(step.changes):
        yield f"{' ' * INDENT}{paint(line, STYLES.get(sign, 'dim'))}\n"


def _draw(steps: Iterable[Step], clock: Clock, *, whole: bool) -> None:
    console = screen()
    for text in history_texts(steps, console, clock, whole=whole):
        console.print(text, soft_wrap=True)


def history_texts(steps: Iterable[Step], console: Console, clock: Clock, *, whole: bool) -> Iterator[Text]:
    """Yield the lines of steps, folded to a console's width.

    Args:
        steps: one or more steps, in the order of their versions.
        console: the console that will print them.
        clock: tells the times.
        whole: whether the resulting state follows.
    """
    from rich.text import Text

    for step in steps:
        version, event_type, _, who = _header(step)
        time = clock.time(step.event.recorded_at)
        style = style_of(step.event.event_type)
        header = Text.assemble((version, "cyan"), "  ", (event_type, style), "  ", (time, "dim"))
        if who:
            header.append(f"  {who}", METADATA_STYLE)
        yield hanging(header, 0, console)
        for sign, line in _lines(step.changes):
            yield hanging(Text(line, style=STYLES.get(sign, "dim")), INDENT, console)
    if whole:
        yield from _state_texts(f"\n{_heading(step)}", step.state, console)


def _state_texts(heading: str, state: Any, console: Console) -> Iterator[Text]:
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    highlighter = JSONHighlighter()
    yield Text(heading, style="bold")
    for depth, line in _laid_out(state):
        # Half of the width is left for the text, however deep it is.
        yield hanging(highlighter(Text(line)), min(INDENT * depth, console.width // 2), console)


def _header(step: Step) -> tuple[str, ...]:
    event = step.event
    header = f"version {event.originator_version}", event.event_type, event.recorded_at or UNKNOWN_TIME
    return (*fields_on_one_line(header), metadata_words(event.metadata))


def _heading(step: Step) -> str:
    return f"state at version {step.event.originator_version}"


def _lines(changes: Changes | None) -> Iterator[tuple[str, str]]:
    """Yield each change as a pair of a sign, which may be empty, and a line."""
    if changes is None:
        yield "", UNFOLDED
        return
    yield from change_lines(changes)
    if not changes:
        yield "", UNCHANGED


def _laid_out(state: Any) -> Iterator[tuple[int, str]]:
    """Yield the lines of a state, one for each key, with their depth."""
    depth, line = 0, ""
    for found in _WORD.finditer(text_of(state, spaced=True)):
        word = found[0]
        if word in ("}", "]"):
            if line:
                yield depth, on_one_line(line)
            depth, line = depth - 1, word
        elif word in ("{", "[", ", "):
            yield depth, on_one_line(line + word.rstrip())
            depth, line = depth + (word != ", "), ""
        else:
            line += word
    yield depth, on_one_line(line)

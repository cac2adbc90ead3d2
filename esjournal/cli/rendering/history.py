"""What events changed, and the resulting state."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from esjournal.cli.rendering.parts.changelines import change_members, each_change
from esjournal.cli.rendering.parts.clock import UNKNOWN_TIME, Clock
from esjournal.cli.rendering.parts.dimensions import GAP
from esjournal.cli.rendering.parts.eventtypes import style_of
from esjournal.cli.rendering.parts.foldedlines import INDENT, folded_lines, write_lines
from esjournal.cli.rendering.parts.metadatawords import METADATA_STYLE, metadata_words
from esjournal.cli.rendering.parts.paint import Paint, Painter, paint_of_pipe
from esjournal.cli.rendering.parts.statelayout import fields_of, lines_of
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, visible, write, write_pieces
from esjournal.domain.choices import LinesFormat
from esjournal.domain.state.paths import Path, path_text, value_at
from esjournal.domain.state.values import MISSING, parsed, text_of
from esjournal.domain.text import counted

if TYPE_CHECKING:
    from esjournal.cli.pager import Paging
    from esjournal.domain.model.recordedevent import RecordedEvent
    from esjournal.domain.state.changes import Changes
    from esjournal.journal.inspect.history import NetChange, Step

UNCHANGED = "nothing changed"
UNFOLDED = "not folded: the state is not a JSON object"
NOTHING_STYLE = "dim"

_STRING = r'"(?:[^"\\]|\\.)*+"'
# An array without arrays or objects in it is one word.
_WORD = re.compile(rf"{_STRING}|\[(?:[^\[\]{{}}\"]|{_STRING})*+\]|\{{\}}|[,:] |[\[\]{{}}]|[^\[\]{{}},:\"]+")


def print_history(
    steps: Iterable[Step], output_format: LinesFormat, clock: Clock, paging: Paging, *, field: Path | None
) -> None:
    """Print steps, streaming, and the resulting state.

    Args:
        steps: one or more steps, in the order of their versions.
        output_format: the output format.
        clock: tells the times on a terminal.
        paging: how the output is paged.
        field: the only field whose changes the steps have, or None for all; its value is printed instead of the state.
    """
    if output_format is LinesFormat.NDJSON:
        for step in steps:
            write_pieces(_changes_line(step))
    elif output_format is LinesFormat.JSON:
        last = deque(steps, maxlen=1).pop()
        write(_state_line(last) if field is None else _field_line(last, field))
    elif sys.stdout.isatty():
        _draw(steps, clock, paging, with_state=field is None)
    else:
        _print_plain(steps, with_state=field is None)


def print_net_change(change: NetChange, from_version: int, output_format: LinesFormat, paging: Paging) -> None:
    """Print what several events changed together.

    Args:
        change: what they changed.
        from_version: the version after which they are.
        output_format: the output format; JSON and NDJSON are the same line.
        paging: how the output is paged.
    """
    if output_format is not LinesFormat.TABLE:
        write_pieces(_net_change_line(change, from_version))
        return
    to_version = change.event.originator_version
    heading = f"from version {from_version} to version {to_version}: {counted(change.events, 'event')}"
    if sys.stdout.isatty():
        console = screen()
        paint = Paint(console)
        is_whole = paging.chops and _count(change.changes) >= paging.most_lines
        write_lines([paint(heading, "bold")])
        write_lines(lines_of_changes(change.changes, None if is_whole else console.width, paint))
        return
    plain = paint_of_pipe()
    write(f"{plain(heading, 'bold')}\n")
    write_pieces(plain_changes(change.changes, plain))


def _net_change_line(change: NetChange, from_version: int) -> Iterator[str]:
    event = change.event
    yield (
        f'{{"originator_id":{text_of(event.originator_id)},"from_version":{from_version},'
        f'"originator_version":{event.originator_version},"recorded_at":{text_of(event.recorded_at)},'
        f'"events":{change.events},'
    )
    yield from change_members(change.changes)
    yield "}\n"


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


def _print_plain(steps: Iterable[Step], *, with_state: bool) -> None:
    # For pipes: nothing is cut or wrapped, so Rich is not needed, which takes longer to load than to use.
    paint = paint_of_pipe()
    for step in steps:
        write_pieces(_plain_lines(step, paint))
    if with_state:
        write("\n")
        print_state(_heading(step), step.state)


def print_state(heading: str, state: Any) -> None:
    """Print a state under a heading: by its keys on a terminal, and as JSON with a line for each key in a pipe.

    Args:
        heading: the heading.
        state: the state, parsed.
    """
    if sys.stdout.isatty():
        console = screen()
        write_lines(_state_lines(heading, state, console.width, Paint(console)))
        return
    write(f"{paint_of_pipe()(heading, 'bold')}\n")
    write_pieces(f"{' ' * INDENT * depth}{line}\n" for depth, line in _laid_out(state))


def _plain_lines(step: Step, paint: Painter) -> Iterator[str]:
    styles = ("cyan", style_of(step.event.event_type), "dim", METADATA_STYLE)
    yield f"{'  '.join(filter(None, map(paint, _header(step), styles)))}\n"
    yield from plain_changes(step.changes, paint)


def plain_changes(changes: Changes | None, paint: Painter) -> Iterator[str]:
    """Yield the lines of changes as a pipe gets them.

    Args:
        changes: the changes, None if the states have no fields to compare.
        paint: gives text its colours.
    """
    if not changes:
        yield f"{' ' * INDENT}{paint(_nothing(changes), NOTHING_STYLE)}\n"
        return
    for change in each_change(changes):
        yield f"{' ' * INDENT}{paint(change.line, change.style)}\n"


def _draw(steps: Iterable[Step], clock: Clock, paging: Paging, *, with_state: bool) -> None:
    console = screen()
    remaining = iter(steps)
    first: list[Step] = []
    lines = 0
    while paging.chops and lines <= paging.most_lines and (step := next(remaining, None)):
        first.append(step)
        lines += 1 + max(1, _count(step.changes))
    is_whole = paging.chops and lines > paging.most_lines
    texts = history_lines(
        chain(first, remaining), console.width, Paint(console), clock, is_whole=is_whole, with_state=with_state
    )
    # Events that set a field may be far apart.
    write_lines(texts, as_they_come=not with_state)


def history_lines(
    steps: Iterable[Step], width: int, paint: Paint, clock: Clock, *, is_whole: bool, with_state: bool
) -> Iterator[str]:
    """Yield the lines of steps as a terminal gets them.

    Args:
        steps: one or more steps, in the order of their versions.
        width: the width of the terminal.
        paint: gives text its colours.
        clock: tells the times.
        is_whole: leave lines as long as they are, because a pager chops them.
        with_state: whether the resulting state follows.
    """
    room = None if is_whole else width
    for step in steps:
        version, event_type, _, who = _header(step)
        parts = [(version, "cyan"), (GAP, ""), (event_type, style_of(step.event.event_type)), (GAP, "")]
        parts.append((clock.time(step.event.recorded_at), "dim"))
        if who:
            parts += [(GAP, ""), (who, METADATA_STYLE)]
        yield from folded_lines(parts, 0, room, paint)
        yield from lines_of_changes(step.changes, room, paint)
    if with_state:
        yield ""
        yield from _state_lines(_heading(step), step.state, width, paint, is_whole=is_whole)


def lines_of_changes(changes: Changes | None, width: int | None, paint: Paint) -> Iterator[str]:
    """Yield the lines of changes as a terminal gets them.

    Args:
        changes: the changes, None if the states have no fields to compare.
        width: the width of the terminal, or None if lines stay whole.
        paint: gives text its colours.
    """
    if not changes:
        yield from folded_lines([(_nothing(changes), NOTHING_STYLE)], INDENT, width, paint)
        return
    for change in each_change(changes):
        yield from folded_lines(change.parts, INDENT, width, paint)


def _state_lines(heading: str, state: Any, width: int, paint: Paint, *, is_whole: bool = False) -> Iterator[str]:
    yield paint(heading, "bold")
    text = text_of(state)
    room = width - INDENT
    if isinstance(state, dict) and state:
        for line in lines_of(fields_of(visible(text), room), room, paint, is_whole=is_whole):
            yield f"{' ' * INDENT}{line}"
    else:
        yield from folded_lines([(on_one_line(text), "")], INDENT, None if is_whole else width, paint)


def _header(step: Step) -> tuple[str, ...]:
    event = step.event
    header = f"version {event.originator_version}", event.event_type, event.recorded_at or UNKNOWN_TIME
    return (*fields_on_one_line(header), metadata_words(event.metadata))


def _heading(step: Step) -> str:
    return f"state at version {step.event.originator_version}"


def _count(changes: Changes | None) -> int:
    return 0 if changes is None else len(changes.added) + len(changes.changed) + len(changes.removed)


def _nothing(changes: Changes | None) -> str:
    return UNFOLDED if changes is None else UNCHANGED


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

"""The states that a replay came to, and the events after which a rule was broken or two states parted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO, Any, TypeVar

from esjournal.cli.rendering.history import lines_of_changes, plain_changes, print_state
from esjournal.cli.rendering.log import shortened_id, shortened_name
from esjournal.cli.rendering.parts.changelines import change_members
from esjournal.cli.rendering.parts.clock import UNKNOWN_TIME, Clock
from esjournal.cli.rendering.parts.dimensions import GAP, LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.foldedlines import folded_lines, write_lines
from esjournal.cli.rendering.parts.paint import Paint, paint_of_pipe
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, write, write_pieces
from esjournal.domain.choices import FileFormat, OutputFormat
from esjournal.domain.model.recordedevent import SEQUENCE_NAME, RecordedEvent
from esjournal.domain.model.sequencenames import name_of_id, shown_id
from esjournal.domain.state.values import text_of
from esjournal.interchange import csvtext
from esjournal.interchange.formats import COMMA
from esjournal.journal.inspect.history import Step
from esjournal.journal.inspect.replay import Replayed

Item = TypeVar("Item")

COLUMNS = ("originator_id", "originator_version", "recorded_at", "state")


class _Counted(Iterator[Item]):
    """Items, and the number of those that were taken so far."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self.count = 0

    def __next__(self) -> Item:
        item = next(self._items)
        self.count += 1
        return item


def print_states(states: Iterable[Replayed], output_format: OutputFormat, *, csv_safe: bool, named: bool) -> None:
    """Print a line for each state, streaming.

    Args:
        states: one or more states of sequences.
        output_format: the output format.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        named: whether any sequence has a name, so that CSV has a column for it.
    """
    if output_format is not OutputFormat.TABLE:
        write_pieces(_texts(states, output_format, csv_safe=csv_safe, named=named))
    elif sys.stdout.isatty():
        _draw(states)
    else:
        _print_plain(states)


def print_one_state(found: Replayed, output_format: OutputFormat) -> None:
    """Print the one state of all events.

    Args:
        found: the state.
        output_format: the output format; CSV has no form for it.
    """
    position, recorded_at = found.last.global_position, found.last.recorded_at
    if output_format is OutputFormat.TABLE:
        print_state(f"state at position {position}", found.state)
    else:
        values = {"global_position": position, "recorded_at": recorded_at, "state": found.state}
        write(f"{text_of(values)}\n")


def write_states(
    states: Iterable[Replayed], stream: IO[bytes], file_format: FileFormat, *, delimiter: str, csv_safe: bool
) -> int:
    """Write the states of sequences to a file, and return how many there were.

    Args:
        states: the states.
        stream: takes the bytes.
        file_format: the format to write.
        delimiter: in CSV, what separates the fields.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
    """
    counted = _Counted(states)
    if file_format is FileFormat.PARQUET:
        # Only Parquet has to wait for pyarrow to load.
        from esjournal.interchange import parquet

        parquet.write_states((_row(found, named=True) for found in counted), stream)
        return counted.count
    if file_format is FileFormat.CSV:
        texts = _csv(counted, csv_safe=csv_safe, named=True, delimiter=delimiter)
    else:
        texts = (f"{_line(found)}\n" for found in counted)
    for text in texts:
        stream.write(text.encode())
    return counted.count


def _texts(states: Iterable[Replayed], output_format: OutputFormat, *, csv_safe: bool, named: bool) -> Iterator[str]:
    if output_format is OutputFormat.CSV:
        return _csv(states, csv_safe=csv_safe, named=named)
    lines = map(_line, states)
    if output_format is OutputFormat.NDJSON:
        return (f"{line}\n" for line in lines)
    return chain(["[\n", next(lines)], (f",\n{line}" for line in lines), ["\n]\n"])


def _csv(states: Iterable[Replayed], *, csv_safe: bool, named: bool, delimiter: str = COMMA) -> Iterator[str]:
    header = (*COLUMNS, SEQUENCE_NAME) if named else COLUMNS
    rows = (_row(found, named=named) for found in states)
    return csvtext.table_of(header, rows, safe=csv_safe, delimiter=delimiter)


def _row(found: Replayed, *, named: bool) -> tuple[Any, ...]:
    last = found.last
    cells = (last.originator_id, last.originator_version, last.recorded_at, text_of(found.state))
    return (*cells, name_of_id(last.originator_id)) if named else cells


def _line(found: Replayed) -> str:
    originator_id, version, recorded_at, state = _row(found, named=False)
    # Ids and times are canonical text, which needs no escapes.
    time = "null" if recorded_at is None else f'"{recorded_at}"'
    members = f'"originator_id":"{originator_id}","originator_version":{version},"recorded_at":{time},"state":{state}'
    name = name_of_id(originator_id)
    return f"{{{members}}}" if name is None else f'{{{members},"{SEQUENCE_NAME}":{text_of(name)}}}'


def _name_member(event: RecordedEvent) -> dict[str, Any]:
    name = name_of_id(event.originator_id)
    return {} if name is None else {SEQUENCE_NAME: name}


def _cells(found: Replayed) -> tuple[str, str, str]:
    last = found.last
    sequence = on_one_line(shown_id(last.originator_id))
    return sequence, str(last.originator_version), on_one_line(text_of(found.state, spaced=True))


def _print_plain(states: Iterable[Replayed]) -> None:
    paint = paint_of_pipe()
    remaining = iter(states)
    header = [("sequence", "version", "state")]
    while piece := list(islice(remaining, LINES_IN_A_PIECE)):
        rows = [*header, *map(_cells, piece)]
        first, second = (max(len(row[at]) for row in rows) for at in (0, 1))
        for sequence, version, state in header:
            write(f"{paint(f'{sequence:<{first}}  {version:>{second}}  {state}', 'bold')}\n")
        write_pieces(
            f"{paint(f'{sequence:<{first}}', 'cyan')}  {version:>{second}}  {state}\n"
            for sequence, version, state in rows[len(header) :]
        )
        header = []


def _draw(states: Iterable[Replayed]) -> None:
    from rich.text import Text

    console = screen()
    remaining = iter(states)
    while piece := list(islice(remaining, LINES_IN_A_PIECE)):
        rows = [(_short(found), *_cells(found)[1:]) for found in piece]
        first, second = (max(len(row[at]) for row in rows) for at in (0, 1))
        for sequence, version, state in rows:
            line = Text.assemble((f"{sequence:<{first}}", "cyan"), f"  {version:>{second}}  {state}")
            # A line each, however long a state is: --format ndjson has all of it.
            line.truncate(console.width, overflow="ellipsis")
            console.print(line, soft_wrap=True)


def _short(found: Replayed) -> str:
    originator_id = found.last.originator_id
    name = name_of_id(originator_id)
    return shortened_id(originator_id) if name is None else on_one_line(shortened_name(name))


def print_found(steps: Iterable[Step], output_format: OutputFormat, clock: Clock) -> int:
    """Print events with changes, streaming, and return how many there were.

    Args:
        steps: the events, each of another sequence.
        output_format: the output format; CSV has no form for changes.
        clock: tells the times on a terminal.
    """
    counted = _Counted(steps)
    if output_format is OutputFormat.TABLE:
        _print_steps(counted, clock)
    elif output_format is OutputFormat.NDJSON:
        for step in counted:
            write_pieces(chain(_members(step), ["\n"]))
    else:
        opening = "[\n"
        for step in counted:
            write_pieces(chain([opening], _members(step)))
            opening = ",\n"
        write("\n]\n" if counted.count else "[]\n")
    return counted.count


def _members(step: Step) -> Iterator[str]:
    event = step.event
    values = {
        "originator_id": event.originator_id,
        **_name_member(event),
        "originator_version": event.originator_version,
        "event_type": event.event_type,
        "recorded_at": event.recorded_at,
        "global_position": event.global_position,
    }
    yield f"{text_of(values)[:-1]},"
    yield from change_members(step.changes)
    yield f',"state":{text_of(step.state)}}}'


def _print_steps(steps: Iterable[Step], clock: Clock) -> None:
    if not sys.stdout.isatty():
        plain = paint_of_pipe()
        for step in steps:
            sequence, *others = _header(step, step.event.recorded_at or UNKNOWN_TIME)
            write(f"{GAP.join([plain(sequence, 'cyan'), *others])}\n")
            write_pieces(plain_changes(step.changes, plain))
        return
    console = screen()
    paint = Paint(console)
    for step in steps:
        sequence, *others = _header(step, clock.time(step.event.recorded_at))
        write_lines(folded_lines([(sequence, "cyan"), (GAP, ""), (GAP.join(others), "")], 0, console.width, paint))
        write_lines(lines_of_changes(step.changes, console.width, paint))


def _header(step: Step, time: str) -> tuple[str, ...]:
    event = step.event
    header = (
        shown_id(event.originator_id),
        f"version {event.originator_version}",
        f"position {event.global_position}",
        event.event_type,
        time,
    )
    return tuple(fields_on_one_line(header))

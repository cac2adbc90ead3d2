"""Sequences, on one line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from esjournal.cli.rendering.clock import Clock
from esjournal.cli.rendering.events import LINES_IN_A_PIECE
from esjournal.cli.rendering.eventtypes import name_of
from esjournal.cli.rendering.log import SHORT_ID, shortened_id, shortened_name
from esjournal.cli.rendering.paint import Painter, paint_of_pipe, unpainted
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, write, write_pieces
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.recordedevent import SEQUENCE_NAME
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.text import number

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

HEADINGS = ("sequence", "events", "versions", "last type", "first recorded", "last recorded")
SHORT_TYPE = 16
DAY = len("2026-01-31")
# Between columns on a terminal.
COLUMN_GAP = 3

# Made once: json.dumps would make one for each line.
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def print_sequences(
    sequences: Iterable[SequenceSummary],
    output_format: OutputFormat,
    clock: Clock,
    *,
    csv_safe: bool,
    named: bool = False,
) -> None:
    """Print summaries of sequences, streaming.

    Args:
        sequences: one or more summaries, in the order to print them.
        output_format: the output format.
        clock: tells the times on a terminal.
        csv_safe: in CSV, put an apostrophe before text that a spreadsheet would take for a formula.
        named: whether any sequence has a name, so that CSV has a column for it.
    """
    if output_format is not OutputFormat.TABLE:
        write_pieces(_texts(sequences, output_format, csv_safe, named))
    elif sys.stdout.isatty():
        console = screen()
        for table in sequence_tables(sequences, console, clock):
            console.print(table)
    else:
        _print_plain(sequences)


def _texts(
    sequences: Iterable[SequenceSummary], output_format: OutputFormat, csv_safe: bool, named: bool
) -> Iterator[str]:
    if output_format is OutputFormat.CSV:
        from esjournal.interchange import csvtext

        header = [name for name in SequenceSummary._fields if named or name != SEQUENCE_NAME]
        return csvtext.table_of(header, (sequence[: len(header)] for sequence in sequences), safe=csv_safe)
    lines = map(_line, sequences)
    if output_format is OutputFormat.NDJSON:
        return (f"{line}\n" for line in lines)
    return chain(["[\n", next(lines)], (f",\n{line}" for line in lines), ["\n]\n"])


def _line(sequence: SequenceSummary) -> str:
    values = sequence._asdict()
    if sequence.sequence_name is None:
        del values[SEQUENCE_NAME]
    return _encoded(values)


def _cells(found: SequenceSummary, short: bool, room: int = SHORT_ID) -> tuple[str, ...]:
    sequence = SequenceSummary._make(fields_on_one_line(found))
    if not short:
        return _whole_cells(sequence)
    name = sequence.sequence_name
    return (
        shortened_id(sequence.originator_id) if name is None else shortened_name(name, room),
        number(sequence.events),
        f"{sequence.first_version}..{sequence.last_version}",
        name_of(sequence.last_type),
        sequence.first_recorded_at[:DAY],
        sequence.last_recorded_at[:DAY],
    )


def _whole_cells(sequence: SequenceSummary) -> tuple[str, ...]:
    originator_id, events, first, last, last_type, first_recorded_at, last_recorded_at, name = sequence
    return (
        originator_id if name is None else name,
        number(events),
        f"{first}..{last}",
        last_type,
        first_recorded_at.replace(".000000", ""),
        last_recorded_at.replace(".000000", ""),
    )


def _print_plain(sequences: Iterable[SequenceSummary]) -> None:
    paint = paint_of_pipe()
    remaining = iter(sequences)
    header: list[Sequence[str]] = [HEADINGS]
    while piece := list(islice(remaining, LINES_IN_A_PIECE)):
        rows = [*header, *_plain_rows(piece)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        line = "  ".join(f"{{:{'>' if at == 1 else '<'}{width}}}" for at, width in enumerate(widths))
        if paint is unpainted:
            write("".join([f"{line.format(*row).rstrip()}\n" for row in rows]))
        else:
            write_pieces(_painted_line(row, widths, paint, is_header=row is HEADINGS) for row in rows)
        header = []


def _painted_line(row: Sequence[str], widths: Sequence[int], paint: Painter, *, is_header: bool) -> str:
    *cells, last = (
        f"{cell:>{width}}" if at == 1 else f"{cell:<{width}}"
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    styles = ("bold",) * len(row) if is_header else ("cyan", "", "", "", "dim", "dim")
    return f"{'  '.join(map(paint, (*cells, last.rstrip()), styles))}\n"


def _plain_rows(piece: list[SequenceSummary]) -> list[tuple[str, ...]]:
    # Hardly any text has something to escape: all together are looked at, in a sixth of the time of each alone.
    texts = [text for found in piece for text in (found.originator_id, found.last_type, found.sequence_name or "")]
    times = [time for found in piece for time in (found.first_recorded_at, found.last_recorded_at)]
    joined = "".join([*texts, *times])
    if on_one_line(joined) != joined:
        return [_cells(found, short=False) for found in piece]
    return [_whole_cells(found) for found in piece]


def sequence_tables(sequences: Iterable[SequenceSummary], console: Console, clock: Clock) -> Iterator[Table]:
    """Yield tables of sequences that look like one table when printed one after another.

    Args:
        sequences: their summaries.
        console: the console that will print them; if it is too narrow, ids, types and times are shortened.
        clock: tells the times.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    remaining = (_as_told(sequence, clock) for sequence in sequences)
    piece = list(islice(remaining, LINES_IN_A_PIECE))
    whole = _widths([0] * len(HEADINGS), [_cells(sequence, short=False) for sequence in piece])
    short = sum(whole) + COLUMN_GAP * (len(HEADINGS) - 1) > console.width
    # What the other columns leave of a narrow terminal is for names.
    _, events, versions, last_type, *times = _widths(
        [0] * len(HEADINGS), [_cells(sequence, short=True) for sequence in piece]
    )
    others = events + versions + min(last_type, SHORT_TYPE) + sum(times) + COLUMN_GAP * (len(HEADINGS) - 1)
    room = max(SHORT_ID, console.width - others)
    widths = [0] * len(HEADINGS)
    header = True
    while piece:
        rows = [_cells(sequence, short, room) for sequence in piece]
        widths = _widths(widths, rows)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=header, pad_edge=False)
        for heading, width, style in zip(HEADINGS, widths, ("cyan", "", "", "", "dim", "dim"), strict=True):
            justify: JustifyMethod = "right" if heading == "events" else "left"
            most = min(width, SHORT_TYPE) if short and heading == "last type" else width
            table.add_column(heading, justify=justify, width=most, overflow="fold", style=style)
        for row in rows:
            table.add_row(*map(Text, row))
        yield table
        header = False
        piece = list(islice(remaining, LINES_IN_A_PIECE))


def _as_told(sequence: SequenceSummary, clock: Clock) -> SequenceSummary:
    return sequence._replace(
        first_recorded_at=clock.time(sequence.first_recorded_at), last_recorded_at=clock.time(sequence.last_recorded_at)
    )


def _widths(before: list[int], rows: Sequence[Sequence[str]]) -> list[int]:
    columns = zip(HEADINGS, *rows, strict=True)
    return [max(width, *map(len, column)) for width, column in zip(before, columns, strict=True)]

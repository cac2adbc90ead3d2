"""Sequences, on one line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.parts.dimensions import LINES_IN_A_PIECE
from esjournal.cli.rendering.parts.eventtypes import style_of
from esjournal.cli.rendering.parts.paint import Paint, Painter, paint_of_pipe, unpainted
from esjournal.cli.terminal import fields_on_one_line, on_one_line, screen, write, write_pieces
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model.recordedevent import SEQUENCE_NAME
from esjournal.domain.model.sequencesummary import SequenceSummary
from esjournal.domain.text import number

HEADINGS = ("sequence", "events", "versions", "last type", "first recorded", "last recorded")
_HEADING_STYLES = ("bold",) * len(HEADINGS)

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
        from esjournal.cli.rendering.sequencescreen import sequence_texts

        console = screen()
        for text in sequence_texts(sequences, console.width, Paint(console), clock):
            sys.stdout.write(text)
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


def _whole_columns(piece: Sequence[SequenceSummary]) -> list[Sequence[str]]:
    # By columns: a million lines take half the time that they take with a function for each.
    ids, events, first, last, last_types, first_recorded, last_recorded, names = zip(*piece, strict=True)
    return [
        [originator_id if name is None else name for originator_id, name in zip(ids, names, strict=True)],
        list(map(number, events)),
        [f"{one}..{other}" for one, other in zip(first, last, strict=True)],
        last_types,
        _without_zero_fractions(first_recorded),
        _without_zero_fractions(last_recorded),
    ]


def _without_zero_fractions(times: Sequence[str]) -> Sequence[str]:
    return "\n".join(times).replace(".000000", "").split("\n")


def _print_plain(sequences: Iterable[SequenceSummary]) -> None:
    paint = paint_of_pipe()
    remaining = iter(sequences)
    header = [HEADINGS]
    while piece := list(islice(remaining, LINES_IN_A_PIECE)):
        columns = _whole_columns(shown_summaries(piece))
        widths = [max(map(len, column)) for column in columns]
        for headings in header:
            widths = list(map(max, widths, map(len, headings)))
        rows = zip(*columns, strict=True)
        if paint is unpainted:
            line = "  ".join([f"%{'' if at == 1 else '-'}{width}s" for at, width in enumerate(widths)])
            write("".join([f"{(line % row).rstrip()}\n" for row in chain(header, rows)]))
        else:
            write_pieces(_painted_line(headings, widths, paint, _HEADING_STYLES) for headings in header)
            write_pieces(_painted_line(row, widths, paint, _styles_of(row)) for row in rows)
        header = []


def _painted_line(row: Sequence[str], widths: Sequence[int], paint: Painter, styles: Sequence[str]) -> str:
    *cells, last = (
        f"{cell:>{width}}" if at == 1 else f"{cell:<{width}}"
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"{'  '.join(map(paint, (*cells, last.rstrip()), styles))}\n"


def _styles_of(row: Sequence[str]) -> Sequence[str]:
    return ("cyan", "", "", style_of(row[3]), "dim", "dim")


def shown_summaries(piece: list[SequenceSummary]) -> list[SequenceSummary]:
    """Return summaries as they may be shown: every text visible and on one line."""
    if not piece:
        return piece
    # Hardly any text has something to escape: all together are looked at, in a tenth of the time of each alone.
    ids, _, _, _, last_types, first_recorded, last_recorded, names = zip(*piece, strict=True)
    joined = "".join([*ids, *last_types, *first_recorded, *last_recorded, *filter(None, names)])
    if on_one_line(joined) != joined:
        return [SequenceSummary._make(fields_on_one_line(found)) for found in piece]
    return piece

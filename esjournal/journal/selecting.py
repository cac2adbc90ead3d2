"""What a file brings on its way into a journal: other names for types, only some of them, and only what fits there."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import compress

from esjournal.exceptions import InvalidLine
from esjournal.infrastructure.sqlalchemy.layouts.layout import Layout
from esjournal.interchange.batches import Batch, Read, batch_of


def selected(
    batches: Iterable[Batch],
    *,
    new_types: Mapping[str, str],
    only_types: Collection[str] = (),
    skipped_types: Collection[str] = (),
) -> Iterator[Batch]:
    """Yield batches with the events that are wanted, under the types that they are to have.

    Args:
        batches: what files hold.
        new_types: for types as the file has them, the ones to take their place.
        only_types: take only events of these types, as the file has them, where any is named.
        skipped_types: leave out events of these types, as the file has them.
    """
    for batch in batches:
        types = batch.columns[2]
        kept = [(not only_types or found in only_types) and found not in skipped_types for found in types]
        if not all(kept):
            columns = tuple(list(compress(column, kept)) for column in batch.columns)
            # In little room: an import into an empty file remembers them all to its end.
            lines = array("q", compress(batch.lines, kept))
            batch = replace(batch, columns=columns, lines=lines, left_out=len(kept) - len(lines))
        if not new_types.keys().isdisjoint(types):
            ids, versions, types, states, moments = batch.columns
            renamed = [new_types.get(found, found) for found in types]
            batch = replace(batch, columns=(ids, versions, renamed, states, moments))
        yield batch


def fitting(batches: Iterable[Batch], layout: Layout) -> Iterator[Batch]:
    """Yield batches in which an event that has no place in a layout is bad.

    Args:
        batches: what files hold.
        layout: that of the tables that the events are for.
    """
    for batch in batches:
        misfits = {index: reason for index, event in enumerate(batch.events) if (reason := layout.misfit(event))}
        if misfits:
            reads: list[Read] = [
                (line, InvalidLine(batch.source, line, misfits[index], event=event) if index in misfits else event)
                for index, (line, event) in enumerate(zip(batch.lines, batch.events, strict=True))
            ]
            bad = sorted([*batch.bad, *(read for _, read in reads if isinstance(read, InvalidLine))], key=_line_of)
            batch = replace(batch_of(batch.source, reads), bad=bad, left_out=batch.left_out)
        yield batch


def _line_of(bad_line: InvalidLine) -> int:
    return bad_line.line

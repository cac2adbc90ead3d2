"""Changing what a file brings on its way into a journal: other names for types, and only some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import compress

from esjournal.interchange.batches import Batch


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
            lines = list(compress(batch.lines, kept))
            batch = replace(batch, columns=columns, lines=lines, left_out=len(kept) - len(lines))
        if not new_types.keys().isdisjoint(types):
            ids, versions, types, states, moments = batch.columns
            renamed = [new_types.get(found, found) for found in types]
            batch = replace(batch, columns=(ids, versions, renamed, states, moments))
        yield batch

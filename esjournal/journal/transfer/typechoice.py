"""Events on their way into a journal: types are renamed, some are left out, and those that do not fit are bad."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import compress

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import any_named, are_new_names, name_of_id, names_of, new_name
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.layouts.base import LayoutStrategy
from esjournal.interchange.batches import Batch, Read, batch_of


class TypeSelection:
    """Which events are taken, by their types in the source, and which types get a new name.

    Args:
        new_types: the new names of types.
        only_types: take only events of these types, or of any type if this is empty; they may be patterns.
        skipped_types: leave out events of these types; they may be patterns.
    """

    def __init__(
        self, new_types: Mapping[str, str], only_types: Collection[str] = (), skipped_types: Collection[str] = ()
    ) -> None:
        self._new_types = new_types
        self._only = Patterns(only_types)
        self._skipped = Patterns(skipped_types)
        self._not_renamed = dict.fromkeys(new_types)
        self._any_seen = False

    def of(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield batches with the wanted events, under the new names of their types."""
        for batch in batches:
            present = set(batch.columns[2])
            self._any_seen = self._any_seen or bool(present)
            if unwanted := {found for found in present if not self._wants(found)}:
                kept = [found not in unwanted for found in batch.columns[2]]
                columns = tuple(list(compress(column, kept)) for column in batch.columns)
                # In little memory, because an import into an empty file keeps them all to its end.
                lines = array("q", compress(batch.lines, kept))
                batch = replace(batch, columns=columns, lines=lines, left_out=len(kept) - len(lines))
            if renamed := self._new_types.keys() & (present - unwanted):
                for old in renamed:
                    self._not_renamed.pop(old, None)
                ids, versions, types, *others = batch.columns
                new = [self._new_types.get(found, found) for found in types]
                batch = replace(batch, columns=(ids, versions, new, *others))
            yield batch

    def _wants(self, event_type: str) -> bool:
        # Both see every type, so that each knows which of its patterns matched nothing.
        skipped = self._skipped.match(event_type) if self._skipped else False
        return self._only.match(event_type) and not skipped

    def unused(self) -> list[str]:
        """Return the rules that no event matched, as options; none if there were no events."""
        if not self._any_seen:
            return []
        return [
            *(f"--only-type {shortened(pattern)}" for pattern in self._only.unmatched),
            *(f"--skip-type {shortened(pattern)}" for pattern in self._skipped.unmatched),
            *(f"--map-type {shortened(f'{old}={self._new_types[old]}')}" for old in self._not_renamed),
        ]


def fitting(batches: Iterable[Batch], events: SQLAlchemyActiveRecordStrategy[RecordedEvent]) -> Iterator[Batch]:
    """Yield batches in which events that the target cannot hold are bad.

    Args:
        batches: the events, and what is wrong with the lines between.
        events: the strategy that writes to the target.
    """
    misfit = events.misfit if isinstance(events, LayoutStrategy) else _misnaming
    for batch in batches:
        # A journal holds every event, but not every name; one that no other process sees holds those too.
        if misfit is _misnaming and not (events.session.is_shared and _may_be_misnamed(batch.columns[0])):
            yield batch
            continue
        reasons = map(misfit, batch.events)
        misfits = {index: reason for index, reason in enumerate(reasons) if reason is not None}
        if misfits:
            reads: list[Read] = [
                (line, InvalidLine(batch.source, line, misfits[index], event=event) if index in misfits else event)
                for index, (line, event) in enumerate(zip(batch.lines, batch.events, strict=True))
            ]
            bad = sorted([*batch.bad, *(read for _, read in reads if isinstance(read, InvalidLine))], key=_line_of)
            batch = replace(batch_of(batch.source, reads), bad=bad, left_out=batch.left_out)
        yield batch


def _may_be_misnamed(originator_ids: Sequence[str]) -> bool:
    return any_named(originator_ids) and not are_new_names(names_of(originator_ids).values())


def _misnaming(event: RecordedEvent) -> str | None:
    name = name_of_id(event.originator_id)
    return None if name is None else _why_no_name(name)


@lru_cache(maxsize=4_096)
def _why_no_name(name: str) -> str | None:
    try:
        new_name(name)
    except InvalidData as error:
        return str(error)
    return None


def _line_of(bad_line: InvalidLine) -> int:
    return bad_line.line

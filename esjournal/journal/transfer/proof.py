"""The proof of a copy: what was copied is read again, side by side with what is in the target."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import shown_id
from esjournal.interchange.batches import Batch
from esjournal.interchange.gcpause import uncollected
from esjournal.journal.compare.result import content_of, is_same_content
from esjournal.journal.compare.wording import difference
from esjournal.journal.inspect.digest import Digest
from esjournal.journal.transfer.alongside import Alongside
from esjournal.journal.transfer.target import Counterparts, EventFields


@dataclass
class Proof:
    """The result of a proof.

    `events` is how many were compared, `missing` and `differing` how many of them the target does not have or has with
    another content, and `first` describes the first of these. `dated_otherwise` counts events with another recording
    time in the target, and `undated` those with no recording time on one side; `respelt` counts states that are the
    same JSON value in the target, but another text.

    `digest` is the SHA-256 of both sides: of the lines of NDJSON in the order of the source, without global positions,
    and without recording times that are not the same on both sides. There is one digest for both, because equal events
    have equal lines. It is None if any event is missing, differs, or has another text.
    """

    events: int = 0
    missing: int = 0
    differing: int = 0
    dated_otherwise: int = 0
    undated: int = 0
    respelt: int = 0
    first: str | None = None
    digest: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the target has everything that was copied."""
        return not (self.missing or self.differing)


def prove(
    batches: Iterable[Batch],
    find: Counterparts,
    *,
    alongside: Alongside | None = None,
    on_positions: Callable[[Sequence[int | None]], None] = lambda positions: None,
    put_aside: Sequence[int] = (),
    by_value: bool = False,
    on_progress: Callable[[int], None] = lambda events: None,
) -> Proof:
    """Compare what was copied with what is in the target.

    Args:
        batches: the events, as they were copied.
        find: finds events in the target.
        alongside: reads the target at the same time; what it does not find is looked up.
        on_positions: called with the global positions of all events in the target, in order; None for a missing one.
        put_aside: the lines of events that were not copied, ascending.
        by_value: accept states that are the same JSON values in the target, but another text.
        on_progress: called repeatedly with the number of events compared so far.
    """
    proof, digest = Proof(), Digest()
    with uncollected():
        for batch in batches:
            copied = _without(batch, put_aside)
            columns: Sequence[Sequence[Any]] = copied.columns
            positions: Sequence[int | None] | None = None if alongside is None else alongside.positions_of(columns)
            if positions is None:
                events: Sequence[EventFields] = list(zip(*columns, strict=True))
                found = find(events)
                positions = [None if row is None else row[-1] for row in found]
                if [row and row[: len(columns)] for row in found] != events:
                    events = [
                        _compared(proof, event, row, f"{copied.source}:{line}", by_value)
                        for event, row, line in zip(events, found, copied.lines, strict=True)
                    ]
                    columns = list(zip(*events, strict=True))
            on_positions(positions)
            digest.update_columns(columns)
            proof.events += len(copied.lines)
            on_progress(proof.events)
    proof.digest = digest.hexdigest() if proof.holds and not proof.respelt else None
    return proof


def _compared(proof: Proof, event: EventFields, found: EventFields | None, place: str, by_value: bool) -> RecordedEvent:
    """Note what differs, and return the event as it is on both sides."""
    here = RecordedEvent(*event)
    there = None if found is None else RecordedEvent(*found)
    if there is not None and is_same_content(content_of(there), content_of(here), by_value=by_value):
        proof.respelt += (there.state, there.metadata) != (here.state, here.metadata)
        if there.event_id is None:
            here = here._replace(event_id=None)
        if there.recorded_at == here.recorded_at:
            return here
        if None in (there.recorded_at, here.recorded_at):
            proof.undated += 1
        else:
            proof.dated_otherwise += 1
        return here._replace(recorded_at=None)
    if there is None:
        proof.missing += 1
    else:
        proof.differing += 1
    if proof.first is None:
        what = "is missing" if there is None else f"is different: {difference(there, here)}"
        proof.first = f"{place}: sequence {shown_id(here.originator_id)}, version {here.originator_version} {what}"
    return here


def _without(batch: Batch, put_aside: Sequence[int]) -> Batch:
    if not batch.lines:
        return batch
    aside = {*put_aside[bisect_left(put_aside, batch.lines[0]) : bisect_right(put_aside, batch.lines[-1])]}
    if not aside:
        return batch
    kept = [line not in aside for line in batch.lines]
    columns = tuple(list(compress(column, kept)) for column in batch.columns)
    return Batch(batch.source, list(compress(batch.lines, kept)), columns)

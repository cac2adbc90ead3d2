"""The proof of a copy: what was copied is read once more, and what is there now beside it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.equality import mean_the_same
from esjournal.interchange.batches import Batch
from esjournal.interchange.gcpause import uncollected
from esjournal.journal.compare.wording import difference
from esjournal.journal.inspect.digest import Digest
from esjournal.journal.transfer.target import Counterparts, Event


@dataclass
class Proof:
    """What a proof came to.

    `events` is how many were held against what is there, `missing` and `differing` how many of them are not there or
    have another content, `first` says which one is the first of these. `dated_otherwise` counts events that were
    recorded at another time there, and `undated` those of which one side does not know when; `respelt` counts states
    that are the same JSON values, and another text there.

    `digest` is the SHA-256 of both sides: of the lines of NDJSON in the order of the source, without global positions,
    and without the moment of an event where the sides do not have the same one. It is one digest, because the lines of
    events that were compared and are equal are equal. None where some are missing, differ, or are spelt otherwise.
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
        """Whether all that was copied is there."""
        return not (self.missing or self.differing)


def prove(
    batches: Iterable[Batch],
    find: Counterparts,
    *,
    put_aside: Sequence[int] = (),
    by_value: bool = False,
    on_progress: Callable[[int], None] = lambda events: None,
) -> Proof:
    """Hold what was copied against what is there.

    Args:
        batches: the events, as they were copied.
        find: finds what is there of them.
        put_aside: the lines of events that were not copied, ascending.
        by_value: whether states may be spelt otherwise there, if they are the same JSON values.
        on_progress: is called with the number of events that were compared so far, again and again.
    """
    proof, digest = Proof(), Digest()
    with uncollected():
        for batch in batches:
            copied = _without(batch, put_aside)
            events: list[Event] = list(zip(*copied.columns, strict=True))
            found = find(events)
            if [row and row[:5] for row in found] != events:
                events = [
                    _compared(proof, event, row, f"{copied.source}:{line}", by_value)
                    for event, row, line in zip(events, found, copied.lines, strict=True)
                ]
            digest.update(events)
            proof.events += len(events)
            on_progress(proof.events)
    proof.digest = digest.hexdigest() if proof.holds and not proof.respelt else None
    return proof


def _compared(proof: Proof, event: Event, found: Event | None, place: str, by_value: bool) -> Event:
    """Note what differs, and return the event as it is on both sides."""
    if found is not None and _is_same(found, event, by_value):
        proof.respelt += found[3] != event[3]
        if found[4] == event[4]:
            return event
        if None in (found[4], event[4]):
            proof.undated += 1
        else:
            proof.dated_otherwise += 1
        return (*event[:4], None)
    if found is None:
        proof.missing += 1
    else:
        proof.differing += 1
    if proof.first is None:
        proof.first = f"{place}: sequence {event[0]}, version {event[1]} {_departure(event, found)}"
    return event


def _departure(event: Event, found: Event | None) -> str:
    if found is None:
        return "is not there"
    return f"is another one there: {difference(RecordedEvent(*found[:5]), RecordedEvent(*event))}"


def _is_same(found: Event, event: Event, by_value: bool) -> bool:
    if found[2:4] == event[2:4]:
        return True
    return bool(by_value and found[2] == event[2] and mean_the_same(found[3], event[3]))


def _without(batch: Batch, put_aside: Sequence[int]) -> Batch:
    if not batch.lines:
        return batch
    aside = {*put_aside[bisect_left(put_aside, batch.lines[0]) : bisect_right(put_aside, batch.lines[-1])]}
    if not aside:
        return batch
    kept = [line not in aside for line in batch.lines]
    columns = tuple(list(compress(column, kept)) for column in batch.columns)
    return Batch(batch.source, list(compress(batch.lines, kept)), columns)

"""Counting the events of a journal: by type, over time, and in each sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from esjournal.domain.periods import Period, crowd_of, finest
from esjournal.exceptions import InvalidData, StoreDamaged
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.reports.eventcounts import EventCounts
from esjournal.interchange.formats import is_file_of_events
from esjournal.journal.journal import Journal

# As many periods as a plot has room for on a wide terminal.
MOST_PERIODS = 120
LONGEST_SEQUENCES = 10
_LAST_TIME = "9999-12-31T23:59"


@dataclass(frozen=True)
class LongSequence:
    """A sequence, how many events it has, and its last version."""

    originator_id: str
    events: int
    last_version: int


@dataclass(frozen=True)
class Counted:
    """The counts of a journal.

    `size` is in bytes on disk, None if only some events are counted; `first_recorded_at` and `last_recorded_at` are the
    earliest and latest times, None without events. `types` has the number of events of each type, most frequent first;
    `periods` has that of each period with events, in order of time, and `by` says how long a period is. `longest`
    begins with the longest one.
    """

    events: int
    sequences: int
    size: int | None
    first_recorded_at: str | None
    last_recorded_at: str | None
    types: dict[str, int]
    by: Period
    periods: dict[str, int]
    longest: list[LongSequence]


def count_events(journal: Journal, *, by: Period | None = None, sized: bool = True, crowded: bool = False) -> Counted:
    """Count the events of a journal, up to the last one there at the beginning.

    Memory grows with the number of types and of periods, and not with that of events and sequences.

    Args:
        journal: an open journal.
        by: the length of the periods; by default the finest of which the journal needs at most MOST_PERIODS.
        sized: whether to find the size of the journal.
        crowded: whether a few events that are far away from all others have no say in the length of the periods.

    Raises:
        StoreDamaged: a recording time in the journal is not a time.
    """
    until = journal.events.last_global_position()
    counted = journal.events.session.event_counts(RecordedEventRecord.__table__, until)
    times = counted.first_and_last_time()
    first, last = times or (None, None)
    try:
        period = by or (finest(*times, most=MOST_PERIODS) if times else Period.DAY)
        types, periods = _counts(counted, period)
        while crowded and by is None and (finer := _finer(periods, period)):
            period = finer
            types, periods = _counts(counted, period)
    except InvalidData as error:
        raise StoreDamaged(journal.shown_url, str(error)) from None
    sequences, longest = counted.sequences(LONGEST_SEQUENCES)
    named = journal.events.named([originator_id for originator_id, _ in longest])
    return Counted(
        events=types.total(),
        sequences=sequences,
        size=_size(journal, counted) if sized else None,
        first_recorded_at=first,
        last_recorded_at=last,
        types=dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))),
        by=period,
        periods=dict(sorted(periods.items())),
        longest=[
            LongSequence(originator_id, events, counted.last_version(originator_id))
            for originator_id, (_, events) in zip(named, longest, strict=True)
        ],
    )


def _counts(counted: EventCounts, period: Period) -> tuple[Counter[str], Counter[str]]:
    """Return the number of events of each type, and of each period."""
    types: Counter[str] = Counter()
    periods: Counter[str] = Counter()
    for rows in counted.by_type_and_period(period):
        for event_type, name, events in rows:
            types[event_type] += events
            periods[name] += events
    for name in periods:
        period.number(name)
    return types, periods


def _finer(periods: Mapping[str, int], period: Period) -> Period | None:
    """Return the period that suits the events without a few that are far away, if it is shorter than another one."""
    numbered = {period.number(name): events for name, events in periods.items()}
    if not numbered:
        return None
    crowd = crowd_of(numbered)
    if crowd == (min(numbered), max(numbered), 0, 0) or crowd.last == period.number(_LAST_TIME):
        return None
    found = finest(period.beginning(crowd.first), period.beginning(crowd.last + 1), most=MOST_PERIODS)
    return found if found.characters > period.characters else None


def _size(journal: Journal, counted: EventCounts) -> int:
    if is_file_of_events(journal.shown_url):
        return Path(journal.shown_url).stat().st_size
    return counted.bytes_on_disk()

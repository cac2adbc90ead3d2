"""Events to test with: one, many, and arbitrary ones (hypothesis)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.interchange import ndjson
from esjournal.interchange.batches import Batch, Read

ID = "9b300b13-4410-51bf-85ca-234c8cea73da"
OTHER_ID = "1f0e8a52-77aa-5d0c-a0f8-3f1f2f6b2c11"
TIME = "2026-01-31T12:00:00.000000Z"


def event(version: int | None = 0, state: str = "{}", *, of: str = ID, event_type: str = "a.b#C") -> RecordedEvent:
    return RecordedEvent(of, version, event_type, state, TIME)


def row_of(event: RecordedEvent, position: int | None = None) -> EventRow:
    """An event as pages contain it: a plain tuple, with its version and its global position."""
    version, at = event.originator_version, event.global_position if position is None else position
    assert version is not None
    assert at is not None
    originator_id, _, event_type, state, recorded_at, metadata, event_id, _ = event
    return originator_id, version, event_type, state, recorded_at, metadata, event_id, at


def sequence(count: int, *, of: str = ID) -> list[RecordedEvent]:
    return [event(version, f'{{"n":{version}}}', of=of) for version in range(count)]


def generated(count: int, *, sequences: int = 50) -> Iterator[RecordedEvent]:
    """Many events of many sequences in turn, made one at a time."""
    for index in range(count):
        version, number = divmod(index, sequences)
        yield event(version, f'{{"price":{index}.10,"seat":"A"}}', of=str(UUID(int=number + 1)))


def json_states() -> st.SearchStrategy[str]:
    """JSON objects as text, written in ways that other programs would change."""
    scalars = st.one_of(
        st.sampled_from(["1.10", "-0", "1E5", "1e-400", "9" * 40, "null", "true", '"\\ud800"', '"\\u0000"', '"\\/"']),
        st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)),
        st.text(max_size=8).map(json.dumps),
    )
    space = st.sampled_from(["", "", "", " ", "\t", "\n", "\r"])
    keys = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"é"', '"\u2028"'])

    def grown(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(arrays(values), objects(values))

    def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.lists(values, max_size=3).map(lambda items: f"[{','.join(items)}]")

    def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        members = st.lists(st.tuples(keys, space, values), max_size=3)
        return st.tuples(space, members).map(
            lambda given: f"{{{given[0]}{','.join(f'{key}:{gap}{value}' for key, gap, value in given[1])}}}"
        )

    return objects(st.recursive(scalars, grown, max_leaves=5))


def states() -> st.SearchStrategy[str]:
    """Every kind of state that a journal may hold: JSON objects, and opaque text."""
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
    return st.one_of(json_states().filter(lambda state: "\0" not in state), text)


@st.composite
def recorded_events(draw: st.DrawFn) -> RecordedEvent:
    """Any event as a journal returns it."""
    printable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=20)
    time = draw(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))
    return RecordedEvent(
        str(draw(st.uuids())),
        draw(st.one_of(st.integers(0, 5), st.integers(0, rules.MAX_VERSION))),
        draw(printable),
        draw(states()),
        f"{time.isoformat(timespec='microseconds')}Z",
        draw(st.none() | json_states()),
        draw(st.none() | st.uuids().map(str)),
        draw(st.integers(1, rules.MAX_VERSION)),
    )


def reads(batches: Iterable[Batch]) -> Iterator[Read]:
    """Yield the content of batches, line by line, with the positions that lines give."""
    for batch in batches:
        positions = batch.positions or [None] * len(batch.lines)
        events = map(RecordedEvent, *batch.columns, positions)
        found: list[Read] = [*zip(batch.lines, events, strict=True)]
        found += [(line.line, line) for line in batch.bad]
        yield from sorted(found, key=lambda read: read[0])


def event_of(line: bytes) -> RecordedEvent:
    """Return the event of one line, as if it were a file; raise what is wrong with it."""
    columns = ndjson._columns_of(line, 1) if b"\n" not in line else None
    return RecordedEvent(*(value for (value,) in columns)) if columns is not None else ndjson._slowly(line)

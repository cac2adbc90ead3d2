"""States as eventsourcing 2 to 4 wrote them: read as the values that they stood for, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import MappingError
from esjournal.infrastructure.seedtranscoding import Eventsourcing4Transcoder
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.transcoding import JSONTranscoder

TOPIC = "eventsourcing.domain.model.events#DomainEvent"


@dataclass
class Address:
    street: str
    since: date | None = None


def decoded(value: Any) -> Any:
    return Eventsourcing4Transcoder().decode(json.dumps({"a": value}))["a"]


# Each as eventsourcing 2.1.1 and 4.0.0 write it.
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"UUID": "9b300b13441051bf85ca234c8cea73da"}, UUID("9b300b13-4410-51bf-85ca-234c8cea73da")),
        ({"ISO8601_datetime": "2017-09-01T12:30:00.000001"}, datetime(2017, 9, 1, 12, 30, 0, 1)),
        ({"ISO8601_datetime": "2017-09-01T12:30:00.000000+0000"}, datetime(2017, 9, 1, 12, 30, tzinfo=UTC)),
        (
            {"ISO8601_datetime": "2017-09-01T12:30:00.000000-0330"},
            datetime(2017, 9, 1, 12, 30, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
        ),
        ({"ISO8601_date": "2017-09-01"}, date(2017, 9, 1)),
        ({"ISO8601_time": "12:30:00.000000"}, time(12, 30)),
        ({"__decimal__": "1.10"}, Decimal("1.10")),
        (
            {
                "__class__": {
                    "topic": f"{__name__}#Address",
                    "state": {"street": "x", "since": {"ISO8601_date": "2017-09-01"}},
                }
            },
            Address("x", date(2017, 9, 1)),
        ),
        ([1, [2, {"ISO8601_date": "2017-09-01"}]], [1, [2, date(2017, 9, 1)]]),
        ({"x": {"UUID": "00000000000000000000000000000001"}}, {"x": UUID(int=1)}),
        ({"UUID": "x", "more": 1}, {"UUID": "x", "more": 1}),
        ({"uuid": "x"}, {"uuid": "x"}),
        (1.5, 1.5),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(written: Any, value: Any) -> None:
    found = decoded(written)
    assert (found, type(found)) == (value, type(value))
    if isinstance(value, datetime):
        assert found.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(
    "written",
    [
        {"UUID": "9b300b13-4410-51bf-85ca-234c8cea73da"},
        {"UUID": "no"},
        {"UUID": 5},
        {"UUID": {"UUID": "00000000000000000000000000000001"}},
        {"ISO8601_datetime": "2017-09-01"},
        {"ISO8601_datetime": None},
        {"ISO8601_date": "20170901"},
        {"ISO8601_time": "12:30"},
        {"__decimal__": "1_0"},
        {"__decimal__": "ten"},
        {"__class__": f"{__name__}#Address"},
        {"__class__": {"topic": f"{__name__}#Address"}},
        {"__class__": {"topic": "subprocess#Popen", "state": {"args": "x"}}},
        {"__class__": {"topic": f"{__name__}#Address", "state": [1]}},
    ],
    ids=repr,
)
def test_what_that_library_never_wrote_is_a_mapping_error(written: Any) -> None:
    with pytest.raises(MappingError):
        decoded(written)


def test_events_of_that_library_are_read_and_new_ones_written_to_the_same_table() -> None:
    mapper = SequencedItemMapper(StoredEvent, transcoder=Eventsourcing4Transcoder())
    sequence = uuid4()
    state = (
        '{"__event_hash__":"6d3f","__event_topic__":"x#Y","customer":{"UUID":"00000000000000000000000000000001"},'
        '"timestamp":1504269000.123456}'
    )
    old = mapper.from_sequenced_item(StoredEvent(sequence, 0, TOPIC, state))
    assert vars(old) == {
        "originator_id": sequence,
        "originator_version": 0,
        "customer": UUID(int=1),
        "timestamp": 1504269000.123456,
    }
    again = mapper.to_sequenced_item(old)
    assert '"_type_":"uuid"' in again.state
    assert mapper.from_sequenced_item(again) == old


def test_a_dictionary_that_looks_like_a_value_of_that_library_comes_back_as_it_was() -> None:
    values = {"a": {"UUID": "x"}, "b": [{"__class__": {"topic": "x"}}], "c": {"ISO8601_date": "2017-09-01"}, "d": {}}
    transcoder = Eventsourcing4Transcoder()
    assert transcoder.decode(transcoder.encode(values)) == values
    assert JSONTranscoder().decode(transcoder.encode(values)) == values


def test_a_state_of_that_library_is_not_taken_for_values_by_default() -> None:
    event = SequencedItemMapper(StoredEvent).from_sequenced_item(StoredEvent(uuid4(), 0, TOPIC, '{"a":{"UUID":"x"}}'))
    assert isinstance(event, DomainEvent)
    assert event.a == {"UUID": "x"}

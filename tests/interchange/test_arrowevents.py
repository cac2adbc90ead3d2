"""Events as Arrow batches: what DuckDB reads in them is what is stored."""

from __future__ import annotations

import json

import duckdb
import pytest

from esjournal.domain.model.sequencenames import id_of_name
from esjournal.interchange.arrowevents import FIELDS, SCHEMA, as_read, batch_of, completed
from tests.helpers.events import ID

STATES = [
    '{"n":12345678901234567890123}',
    '{"n":-12345678901234567890123}',
    '{"n":18446744073709551616}',
    '{"n":0.1000000000000000055511151231257827}',
    '{"n":12345678901234567.89}',
    '{"n":0.30000000000000004}',
    '{"n":1780000000.123456}',
    '{"n":1e400}',
    '{"n":1e-400}',
    '{"n":47.56}',
    '{"n":-0.5}',
]


def read(*states: str) -> list[str | None]:
    """Return the member `n` of each state, as DuckDB reads it from a batch."""
    batch = completed(batch_of({"state": states}, ["state"]))
    table = duckdb.connect().from_arrow(batch)
    return [value for (value,) in table.project("state->>'n'").fetchall()]


@pytest.mark.parametrize("state", STATES)
def test_a_number_is_read_with_all_its_digits(state: str) -> None:
    assert read(state) == [state[len('{"n":') : -1]]


@pytest.mark.parametrize(
    "state",
    [
        '{"text":"1780000000.1234567890123"}',
        '{"id":"0e4e7dd4-0e-4113-9c10-111111111111","escaped":"\\\\ud800 \\" 0.1000000000000000055511151"}',
        '{"emoji":"\\ud83d\\ude00","a":[1.5,{"b":12345678901234567890}]}',
        '{"sum":0.30000000000000004, "huge":1e400}',
        "{}",
    ],
)
def test_a_state_that_duckdb_reads_as_it_is_stays_as_it_is(state: str) -> None:
    assert as_read(state) == state


def test_half_of_a_surrogate_pair_is_replaced_and_the_rest_stays() -> None:
    assert json.loads(as_read('{"a":"x\\ud800y","b":"\\ude00\\ud83d\\ude00"}')) == {
        "a": "x\ufffdy",
        "b": "\ufffd\U0001f600",
    }
    assert read('{"n":"x\\ud800"}') == ["x\ufffd"]


@pytest.mark.parametrize("state", ["gAAAAB", "[1,"])
def test_a_state_that_is_not_json_is_a_string(state: str) -> None:
    assert json.loads(as_read(state)) == state
    assert read(state) == [None]


def test_only_the_wanted_columns_have_values() -> None:
    named = id_of_name("order-1")
    fields: dict[str, list[str | None]] = {
        "originator_id": [named, ID],
        "recorded_at": ["2026-01-31T12:00:00.000001Z", None],
    }
    rows = completed(batch_of(fields, ["id", "name", "recorded_at"])).to_pylist()
    assert [row["name"] for row in rows] == ["order-1", None]
    assert [row["id"] for row in rows] == [str(named), ID]
    assert rows[0]["recorded_at"].microsecond == 1
    assert all(row[name] is None for row in rows for name in FIELDS if name not in ("id", "name", "recorded_at"))
    assert list(FIELDS) == SCHEMA.names

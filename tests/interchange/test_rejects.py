"""Rejects: rejected events and lines are read back unchanged, with their source and the reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import ConcurrencyError, InvalidData, InvalidLine
from esjournal.interchange import ndjson
from esjournal.interchange.rejects import ConflictingEvent, reject_line
from tests.helpers.events import ID, event, event_of, recorded_events


def line_of_bad(text: str) -> str:
    return reject_line(InvalidLine("e.ndjson", 7, "why", text))


def reject_of(line: str) -> dict[str, object]:
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    found = json.loads(line)["reject"]
    assert isinstance(found, dict)
    return found


def test_a_bad_event_keeps_its_fields_as_they_were_and_gets_the_reason() -> None:
    text = '{"event_type": "", "state":{"price": 1.10},"x":[1 , 2] }'
    assert line_of_bad(text) == (
        '{"event_type":"","state":{"price": 1.10},"x":[1 , 2],"reject":{"source":"e.ndjson","line":7,"reason":"why"}}\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        '{"a":1',
        "[1]",
        '"{}"',
        "{}",
        '{"a":1} {"b":2}',
        '{"state":{"a":NaN}}',
        '{"state":{"a":1e400}}',
        '{"a":"\0"}',
        "\\xff \x1b]52;c;AAAA\x07 \u2028",
        '{"a":' * 600 + "1" + "}" * 600,
        f'{ID},0,a#B,"{{""a"": 1}}"',
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_line_that_is_not_a_json_object_is_kept_as_a_string(text: str) -> None:
    line = line_of_bad(text)
    assert reject_of(line) == {"source": "e.ndjson", "line": 7, "reason": "why", "text": text}
    assert list(json.loads(line)) == ["reject"]


def test_an_earlier_reject_gives_way_to_the_new_one() -> None:
    again = line_of_bad(line_of_bad('{"event_type":""}').replace("why", "before"))
    assert again == line_of_bad('{"event_type":""}')


def test_a_reject_that_is_not_fixed_is_kept_because_nothing_else_has_its_text() -> None:
    before = line_of_bad("foo")
    assert reject_line(InvalidLine("rejects.ndjson", 1, "not mended", before.rstrip("\n"))) == before


def test_a_conflict_keeps_the_event_without_a_position_and_says_what_stands_in_its_place() -> None:
    found = event(3, '{"price": 1.10}')._replace(global_position=9)
    line = reject_line(ConflictingEvent("e.ndjson", 7, found, ConcurrencyError(ID, 3, 5, False)))
    assert reject_of(line)["reason"] == (
        f"sequence {ID}: version 3 is taken by a different event, the sequence is at version 5; "
        f"read it again and append after that"
    )
    assert '"state":{"price": 1.10},' in line
    assert set(json.loads(line)) == {"originator_id", "originator_version", "event_type", "state", "recorded_at"} | {
        "reject"
    }
    assert event_of(line.encode()) == found._replace(global_position=None)


@given(recorded_events(), st.booleans(), st.booleans())
def test_any_event_that_was_put_aside_is_read_back_from_its_line(event: RecordedEvent, timed: bool, bad: bool) -> None:
    expected = event._replace(global_position=None, recorded_at=event.recorded_at if timed else None)
    if bad:
        problem: InvalidLine | ConflictingEvent = InvalidLine("e", 1, "gap", event=expected)
    else:
        problem = ConflictingEvent("e", 1, expected, ConcurrencyError(expected[0], expected[1], expected[1], False))
    assert event_of(reject_line(problem).encode()) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_is_lost_and_none_is_imported_before_it_is_fixed(text: str) -> None:
    line = line_of_bad(text)
    found = reject_of(line)
    assert found.get("text", text) == text
    if "text" in found:
        with pytest.raises(InvalidData, match="put aside and is not fixed"):
            event_of(line.encode())


@pytest.mark.parametrize("reject", ['"x"', "null", "1", '{"reason":"why"}', '"\\ud800"', "9" * 5_000])
def test_import_ignores_whatever_stands_in_reject(reject: str) -> None:
    whole = ndjson.line_of(event(0)._replace(global_position=1))
    line = f'{whole[:-1]},"reject":{reject}}}'
    assert event_of(line.encode()) == event(0)._replace(global_position=1)


def test_a_line_with_nothing_but_a_reject_gets_the_advice_to_fix_it() -> None:
    with pytest.raises(InvalidData, match="the line was put aside and is not fixed: add the event to the members"):
        event_of(line_of_bad("foo").encode())


def test_an_event_that_does_not_say_when_it_was_recorded_is_put_aside_as_it_is() -> None:
    unknown = event()._replace(recorded_at=None)
    line = reject_line(InvalidLine("file", 1, "why", event=unknown))
    assert [*json.loads(line)] == ["originator_id", "originator_version", "event_type", "state", "reject"]

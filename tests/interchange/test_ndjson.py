"""NDJSON: what was written is read back unchanged, and each refusal says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, name_of_id
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange import ndjson
from esjournal.interchange.bytestreams import byte_stream
from tests.helpers.events import ID, TIME, event, event_of, json_states, reads, recorded_events

DEEPEST = rules.MAX_STATE_DEPTH


def line(
    state: str = "{}",
    *,
    originator_id: str = f'"{ID}"',
    originator_version: str = "0",
    event_type: str = '"a.b#C"',
    more: str = "",
) -> bytes:
    return (
        f'{{"originator_id":{originator_id},"originator_version":{originator_version},'
        f'"event_type":{event_type},"state":{state}{more}}}'
    ).encode("utf-8", "surrogatepass")


def nested(depth: int, innermost: str = "{}") -> str:
    return '{"a":' * (depth - 1) + innermost + "}" * (depth - 1)


@pytest.mark.parametrize(
    "state",
    [
        "{}",
        '{"price":1.10}',
        '{"b":1,"a":2}',
        '{"a":1,"a":2}',
        '{ "a" : [ 1 , 2 ] }',
        '{"a":"\u2028\u2029\u0085"}',
        '{"a":"\\u2028\\/\\u00e9\\u0000"}',
        '{"a":"\\ud800"}',
        '{"a":"\\ud83d\\ude00 and \U0001f600"}',
        '{"a":' + "9" * 5_000 + "}",
        '{"a":-0,"b":1E5,"c":1e-400,"d":18446744073709551616}',
        '{"a":"\x7f\x9b\u202e"}',
        nested(DEEPEST),
        nested(DEEPEST, '{"a":"\\ud800"}'),
    ],
)
def test_a_json_object_stands_in_the_line_as_it_is_and_comes_back_byte_for_byte(state: str) -> None:
    event = RecordedEvent(ID, 0, "a.b#C", state, "2026-01-31T12:00:00.000000Z", global_position=17)
    text = ndjson.line_of(event)
    assert f'"state":{state},"recorded_at"' in text
    assert event_of(text.encode()).state == state


@pytest.mark.parametrize(
    "state",
    [
        "",
        "gAAAAABl=",
        '"text"',
        '"{}"',
        "null",
        "[1]",
        '{"a":1}\n',
        ' {"a":1}',
        '{"a":\n1}',
        '{"a":\r1}',
        '{"a":NaN}',
        '{"a":1e400}',
        '{"a":1} {"b":2}',
        '{"a":"\t"}',
        nested(DEEPEST + 1),
        '\\ and " and \u2028 and \x1b]52;c;AAAA\x07',
    ],
)
def test_any_other_text_stands_in_the_line_as_a_string_and_comes_back_byte_for_byte(state: str) -> None:
    text = ndjson.line_of(RecordedEvent(ID, 0, "a.b#C", state, "2026-01-31T12:00:00.000000Z", global_position=17))
    assert json.loads(text)["state"] == state
    assert "\n" not in text
    assert event_of(text.encode()).state == state


def test_a_line_is_what_the_interchange_format_says() -> None:
    event = RecordedEvent(ID, 3, 'a.b#"C"', '{"foo":"bar"}', "2026-01-31T12:00:00.000000Z", global_position=17)
    assert ndjson.line_of(event) == (
        f'{{"originator_id":"{ID}","originator_version":3,"event_type":"a.b#\\"C\\"","state":{{"foo":"bar"}},'
        f'"recorded_at":"2026-01-31T12:00:00.000000Z","global_position":17}}'
    )


@given(recorded_events())
def test_any_event_written_as_a_line_reads_back_as_it_was(event: RecordedEvent) -> None:
    text = ndjson.line_of(event)
    assert "\n" not in text
    assert event_of(text.encode()) == event
    if isinstance(json.loads(text)["state"], dict):
        assert f'"state":{event.state},' in text


@settings(max_examples=20)
@given(st.lists(recorded_events(), max_size=5))
def test_many_events_are_written_as_their_lines_one_under_another(events: list[RecordedEvent]) -> None:
    assert "".join(ndjson.write(events)) == "".join(f"{ndjson.line_of(event)}\n" for event in events)


def test_more_events_than_are_written_at_a_time_are_all_written() -> None:
    event = RecordedEvent(ID, 0, "a", "{}", "2026-01-31T12:00:00.000000Z", global_position=1)
    count = 2 * ndjson.LINES_AT_A_TIME + 1
    assert "".join(ndjson.write([event] * count)).count("\n") == count


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "not a JSON object: .* at column 2; an event looks like"),
        (b"[]", "not a JSON object: Expecting '{' at column 1"),
        (b"null", "not a JSON object"),
        (b"hello", "not a JSON object"),
        (b"{}", "not a JSON object"),
        (line() + b"x", "not a JSON object: Extra data"),
        (line() + b"\r" + line(), "not a JSON object: Extra data"),
        (line(more=',"x":1'), "unknown field 'x': remove it"),
        (line(more=',"\\u001b":1'), r"unknown field '\\x1b': remove it"),
        (b'{"originator_id":"' + ID.encode() + b'"}', "has no originator_version"),
        (line(originator_id="1"), "originator_id is '1': write a JSON string"),
        (line(originator_id='"urn:uuid:1"'), "'urn:uuid:1' is not a UUID"),
        (line(originator_version="-1"), "'-1' is not a version"),
        (line(originator_version="-0"), "'-0' is not a version"),
        (line(originator_version="1.0"), "'1.0' is not a version"),
        (line(originator_version='"1"'), "is not a version"),
        (line(originator_version="true"), "'true' is not a version"),
        (line(originator_version="null"), "'null' is not a version"),
        (line(originator_version=str(2**63)), "is not a version"),
        (line(originator_version="9" * 5_000), "is not a version"),
        (line(event_type='""'), "event_type is empty"),
        (line(event_type="null"), "event_type is 'null': write a JSON string"),
        (line(event_type='"a\\nb"'), r"control character U\+000A at column 2"),
        (line(event_type='"a\\ud800"'), r"U\+D800 at column 2"),
        (line("1"), "state '1' is JSON, but not an object"),
        (line("null"), "state 'null' is JSON, but not an object"),
        (line("[{}]"), "is JSON, but not an object"),
        (line('{"a":NaN}'), "state has NaN, which is not JSON"),
        (line('{"a":-Infinity}'), "state has -Infinity, which is not JSON"),
        (line(more=',"metadata":{"a":NaN}'), "state or metadata has NaN, which is not JSON"),
        (line('{"a":1e400}'), "'1e400', which is beyond a double"),
        (line('"\\u0000"'), r"raw U\+0000 at column 1"),
        (line('"\\udc00"'), "half of a surrogate pair at column 1"),
        (line('{"a":"\0"}'), "not a JSON object: Invalid control character"),
        (line('{"a":"\ud800"}'), "byte 0xed at byte .* is not UTF-8"),
        (b'{"originator_id":"\xff"}', "byte 0xff at byte 19 is not UTF-8"),
        (line(nested(DEEPEST + 1)), f"nested deeper than {DEEPEST} levels"),
        (line("[" * 100_000), f"nested deeper than {DEEPEST} levels"),
        (line(nested(100_000)), f"nested deeper than {DEEPEST} levels"),
        (line(more=',"recorded_at":"yesterday"'), "recorded_at 'yesterday' is not a time"),
        (line(more=',"recorded_at":1'), "recorded_at is '1': write a JSON string"),
        (line(more=',"global_position":0'), "global_position '0' is not a position"),
        (line(more=',"global_position":"1"'), "is not a position"),
        (line(more=f',"global_position":{2**63}'), "is not a position"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_line_that_is_not_an_event_is_refused_with_the_reason(text: bytes, message: str) -> None:
    with pytest.raises(InvalidData, match=message) as caught:
        event_of(text)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_time_and_position_may_be_missing_or_null() -> None:
    expected = RecordedEvent(ID, 0, "a.b#C", "{}", None, None)
    assert event_of(line()) == expected
    assert event_of(line(more=',"recorded_at":null,"global_position":null')) == expected


def test_fields_come_back_in_their_canonical_spelling() -> None:
    more = ',"recorded_at":"2026-01-31 13:00:00.5+01:00"'
    event = event_of(line(originator_id=f'"{ID.upper()}"', more=more))
    assert (event.originator_id, event.recorded_at) == (ID, "2026-01-31T12:00:00.500000Z")


def verdict(read: Callable[[bytes], object], text: bytes) -> object:
    try:
        return read(text)
    except InvalidData as error:
        return str(error)


odd_numbers = st.sampled_from(["-0", "0", "1.0", "-1", "1e0", "00", "1E400", "NaN", "true", '"1"', "[]", "-0.0"])
odd_strings = st.sampled_from(
    ['"\\ud800"', '"\\u0000"', '"\t"', '"é"', "null", '"' + ID + '"', f'"{ID.upper()}"', '""']
)
numbers = st.one_of(odd_numbers, st.integers(-2, 2**65).map(str))
strings = st.one_of(odd_strings, st.text(max_size=8).map(json.dumps))


@given(
    identity=st.one_of(st.just(f'"{ID}"'), strings),
    version=numbers,
    event_type=strings,
    state=st.one_of(json_states(), strings, numbers, st.just(nested(DEEPEST))),
    more=st.one_of(
        st.just(""),
        numbers.map(lambda value: f',"global_position":{value}'),
        strings.map(lambda value: f' , "recorded_at" : {value} '),
        strings.map(lambda value: f',"state":{value}'),
        st.just(',"recorded_at":"2026-01-31T12:00:00Z"\r'),
    ),
)
@example(identity=f'"{ID}"', version="-0", event_type='"a"', state="{}", more="")
@example(identity=f'"{ID}"', version="0", event_type='"a"', state=nested(DEEPEST), more="")
@example(identity=f'"{ID}"', version="0", event_type='"a"', state=nested(DEEPEST + 1), more="")
@example(identity=f'"{ID}"', version="0", event_type='"a"', state="{}", more=f',"global_position":{2**63}')
def test_the_fast_way_and_the_slow_way_come_to_the_same_verdict(
    identity: str, version: str, event_type: str, state: str, more: str
) -> None:
    text = line(state, originator_id=identity, originator_version=version, event_type=event_type, more=more)
    assert verdict(event_of, text) == verdict(ndjson._slowly, text)


def escaped(name: str, at: int | None) -> str:
    return name if at is None else f"{name[:at]}\\u{ord(name[at]):04x}{name[at + 1 :]}"


members = st.tuples(
    st.sampled_from(
        [
            ("originator_id", f'"{ID}"'),
            ("originator_version", "0"),
            ("originator_version", "-0"),
            ("event_type", '"a"'),
            ("event_type", '"state"'),
            ("event_type", '"a\\u0062"'),
            ("state", "{}"),
            ("state", '{"state":"state"}'),
            ("state", '{"a":"\\"","a":1}'),
            ("state", '"opaque"'),
            ("recorded_at", "null"),
            ("recorded_at", '"2026-01-31T12:00:00.000000Z"'),
            ("global_position", "1"),
            ("global_position", "null"),
            ("sequence_name", "null"),
            ("sequence_name", f'"{ID}"'),
            ("reject", "1"),
        ]
    ),
    st.one_of(st.none(), st.none(), st.integers(0, 4)),
    st.sampled_from(["", " "]),
)


@given(st.lists(members, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_members_twice_and_names_with_escapes_get_the_same_verdict_both_ways(
    more: list[tuple[tuple[str, str], int | None, str]], random: Random
) -> None:
    required = {"originator_id": f'"{ID}"', "originator_version": "1", "event_type": '"a"', "state": "{}"}
    for (name, value), _, _ in more[::2]:
        required[name] = value
    texts = [f'"{name}":{value}' for name, value in required.items()]
    texts += [f'{space}"{escaped(name, at)}"{space}:{space}{value}' for (name, value), at, space in more[1::2]]
    random.shuffle(texts)
    text = f"{{{','.join(texts)}}}".encode()
    assert verdict(event_of, text) == verdict(ndjson._slowly, text)


@pytest.mark.parametrize("spelt", ["{name}", "{escaped}"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("originator_id", f'"{ID}"'),
        ("originator_version", "0"),
        ("event_type", '"other"'),
        ("state", '{"a":1}'),
        ("recorded_at", '"2026-01-31T12:00:00.000000Z"'),
        ("global_position", "7"),
        ("sequence_name", f'"{ID}"'),
        ("reject", "1"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_member_that_is_there_twice_is_refused(spelt: str, name: str, value: str, first: bool) -> None:
    whole = line(
        more=f',"recorded_at":"2026-01-31T12:00:00.000000Z","global_position":1,"sequence_name":"{ID}","reject":1'
    )
    again = f'"{spelt.format(name=name, escaped=escaped(name, 3))}":{value}'.encode()
    text = b"{" + again + b"," + whole[1:] if first else whole[:-1] + b"," + again + b"}"
    with pytest.raises(InvalidData, match=f"has '{name}' twice: remove one of them"):
        event_of(text)
    # Also among good lines.
    assert ndjson._columns_of(b"\n".join([line(), text, line()]), 3) is None


def test_keys_that_a_state_has_twice_are_kept() -> None:
    state = '{"state":1,"state":{"event_type":"a","event_type":"b"}}'
    assert event_of(line(state)).state == state
    assert ndjson._columns_of(line(state), 1) is not None


@given(st.binary(max_size=20), st.integers(0, 150))
def test_any_bytes_get_the_same_verdict_both_ways(noise: bytes, at: int) -> None:
    whole = line('{"a":"b"}', more=',"recorded_at":"2026-01-31T12:00:00Z"')
    text = whole[:at] + noise + whole[at + len(noise) :]
    assert verdict(event_of, text) == verdict(ndjson._slowly, text)


def read(path: Path) -> list[tuple[int, object]]:
    with byte_stream(str(path)) as opened:
        return [
            (number, str(event) if isinstance(event, InvalidLine) else event.originator_version)
            for number, event in reads(ndjson.read(opened))
        ]


def versions(*given: int) -> list[bytes]:
    return [line(originator_version=str(version)) for version in given]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"\n".join(versions(0, 1)), [(1, 0), (2, 1)]),
        (b"\n".join([*versions(0, 1), b""]), [(1, 0), (2, 1)]),
        (b"\r\n".join([*versions(0, 1), b""]), [(1, 0), (2, 1)]),
        (b"\xef\xbb\xbf" + b"\n".join(versions(0, 1)), [(1, 0), (2, 1)]),
        (b"\xef\xbb\xbf", []),
        (b"\n \t\n\r\n" + b"\n\n".join(versions(0, 1)), [(4, 0), (6, 1)]),
    ],
    ids=["empty", "blank", "no-final-newline", "newline", "crlf", "bom", "only-bom", "blank-lines-counted"],
)
def test_only_a_line_feed_ends_a_line_and_blank_lines_are_skipped_but_counted(
    tmp_path: Path, data: bytes, expected: list[tuple[int, int]]
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(data)
    assert read(path) == expected


def test_separators_of_unicode_inside_a_line_do_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(line('{"a":"\u2028\u2029\u0085"}') + b"\n" + line(originator_version="1"))
    assert read(path) == [(1, 0), (2, 1)]


def test_a_second_bom_is_not_part_of_an_event(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + line())
    [(number, message)] = read(path)
    assert number == 1
    assert "events.ndjson:1: the line is not a JSON object" in str(message)


def test_a_carriage_return_alone_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\r".join(versions(0, 1)))
    [(number, message)] = read(path)
    assert number == 1
    assert "Extra data" in str(message)


def test_reading_continues_after_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([*versions(0), b"bad", *versions(1)]))
    first, bad, last = read(path)
    assert (first, last) == ((1, 0), (3, 1))
    assert str(bad[1]).startswith(f"{path}:2: the line is not a JSON object")


def test_an_event_of_a_named_sequence_is_written_with_the_name_and_read_back_as_it() -> None:
    named = id_of_name("account-1")
    written = "".join(
        ndjson.write([event(0, of=named)._replace(global_position=1), event(1)._replace(global_position=2)])
    )
    first, second = written.splitlines()
    assert first.startswith(f'{{"originator_id":"{named}","sequence_name":"account-1","originator_version":0,')
    assert "sequence_name" not in second
    read = event_of(first.encode())
    assert (read.originator_id, name_of_id(read.originator_id)) == (named, "account-1")


@pytest.mark.parametrize("space", ["", " "])
def test_a_name_that_is_not_that_of_its_sequence_is_refused(space: str) -> None:
    with pytest.raises(
        InvalidData, match=r"sequence_name 'b' belongs to the sequence .*, but originator_id is 9b300b13"
    ):
        event_of(line(more=f',{space}"sequence_name":"b"'))


def test_a_name_that_is_null_is_none() -> None:
    assert name_of_id(event_of(line(more=', "sequence_name":null,"recorded_at":null')).originator_id) is None


@pytest.mark.parametrize("name", ['""', r'"\ud800"', r'"a\u0000"'])
def test_a_sequence_name_that_cannot_be_stored_is_a_bad_line(name: str) -> None:
    line = f'{{"originator_id":"{ID}","originator_version":0,"event_type":"a","state":{{}},"sequence_name":{name}}}'
    with pytest.raises(InvalidData, match="cannot be stored"):
        event_of(line.encode())


def test_an_event_without_a_recorded_time_has_none_in_its_line() -> None:
    like_an_end = ',"recorded_at":"None","global_position":5}'
    tricky = [f'{{"a":1{like_an_end}', f"{like_an_end}\n", "None", "{}"]
    events = [event(at, state)._replace(global_position=at + 1) for at, state in enumerate(tricky)]
    unknown = [found._replace(recorded_at=None) for found in events]
    lines = "".join(ndjson.write(events))
    assert "".join(ndjson.write(unknown)) == lines.replace(f',"recorded_at":"{TIME}"', "")
    assert "".join(ndjson.write([*events[:2], *unknown[2:]])) == "".join(
        f"{ndjson.line_of(found)}\n" for found in [*events[:2], *unknown[2:]]
    )
    for found in unknown:
        assert event_of(ndjson.line_of(found).encode()) == found

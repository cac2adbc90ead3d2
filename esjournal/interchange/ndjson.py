"""NDJSON: one event a line, its state verbatim where it is a JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any

import msgspec

from esjournal.domain.model import fields
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.interchange.streams import Source

LINES_AT_A_TIME = 1_000

_HINT = '{"originator_id":"...","originator_version":0,"event_type":"...","state":{...}}'


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    originator_id: str
    originator_version: Annotated[int, msgspec.Meta(ge=0, le=fields.MAX_VERSION)]
    event_type: str
    state: msgspec.Raw
    recorded_at: str | None = None
    global_position: Annotated[int, msgspec.Meta(ge=1, le=fields.MAX_VERSION)] | None = None


_REQUIRED = ("originator_id", "originator_version", "event_type", "state")
_OPTIONAL = ("recorded_at", "global_position")

_line_decoder = msgspec.json.Decoder(_Line)
_object_decoder = msgspec.json.Decoder(dict[str, Any])
_string_decoder = msgspec.json.Decoder(str)
_cached_recorded_at = lru_cache(maxsize=4_096)(fields.recorded_at)


def read(source: Source) -> Iterator[tuple[int, RecordedEvent | InvalidLine]]:
    """Yield line numbers and events, or what is wrong with a line; blank lines are skipped, and counted."""
    for number, line in source.lines():
        if line and not line.isspace():
            try:
                yield number, event_of(line)
            except InvalidData as error:
                yield number, InvalidLine(source.name, number, str(error))


def event_of(line: bytes) -> RecordedEvent:
    """Return the event of a line, its fields in canonical form and its state exactly as it is there.

    Raises:
        InvalidData: the line is no event.
    """
    # msgspec checks a line in a microsecond, but not all that we must, and refuses some that we take; what it refuses
    # is read once more, slowly, by the rules that hold, and they alone give the verdict.
    try:
        read = _line_decoder.decode(line)
        raw = bytes(read.state)
        state = raw.decode()
        if raw.startswith(b"{"):
            _object_decoder.decode(raw)
            fields.check_depth(state)
        else:
            state = fields.state_text(_string_decoder.decode(raw))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InvalidData):
        return _slowly(line)
    if read.originator_version == 0 and b"-0" in line:
        # To msgspec -0 is 0, and to us it is no version.
        return _slowly(line)
    return RecordedEvent(
        fields.originator_id(read.originator_id),
        read.originator_version,
        fields.event_type(read.event_type),
        state,
        None if read.recorded_at is None else _cached_recorded_at(read.recorded_at),
        None,
    )


def write(events: Iterable[RecordedEvent]) -> Iterator[str]:
    """Yield the lines of events, many in one text: joining 1,000 at a time is what makes writing fast."""
    remaining = iter(events)
    while lines := [line_of(event) for event in islice(remaining, LINES_AT_A_TIME)]:
        yield "\n".join(lines) + "\n"


def line_of(event: RecordedEvent) -> str:
    """Return the line of an event, without its end."""
    state = event.state if is_json_object_on_one_line(event.state) else _quoted(event.state)
    return (
        f'{{"originator_id":"{event.originator_id}","originator_version":{event.originator_version},'
        f'"event_type":{_quoted_type(event.event_type)},"state":{state},'
        f'"recorded_at":"{event.recorded_at}","global_position":{event.global_position}}}'
    )


def is_json_object_on_one_line(state: str) -> bool:
    """Say whether a state stands verbatim in a line: whether it would come back from there exactly as it is."""
    if not (state.startswith("{") and state.endswith("}")) or "\n" in state or "\r" in state:
        return False
    try:
        fields.check_depth(state)
        _object_decoder.decode(state)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError, InvalidData):
        try:
            fields.json_object(state)
        except InvalidData:
            return False
    return True


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


_quoted_type = lru_cache(maxsize=4_096)(_quoted)


def _slowly(line: bytes) -> RecordedEvent:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise InvalidData(f"byte 0x{line[error.start]:02x} at byte {error.start + 1} is no UTF-8") from None
    # The event is one level around its state.
    fields.check_depth(text, fields.MAX_STATE_DEPTH + 1)
    try:
        values = _raw_values(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.pos + 1}"
        raise InvalidData(f"the line is no JSON object: {reason}; an event looks like {_HINT}") from None
    for name in values:
        if name not in _REQUIRED + _OPTIONAL:
            raise InvalidData(f"the event has an unknown field {fields.shortened(name)}: remove it")
    for name in _REQUIRED:
        if name not in values:
            raise InvalidData(f"the event has no {name}; an event looks like {_HINT}")
    recorded_at = values.get("recorded_at", "null")
    global_position = values.get("global_position", "null")
    if global_position != "null":
        fields.global_position(global_position)
    return RecordedEvent(
        fields.originator_id(_text("originator_id", values)),
        fields.originator_version(values["originator_version"]),
        fields.event_type(_text("event_type", values)),
        _state(values),
        None if recorded_at == "null" else fields.recorded_at(_text("recorded_at", values)),
        None,
    )


def _raw_values(text: str) -> dict[str, str]:
    """Return the fields of a JSON object as the text that they have there."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    values: dict[str, str] = {}
    at = _expect(text, 0, "{")
    while True:
        name, at = decoder.raw_decode(text, _expect(text, at, '"') - 1)
        start = _skip_space(text, _expect(text, at, ":"))
        _, end = decoder.raw_decode(text, start)
        values[name] = text[start:end]
        at = _skip_space(text, end)
        if text[at : at + 1] != ",":
            break
        at += 1
    end = _skip_space(text, _expect(text, at, "}"))
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return values


def _expect(text: str, at: int, character: str) -> int:
    at = _skip_space(text, at)
    if text[at : at + 1] != character:
        raise json.JSONDecodeError(f"Expecting {character!r}", text, at)
    return at + 1


def _skip_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _text(name: str, values: dict[str, str]) -> str:
    if not values[name].startswith('"'):
        raise InvalidData(f"{name} is {fields.shortened(values[name])}: write a JSON string")
    text: str = json.loads(values[name])
    return text


def _state(values: dict[str, str]) -> str:
    raw = values["state"]
    return fields.state_text(_text("state", values)) if raw.startswith('"') else fields.json_object(raw)

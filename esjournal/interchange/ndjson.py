"""NDJSON: one event a line, with its state verbatim if it is a JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any

import msgspec

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import any_named, checked_name, id_of_name, id_with_name, name_of_id
from esjournal.domain.state import jsontext
from esjournal.domain.state.batchcheck import doubtful, is_object_on_each_line, perhaps_beyond_limits
from esjournal.domain.state.members import raw_members
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, Columns, Read, batch_of, known_positions
from esjournal.interchange.bytestreams import ByteStream
from esjournal.interchange.jsondocuments import is_json_over_lines, values
from esjournal.interchange.othertext import reason_not_ndjson
from esjournal.interchange.seals import SealCheck

# This many lines stay in the processor's cache: with 1,000 lines of 400 bytes each takes a third longer.
LINES_AT_A_TIME = 500
# The member with the reason why import put an event aside; import ignores it.
REJECT = "reject"

_HINT = '{"originator_id":"...","originator_version":0,"event_type":"...","state":{...}}'


# The members have the order in which we write them, so that a line can be compared with its encoded value. Nearly all
# lines are plain, and reading them with the members of others takes a tenth longer.
class _PlainLine(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    originator_id: str
    originator_version: Annotated[int, msgspec.Meta(ge=0, le=rules.MAX_VERSION)]
    event_type: str
    state: msgspec.Raw
    recorded_at: str | msgspec.UnsetType | None = msgspec.UNSET
    global_position: Annotated[int, msgspec.Meta(ge=1, le=rules.MAX_VERSION)] | msgspec.UnsetType | None = msgspec.UNSET


class _Line(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    originator_id: str | msgspec.UnsetType = msgspec.UNSET
    sequence_name: str | msgspec.UnsetType | None = msgspec.UNSET
    originator_version: Annotated[int, msgspec.Meta(ge=0, le=rules.MAX_VERSION)]
    event_type: str
    state: msgspec.Raw
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    event_id: str | msgspec.UnsetType | None = msgspec.UNSET
    recorded_at: str | msgspec.UnsetType | None = msgspec.UNSET
    global_position: Annotated[int, msgspec.Meta(ge=1, le=rules.MAX_VERSION)] | msgspec.UnsetType | None = msgspec.UNSET
    reject: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


# Two for the name of each of the three required members, and two for the text among them.
_QUOTES_OF_REQUIRED = 8
_REQUIRED = ("originator_version", "event_type", "state")
_OPTIONAL = ("originator_id", SEQUENCE_NAME, "recorded_at", *ADDED_FIELDS, "global_position", REJECT)

_plain_decoder = msgspec.json.Decoder(_PlainLine)
_line_decoder = msgspec.json.Decoder(_Line)
_line_encoder = msgspec.json.Encoder()
_string = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_minus_zero = re.compile(rb'"originator_version"\s*:\s*-0')


def read(stream: ByteStream, *, seal_required: bool = False, tell_whole: bool = False) -> Iterator[Batch]:
    """Yield batches of events and bad lines; blank lines are skipped, but counted in line numbers.

    Arrays of events, and events over several lines, are read as well.

    Args:
        stream: the bytes of a file.
        seal_required: whether a file without a seal is refused.
        tell_whole: give a last batch, without events, that says which journal the file is, if its seal says so.

    Raises:
        InvalidLine: nothing after this line can be read, or the file does not match its seal, or the input is another
            text than events.
    """
    check = SealCheck(stream.name)
    first = stream.beginning()
    if (reason := reason_not_ndjson(first)) is not None:
        raise InvalidLine(stream.name, 1, reason)
    if is_json_over_lines(first):
        lines_of_events = values(stream)
        while some := list(islice(lines_of_events, LINES_AT_A_TIME)):
            yield batch_of(stream.name, _read_closely(stream.name, some))
        check.end(seal_required)
        return
    for block in stream.blocks():
        columns = _columns_of(block.data.removesuffix(b"\n"), block.lines)
        if columns is not None:
            check.take(block)
            lines = range(block.first, block.first + block.lines)
            yield Batch(stream.name, lines, columns[:-1], positions=known_positions(columns[-1]))
        else:
            unsealed = list(check.unsealed_lines(block))
            yield batch_of(stream.name, _read_closely(stream.name, unsealed))
    check.end(seal_required)
    if tell_whole and check.journal is not None:
        yield replace(batch_of(stream.name, ()), whole=check.journal)


def read_line(line: bytes) -> RecordedEvent:
    """Return the event of one line.

    Args:
        line: the line, without its end.

    Raises:
        InvalidData: it is not an event.
    """
    columns = _columns_of(line, 1)
    return _slowly(line) if columns is None else RecordedEvent(*(column[0] for column in columns))


def read_lines(name: str, lines: Sequence[tuple[int, bytes]]) -> Iterator[Read]:
    """Yield the numbers of lines, with their events, or what is wrong with them.

    Args:
        name: the name of the source in messages.
        lines: numbers and lines; several may have the same number.
    """
    for start in range(0, len(lines), LINES_AT_A_TIME):
        yield from _read_closely(name, list(lines[start : start + LINES_AT_A_TIME]))


def check_seal(stream: ByteStream, *, seal_required: bool = False) -> None:
    """Check a file against its seal, and nothing else in it.

    Args:
        stream: the bytes of a file.
        seal_required: whether a file without a seal is refused.

    Raises:
        InvalidLine: the file does not match its seal.
    """
    check = SealCheck(stream.name)
    for block in () if is_json_over_lines(stream.beginning()) else stream.blocks():
        check.skim(block)
    check.end(seal_required)


def raw_fields(text: str) -> dict[str, str]:
    """Return the members of a JSON object, with the text of each value.

    Raises:
        InvalidData: a member occurs twice.
        Malformed: the text is not a JSON object.
    """
    data = text.encode(errors="surrogatepass")
    jsontext.check(data, "state or metadata" if b'"metadata"' in data else "state")
    if not jsontext.is_object(data):
        raise jsontext.Malformed("Expecting '{'", _after_space(data, 0))
    plain = jsontext.without_surrogates(data)
    # The last value of each name. If it is not the text after the name, the name occurs again.
    members = raw_members(plain)
    values: dict[str, str] = {}
    at = _after_space(plain, _after_space(plain, 0) + 1)
    while found := _string.match(plain, at):
        name = json.loads(data[at : found.end()])
        value = bytes(members[msgspec.json.decode(found[0], type=str)])
        start = _after_space(plain, _after_space(plain, found.end()) + 1)
        end = start + len(value)
        at = _after_space(plain, end)
        if name in values or not plain.startswith(value, start) or plain[at] not in b",}":
            raise InvalidData(f"the event has {shortened(name)} twice: remove one of them")
        values[name] = data[start:end].decode(errors="surrogatepass")
        at = _after_space(plain, at + 1)
    if not values:
        raise jsontext.Malformed("Expecting a member", at)
    return values


def _after_space(data: bytes, at: int) -> int:
    while data[at : at + 1] in (b" ", b"\t", b"\r", b"\n"):
        at += 1
    return at


def _read_closely(name: str, lines: list[tuple[int, bytes]]) -> Iterator[Read]:
    """Halve the lines until those that need a closer look are alone; the others are still read many at a time."""
    if not lines:
        return
    columns = _columns_of(b"\n".join([line for _, line in lines]), len(lines))
    if columns is not None:
        yield from zip([number for number, _ in lines], map(RecordedEvent, *columns), strict=True)
    elif len(lines) == 1:
        [(number, line)] = lines
        try:
            yield number, _slowly(line)
        except InvalidData as error:
            yield number, InvalidLine(name, number, str(error), line.decode(errors="backslashreplace"))
    else:
        middle = len(lines) // 2
        yield from _read_closely(name, lines[:middle])
        yield from _read_closely(name, lines[middle:])


def _columns_of(data: bytes, count: int) -> Columns | None:
    """Return the events of `count` lines in columns, one for each field, None if any of them needs a closer look.

    One call decodes all lines, and each field is checked for all events together: 2 microseconds an event, and 8 line
    by line. msgspec checks less than we must, and refuses some lines that we accept. Lines that need a closer look are
    read again, slowly, by the actual rules, which decide.
    """
    try:
        lines, is_plain = _decoded(data)
        if len(lines) != count or not is_object_on_each_line(data, count):
            return None
        ids: list[Any] = [line.originator_id for line in lines]
        versions = [line.originator_version for line in lines]
        types = [line.event_type for line in lines]
        raw_states = b"\n".join([line.state for line in lines])
        times: list[Any] = [line.recorded_at for line in lines]
        # The text of lines with metadata has quotes that cannot be counted.
        if not _is_as_written(data, lines) and (
            (not is_plain and b'"metadata"' in data) or _may_say_more(data, lines, raw_states, versions)
        ):
            return None
        states = _states(raw_states)
        times = _canonical_times(times)
        if not is_plain:
            ids = _ids(ids, [line.sequence_name for line in lines])
        for event_type in set(types):
            rules.event_type(event_type)
        metadata, event_ids = ([None] * count, [None] * count) if is_plain else _of_version_2(lines)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InvalidData):
        return None
    if not rules.are_canonical_ids(ids):
        return None
    positions = [None if (given := line.global_position) is msgspec.UNSET else given for line in lines]
    return ids, versions, types, states, times, metadata, event_ids, positions


def _decoded(data: bytes) -> tuple[list[Any], bool]:
    """Return the lines of a text, and whether they are plain.

    Raises:
        MsgspecError: one of them needs a closer look.
    """
    try:
        return _plain_decoder.decode_lines(data), True
    except msgspec.ValidationError:
        return _line_decoder.decode_lines(data), False


def _of_version_2(lines: list[_Line]) -> tuple[list[str | None], list[str | None]]:
    """Return the metadata and the event ids of lines.

    Raises:
        InvalidData: one of them needs a closer look.
    """
    metadata = [None if line.metadata is msgspec.UNSET else bytes(line.metadata).decode() for line in lines]
    for text in metadata:
        if text is not None:
            rules.json_object(text, "metadata")
    event_ids = [None if line.event_id is msgspec.UNSET else line.event_id for line in lines]
    known = [event_id for event_id in event_ids if event_id is not None]
    if not rules.are_canonical_ids(known):
        raise InvalidData("an event_id is not in canonical form")
    return metadata, event_ids


def _is_as_written(data: bytes, lines: list[Any]) -> bool:
    """Say whether lines have exactly the text that we write, with our order of members and without spaces."""
    written = _line_encoder.encode_lines(lines)
    return len(written) == len(data) + 1 and written.startswith(data)


def _may_say_more(data: bytes, lines: list[Any], states: bytes, versions: list[int]) -> bool:
    """Say whether lines with any other text may contain more than was read from them.

    If a member occurs twice, msgspec keeps the last one. Outside of states there are two quotes for the name of each
    member and two for each text, so quotes of a lost member are left over. Escapes in names could hide quotes. msgspec
    reads -0 as 0, which we do not accept as a version.
    """
    if data.count(b"\\") != states.count(b"\\"):
        return True
    positions = [line.global_position for line in lines]
    quotes = _QUOTES_OF_REQUIRED * len(lines) + 2 * (len(lines) - positions.count(msgspec.UNSET))
    optional = ("originator_id", "recorded_at", SEQUENCE_NAME, "event_id")
    for texts in ([getattr(line, name, msgspec.UNSET) for line in lines] for name in optional):
        quotes += 4 * (len(texts) - texts.count(msgspec.UNSET)) - 2 * texts.count(None)
    if data.count(b'"') - states.count(b'"') != quotes:
        return True
    return 0 in versions and _minus_zero.search(data) is not None


def _states(joined: bytes) -> list[str]:
    states = joined.decode().split("\n")
    for at in perhaps_beyond_limits(states, joined) | {at for at, state in enumerate(states) if state[0] != "{"}:
        states[at] = _state(states[at])
    return states


def _ids(given: list[Any], names: Sequence[Any]) -> list[str]:
    """Return the ids of sequences, which carry their names.

    Args:
        given: the ids, UNSET for a line that has none.
        names: the names, UNSET or None for a line that has none.

    Raises:
        InvalidData: a line needs a closer look.
    """
    ids = [
        id_of_name(checked_name(name)) if isinstance(name, str) else originator_id
        for originator_id, name in zip(given, names, strict=True)
    ]
    if any(one != other and other is not msgspec.UNSET for one, other in zip(ids, given, strict=True)):
        raise InvalidData("a name is not that of its sequence")
    if msgspec.UNSET in ids:
        raise InvalidData("an event has neither an id nor a name")
    return ids


def _canonical_times(times: list[Any]) -> list[str | None]:
    distinct = {text for text in times if isinstance(text, str)}
    if msgspec.UNSET not in times and rules.are_canonical_times(distinct):
        return times
    canonical = {text: rules.recorded_at(text) for text in distinct}
    return [canonical.get(text) for text in times]


def write(events: Iterable[RecordedEvent]) -> Iterator[str]:
    """Yield the lines of events, many in one text."""
    remaining = iter(events)
    while batch := list(islice(remaining, LINES_AT_A_TIME)):
        yield lines_of(batch)


def lines_of(
    events: Sequence[EventRow] | Sequence[RecordedEvent],
    *,
    checked: bool = False,
    omitted: AbstractSet[str] = frozenset(),
) -> str:
    """Return the lines of events, with line ends; faster than one by one, because states are checked together.

    The line of an event with an unknown time has no `recorded_at`.

    Args:
        events: events as plain tuples or RecordedEvents; global positions are not needed if they are omitted.
        checked: whether no state is known to be doubtful; the check takes two thirds of the time.
        omitted: the fields to leave out: `global_position`, `sequence_name` or both.
    """
    return lines_of_columns(list(zip(*events, strict=True)), checked=checked, omitted=omitted)


def lines_of_columns(
    columns: Sequence[Sequence[Any]], *, checked: bool = False, omitted: AbstractSet[str] = frozenset()
) -> str:
    """Return the lines of events that are given as columns; see `lines_of`.

    Args:
        columns: the columns of the fields of RecordedEvent; none, or empty ones, if there are no events.
        checked: as in `lines_of`.
        omitted: as in `lines_of`.
    """
    if not columns or not columns[0]:
        return ""
    ids, versions, types, states, times, metadata, event_ids, *positions = columns
    if not checked and (indexes := doubtful(states)):
        states = [_state_in_line(state) if at in indexes else state for at, state in enumerate(states)]
    quoted = {event_type: _quoted_type(event_type) for event_type in set(types)}
    if "sequence_name" not in omitted and any_named(ids):
        ids = list(map(_with_name, ids))
    is_plain = {*metadata, *event_ids} == {None}
    if is_plain and None not in times and "global_position" not in omitted:
        # As most are, and as below, in four fifths of the time.
        return "".join(
            [
                f'{{"originator_id":"{originator_id}","originator_version":{version},"event_type":{quoted[event_type]},'
                f'"state":{state},"recorded_at":"{time}","global_position":{position}}}\n'
                for originator_id, version, event_type, state, time, position in zip(
                    ids, versions, types, states, times, positions[0], strict=True
                )
            ]
        )
    ends = _ends(times, None if "global_position" in omitted else positions[0])
    if not is_plain:
        ends = [
            f"{_metadata_member(about)}{_event_id_member(event_id)}{end}"
            for about, event_id, end in zip(metadata, event_ids, ends, strict=True)
        ]
    return "".join(
        [
            f'{{"originator_id":"{originator_id}","originator_version":{version},"event_type":{quoted[event_type]},'
            f'"state":{state}{end}}}\n'
            for originator_id, version, event_type, state, end in zip(ids, versions, types, states, ends, strict=True)
        ]
    )


def _ends(times: Sequence[str | None], positions: Sequence[int] | None) -> Sequence[str]:
    """Return the members after the state of each event."""
    if None not in times:
        if positions is None:
            return [f',"recorded_at":"{time}"' for time in times]
        return [
            f',"recorded_at":"{time}","global_position":{position}'
            for time, position in zip(times, positions, strict=True)
        ]
    ends = ["" if time is None else f',"recorded_at":"{time}"' for time in times]
    if positions is None:
        return ends
    return [f'{end},"global_position":{position}' for end, position in zip(ends, positions, strict=True)]


def _metadata_member(metadata: str | None) -> str:
    return "" if metadata is None else f',"metadata":{_state_in_line(metadata)}'


def _event_id_member(event_id: str | None) -> str:
    return "" if event_id is None else f',"event_id":"{event_id}"'


def line_of(event: RecordedEvent, *, omitted: AbstractSet[str] = frozenset()) -> str:
    """Return the line of an event, without its end."""
    return lines_of([event], omitted=omitted)[:-1]


def _with_name(originator_id: str) -> str:
    # The quote after the id in the line closes the name.
    name = name_of_id(originator_id)
    return originator_id if name is None else f'{originator_id}","sequence_name":{_quoted(name)[:-1]}'


def _state_in_line(state: str) -> str:
    return state if is_json_object_on_one_line(state) else _quoted(state)


def is_json_object_on_one_line(state: str) -> bool:
    """Say whether a state is written verbatim in a line, because it would be read back unchanged."""
    if not (state.startswith("{") and state.endswith("}")) or "\n" in state or "\r" in state:
        return False
    try:
        rules.json_object(state)
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
        raise InvalidData(f"byte 0x{line[error.start]:02x} at byte {error.start + 1} is not UTF-8") from None
    # The event adds one level to its state.
    rules.check_depth(text, rules.MAX_STATE_DEPTH + 1)
    try:
        values = raw_fields(text)
    except jsontext.Malformed as error:
        column = len(line[: error.at].decode(errors="replace")) + 1
        reason = f"{error.reason} at column {column}"
        raise InvalidData(f"the line is not a JSON object: {reason}; an event looks like {_HINT}") from None
    for name in values:
        if name not in _REQUIRED + _OPTIONAL:
            raise InvalidData(f"the event has an unknown field {shortened(name)}: remove it")
    if list(values) == [REJECT]:
        raise InvalidData("the line was put aside and is not fixed: add the event to the members beside reject")
    for name in _REQUIRED:
        if name not in values:
            raise InvalidData(f"the event has no {name}; an event looks like {_HINT}")
    recorded_at = values.get("recorded_at", "null")
    metadata = values.get("metadata", "null")
    event_id = values.get("event_id", "null")
    global_position = values.get("global_position", "null")
    given_id = _text("originator_id", values) if "originator_id" in values else None
    sequence_name = None if values.get(SEQUENCE_NAME, "null") == "null" else _text(SEQUENCE_NAME, values)
    if given_id is None and sequence_name is None:
        raise InvalidData(f"the event has no originator_id; an event looks like {_HINT}")
    return RecordedEvent(
        id_with_name(given_id, sequence_name),
        rules.originator_version(values["originator_version"]),
        rules.event_type(_text("event_type", values)),
        _state(values["state"]),
        None if recorded_at == "null" else rules.recorded_at(_text("recorded_at", values)),
        None if metadata == "null" else _metadata(metadata),
        None if event_id == "null" else rules.originator_id(_text("event_id", values), "event_id"),
        None if global_position == "null" else rules.global_position(global_position),
    )


def _text(name: str, values: dict[str, str]) -> str:
    if not values[name].startswith('"'):
        raise InvalidData(f"{name} is {shortened(values[name])}: write a JSON string")
    text: str = json.loads(values[name])
    return text


def _state(raw: str) -> str:
    if not raw.startswith('"'):
        return rules.json_object(raw)
    text: str = json.loads(raw)
    return rules.state_text(text)


def _metadata(raw: str) -> str:
    text: str = json.loads(raw) if raw.startswith('"') else raw
    return rules.json_object(text, "metadata")

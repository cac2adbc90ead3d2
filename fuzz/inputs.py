"""The parts of inputs: valid ones, and ones with something changed, repeated, cut off or inserted."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, json_states, recorded_events, states

NAMES = ["originator_id", "originator_version", "event_type", "state", "recorded_at", "global_position"]
NAMES += ["sequence_name", "metadata", "event_id", "reject"]

any_text = st.text(st.characters(), max_size=40)
near_json = st.text('{}[]",:\\ \n\r\te+-.0129ntrufalsud8c\x00\ud800é', max_size=60)
near_numbers = st.text("0123456789eE+-.", min_size=1, max_size=12)
near_times = st.one_of(
    st.text("0123456789-:.,TZtz+ W", max_size=35),
    st.builds(
        "{}{}{}{}{}".format,
        st.dates().map(str),
        st.sampled_from(["T", "t", " ", "  ", ""]),
        st.times().map(str),
        st.sampled_from(["", ".1", ".123456789", ",5"]),
        st.sampled_from(["Z", "z", " Z", "+01:00", "-0530", "+24:00", "+05", " +00", ""]),
    ),
)


def quoted(text: str) -> str:
    return json.dumps(text)


def escaped(text: str, at: int | None) -> str:
    """A name in quotes, with one character written as an escape."""
    if at is None or at >= len(text):
        return f'"{text}"'
    return f'"{text[:at]}\\u{ord(text[at]):04x}{text[at + 1 :]}"'


EVENT_IDS = [f"4b0c1e52-6a1f-4f7e-9d5e-0d9a3f1c2b{n:02x}" for n in range(4)]
NAME = "order 1"

values = st.one_of(
    st.sampled_from(EVENT_IDS).map(quoted),
    st.just(quoted(NAME)),
    st.just(f'"{ID}"'),
    st.just(f'"{ID.upper()}"'),
    st.integers(-2, 2**65).map(str),
    st.sampled_from(["-0", "null", "true", "NaN", "1e3", "1.0", "01", '"a#B"', "[]", "{}", '"\\ud800"', '"state"']),
    near_numbers,
    near_times.map(quoted),
    any_text.map(quoted),
    json_states(),
    states().map(quoted),
    near_json,
)
spaces = st.sampled_from(["", "", "", " ", "\t", "\r"])
members = st.builds(
    lambda name, at, before, after, value: f"{before}{escaped(name, at)}{after}:{before}{value}{after}",
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.none(), st.none(), st.integers(0, 12)),
    spaces,
    spaces,
    values,
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line that is an event, or almost one."""
    version = draw(st.one_of(st.integers(0, 3).map(str), st.just("-0")))
    required = [
        f'"originator_id":"{ID}"',
        f'"originator_version":{version}',
        f'"event_type":{draw(st.sampled_from(["a", "a#B", "state", "é"]).map(quoted))}',
        f'"state":{draw(st.one_of(json_states(), states().map(quoted), near_json))}',
    ]
    if draw(st.integers(0, 3)) == 0:
        required[0] = f'"sequence_name":"{NAME}"'
    optional = [
        f'"metadata":{draw(json_states())}',
        f'"event_id":"{draw(st.sampled_from(EVENT_IDS))}"',
        *draw(st.lists(members, max_size=2)),
    ]
    parts = [*required, *draw(st.lists(st.sampled_from(optional), max_size=3, unique=True))]
    if draw(st.booleans()):
        parts = draw(st.permutations(parts))
    if draw(st.integers(0, 9)) == 0:
        parts = parts[: draw(st.integers(0, len(parts)))]
    return f"{{{','.join(parts)}}}".encode(errors="surrogatepass").replace(b"\n", b" ")


@st.composite
def recorded(draw: st.DrawFn) -> RecordedEvent:
    """An event as a journal returns it, of a sequence that may have a name."""
    event = draw(recorded_events())
    names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
    name = draw(st.one_of(st.none(), st.just(NAME), names))
    return event if name is None else event._replace(originator_id=id_of_name(name))


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with up to three changes."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 20)))
        piece = draw(st.one_of(st.binary(max_size=6), st.just(data[at:end] * 2), st.just(b"")))
        data = data[:at] + piece + data[end:]
    return data


def joined(some: Sequence[bytes]) -> bytes:
    return b"\n".join(some)

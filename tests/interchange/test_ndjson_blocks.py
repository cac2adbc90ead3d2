"""Blocks of NDJSON: many lines are read at a time, and each gets the same result as alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange import decompression, ndjson
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.othertext import reason_not_ndjson
from tests.helpers.events import ID, event_of, json_states, reads, recorded_events


def line(version: int | str = 0, state: str = "{}", more: str = "") -> bytes:
    text = f'{{"originator_id":"{ID}","originator_version":{version},"event_type":"a","state":{state}{more}}}'
    return text.encode("utf-8", "surrogatepass")


def alone(number: int, text: bytes) -> tuple[int, object]:
    try:
        return number, event_of(text.removesuffix(b"\r"))
    except InvalidData as error:
        return number, str(error)


def together(path: Path) -> list[tuple[int, object]]:
    with byte_stream(str(path)) as opened:
        return [
            (number, found.reason if isinstance(found, InvalidLine) else found)
            for number, found in reads(ndjson.read(opened))
        ]


good = st.one_of(
    st.integers(0, 9).map(line),
    json_states().map(lambda state: line(0, state.replace("\n", " ").replace("\r", " "))),
    recorded_events().map(lambda found: ndjson.line_of(found).encode()),
    st.just(line(0, '"opaque"')),
    st.just(line(0, "{}", ',"recorded_at":"2026-01-31 13:00:00+01:00"')),
    st.just(line(0, "{}", ',"reject":{"line":1}')),
    st.just(line().replace(ID.encode(), ID.upper().encode())),
)
bad = st.sampled_from(
    [
        b"bad",
        b"{}",
        b"\xff",
        b"null",
        line() + line(),
        line() + b" " + line(),
        line(-1),
        line("-0"),
        line(2**63),
        line(0, "[]"),
        line(0, '{"a":1e400}'),
        line(0, '{"a":NaN}'),
        line(0, '{"a":"\ud800"}'),
        line(0, '{"a":' * 500 + "{}" + "}" * 500),
        line(0, "{}", ',"x":1'),
        line(0, "{}", ',"recorded_at":"yesterday"'),
        line()[:-1],
        line()[1:],
        b"[" + line() + b"]",
        line(0, "{},{"),
        b"}",
        b"{",
        b'{"reject":{"text":"bad"}}',
    ]
)
blank = st.sampled_from([b"", b" ", b"\t ", b"\r"])


@given(
    lines=st.lists(st.one_of(good, good, good, bad, blank), max_size=20),
    end=st.sampled_from([b"\n", b"\r\n"]),
    whole=st.booleans(),
    block=st.sampled_from([1, 64, 500, 256 * 1024]),
)
@example(lines=[line(0, "{},{"), b"}", line(1)], end=b"\n", whole=True, block=500)
@example(lines=[line() + b" " + line(1), b"", line(2)], end=b"\n", whole=True, block=500)
@example(lines=[line()[:-1], b"}", line(1)], end=b"\n", whole=False, block=500)
@example(lines=[line(0), line("-0")], end=b"\r\n", whole=True, block=500)
def test_a_block_gives_each_line_what_it_gets_alone(
    tmp_path: Path, lines: list[bytes], end: bytes, whole: bool, block: int
) -> None:
    data = end.join(lines) + (end if whole and lines else b"")
    path = tmp_path / "events.ndjson"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decompression, "BLOCK_BYTES", block)
        if reason_not_ndjson(data) is not None:
            with pytest.raises(InvalidLine):
                together(path)
            return
        found = together(path)
    assert found == [alone(number, text) for number, text in enumerate(lines, 1) if text.strip(b" \t\r")]


@pytest.mark.parametrize("block", [1, 100, 1_000, 10_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\n \r\n"])
def test_line_numbers_go_on_from_block_to_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, end: bytes
) -> None:
    monkeypatch.setattr(decompression, "BLOCK_BYTES", block)
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + end.join(b"bad" if n % 7 == 3 else line(n) for n in range(100)))
    step = end.count(b"\n")
    numbers = [number for number, _ in together(path)]
    assert numbers == [1 + n * step for n in range(100)]
    assert [number for number, found in together(path) if isinstance(found, str)] == [
        1 + n * step for n in range(100) if n % 7 == 3
    ]


def test_one_bad_line_among_many_does_not_make_the_others_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_slowly: list[bytes] = []
    slowly = ndjson._slowly

    def counting(text: bytes) -> object:
        read_slowly.append(text)
        return slowly(text)

    monkeypatch.setattr(ndjson, "_slowly", counting)
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([*[line(n) for n in range(500)], b"bad", *[line(n) for n in range(500)]]))
    assert len(together(path)) == 1_001
    assert read_slowly == [b"bad"]

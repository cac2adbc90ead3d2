"""Files checked against their seals: cut, changed, continued or without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from esjournal.exceptions import InvalidLine
from esjournal.interchange import decompression, ndjson
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.outputfiles import sink
from esjournal.interchange.seals import Sealer, seal_line
from tests.helpers.events import generated, reads

COUNT = 40


def sealed(first: int = 0, count: int = COUNT) -> bytes:
    """Events, and their seal."""
    events = [found._replace(global_position=n) for n, found in enumerate(generated(first + count), 1)][first:]
    text = "".join(ndjson.write(events)).encode()
    sealer = Sealer()
    sealer.update(text, count)
    return text + seal_line(sealer.seal())


@pytest.fixture(params=[50, 1_000, 256 * 1024], ids=lambda size: f"blocks-of-{size}", autouse=True)
def block_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompression, "BLOCK_BYTES", request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


def read(path: Path, *, required: bool = False) -> int:
    """Read a file, and return its number of events."""
    with byte_stream(str(path)) as opened:
        return sum(
            not isinstance(found, InvalidLine) for _, found in reads(ndjson.read(opened, seal_required=required))
        )


def check(path: Path, *, required: bool = False) -> None:
    with byte_stream(str(path)) as opened:
        ndjson.check_seal(opened, seal_required=required)


def refused(path: Path, message: str, *, required: bool = False) -> None:
    """Check that reading and checking give the same error."""
    for look in (read, check):
        with pytest.raises(InvalidLine, match=message):
            look(path, required=required)


def passes(path: Path, count: int, *, required: bool = True) -> None:
    assert read(path, required=required) == count
    check(path, required=required)


@pytest.mark.parametrize("required", [True, False])
def test_a_sealed_file_is_read_and_its_seal_is_not_an_event(path: Path, required: bool) -> None:
    path.write_bytes(sealed())
    passes(path, COUNT, required=required)


@pytest.mark.parametrize("name", ["events.ndjson.gz", "events.zst"])
def test_the_seal_of_a_compressed_file_is_for_the_content(tmp_path: Path, name: str) -> None:
    with sink(str(tmp_path / name)) as stream:
        stream.write(sealed())
    passes(tmp_path / name, COUNT)
    with sink(str(tmp_path / name)) as stream:
        stream.write(sealed().replace(b'"seat":"A"', b'"seat":"B"', 1))
    refused(tmp_path / name, "does not match its seal")


def test_one_byte_that_is_changed_is_found_at_the_line_of_the_seal(path: Path) -> None:
    path.write_bytes(sealed().replace(b'"price":7.10', b'"price":8.10'))
    refused(
        path, rf":{COUNT + 1}: the file does not match its seal of {COUNT} events in [\d,]+ bytes, it has {COUNT} in"
    )


@pytest.mark.parametrize("line", [0, 1, COUNT // 2, COUNT - 1])
def test_a_line_that_is_missing_or_doubled_is_found(path: Path, line: int) -> None:
    lines = sealed().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    refused(path, f"{COUNT} events in .*, it has {COUNT - 1} in .*: get the file again")
    path.write_bytes(b"".join(lines[: line + 1] + lines[line:]))
    refused(path, f"it has {COUNT + 1} in ")


def test_lines_in_another_order_are_found(path: Path) -> None:
    lines = sealed().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))
    refused(path, "does not match its seal")


def test_line_ends_that_were_changed_are_found(path: Path) -> None:
    path.write_bytes(sealed().replace(b"\n", b"\r\n"))
    refused(path, "does not match its seal")


@pytest.mark.parametrize("bytes_left", [0, 1, 3_000])
def test_a_file_that_was_cut_off_has_lost_its_seal(path: Path, bytes_left: int) -> None:
    whole = sealed()
    cut = whole[:bytes_left]
    path.write_bytes(cut[: cut.rfind(b"\n") + 1])
    events = path.read_bytes().count(b"\n")
    assert read(path) == events
    refused(path, f":{events + 1}: the file ends without a seal: it was cut off, or exported without", required=True)


@pytest.mark.parametrize("missing", [3, 20, 80])
def test_a_seal_that_was_cut_off_is_damaged(path: Path, missing: int) -> None:
    path.write_bytes(sealed()[:-missing])
    refused(path, f":{COUNT + 1}: the seal is damaged")


def test_a_seal_without_its_line_end_is_whole(path: Path) -> None:
    path.write_bytes(sealed()[:-1])
    passes(path, COUNT)


@pytest.mark.parametrize("behind", [b"\n", b"\n\n \n", b" \t"])
def test_blank_lines_after_the_seal_do_no_harm(path: Path, behind: bytes) -> None:
    path.write_bytes(sealed() + behind)
    passes(path, COUNT)


@pytest.mark.parametrize("count", [1, 3])
def test_events_after_the_seal_are_refused(path: Path, count: int) -> None:
    path.write_bytes(sealed() + b"".join(sealed(COUNT, 5).splitlines(keepends=True)[:count]))
    follow = "1 line follows" if count == 1 else f"{count} lines follow"
    refused(path, f":{COUNT + 2}: {follow} the seal, which ends a file: get the file again")


def test_concatenated_sealed_files_are_one_sealed_file(path: Path) -> None:
    path.write_bytes(sealed() + sealed(COUNT, 5) + sealed(COUNT + 5, 0))
    passes(path, COUNT + 5)
    path.write_bytes(sealed() + sealed(COUNT, 5).replace(b'"seat":"A"', b'"seat":"B"', 1))
    refused(path, f":{COUNT + 7}: the file does not match its seal of 5 events")


def test_no_events_have_a_seal_too(path: Path) -> None:
    path.write_bytes(sealed(0, 0))
    passes(path, 0)


def test_an_event_whose_state_looks_like_a_seal_is_an_event(path: Path) -> None:
    state = seal_line(Sealer().seal()).decode().strip()
    event = next(generated(1))._replace(state=state, global_position=1)
    path.write_text(ndjson.line_of(event) + "\n")
    passes(path, 1, required=False)


def test_bad_lines_before_a_seal_are_part_of_what_was_sealed(path: Path) -> None:
    sealer = Sealer()
    sealer.update(b"bad\n", 1)
    path.write_bytes(b"bad\n" + seal_line(sealer.seal()))
    passes(path, 0)


def test_a_seal_with_another_number_of_events_is_refused(path: Path) -> None:
    path.write_bytes(sealed().replace(b'{"seal":{"events":40', b'{"seal":{"events":41'))
    refused(path, "41 events in .*, it has 40 in .*: get the file again", required=True)


def test_blank_lines_among_events_are_not_counted_as_events(path: Path) -> None:
    lines = sealed().splitlines(keepends=True)
    text = b"\n \r\n".join(lines[:-1]) + b"\n\n"
    sealer = Sealer()
    sealer.update(text, COUNT)
    path.write_bytes(text + seal_line(sealer.seal()))
    passes(path, COUNT)

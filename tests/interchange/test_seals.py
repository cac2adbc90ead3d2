"""Seals: the last line of a file counts and digests the lines before it."""

from __future__ import annotations

import hashlib

import pytest

from esjournal.exceptions import InvalidData
from esjournal.interchange.seals import Seal, Sealer, seal_line, seal_of

DIGEST = "0" * 64


def test_a_seal_counts_events_and_bytes_and_has_the_digest_of_all_blocks_together() -> None:
    sealer = Sealer()
    sealer.update(b"one\n", 1)
    sealer.update(b"two\nthree\n", 2)
    assert sealer.seal() == Seal(3, 14, hashlib.sha256(b"one\ntwo\nthree\n").hexdigest())


def test_the_line_of_a_seal_has_the_documented_form_and_is_read_back() -> None:
    seal = Seal(3, 14, DIGEST)
    assert seal_line(seal) == b'{"seal":{"events":3,"bytes":14,"sha256":"%s"}}\n' % DIGEST.encode()
    assert seal_of(seal_line(seal)) == seal_of(seal_line(seal).rstrip()) == seal


@pytest.mark.parametrize("line", [b"", b"{}", b'{"originator_id":"x"}', b'["seal"]', b"\xff", b'{"state":{"seal":1}}'])
def test_a_line_that_does_not_begin_as_a_seal_is_none(line: bytes) -> None:
    assert seal_of(line) is None


@pytest.mark.parametrize(
    "body",
    [
        b"1",
        b"null",
        b"{}",
        b'{"events":3,"bytes":14}',
        b'{"events":-1,"bytes":14,"sha256":"%s"}' % DIGEST.encode(),
        b'{"events":3,"bytes":1.5,"sha256":"%s"}' % DIGEST.encode(),
        b'{"events":3,"bytes":14,"sha256":"%s"}' % DIGEST[1:].encode(),
        b'{"events":3,"bytes":14,"sha256":"%s\\n"}' % DIGEST.encode(),
        b'{"events":3,"bytes":14,"sha256":"%s","more":1}' % DIGEST.encode(),
        b'{"events":3,"bytes":14,"sha256":"%s"},"more":1' % DIGEST.encode(),
        b'{"events":3,"bytes":14,"sha256":"\xff"}',
        b"[" * 10_000,
    ],
)
def test_a_damaged_seal_is_refused_with_its_text(body: bytes) -> None:
    with pytest.raises(InvalidData, match=r"^the seal is damaged .*\{\"seal\":"):
        seal_of(b'{"seal":' + body + b"}")


def test_a_seal_that_is_cut_off_is_damaged_too() -> None:
    with pytest.raises(InvalidData, match="damaged"):
        seal_of(seal_line(Seal(3, 14, DIGEST))[:-20])

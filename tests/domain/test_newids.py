"""Ids for new sequences: UUIDs of version 7, as RFC 9562 has them in section 5.7."""

from __future__ import annotations

import os
import time
from uuid import RFC_4122, UUID

import pytest

from esjournal.domain.model.newids import new_id


def test_an_id_begins_with_the_time_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    # The example of RFC 9562, appendix A.6, and its random bits.
    monkeypatch.setattr(time, "time_ns", lambda: 1645557742000_999_999)
    monkeypatch.setattr(os, "urandom", lambda size: ((0xCC3 << 68) + 0x18C4DC0C0C07398F).to_bytes(size, "big"))
    assert new_id() == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize("random", [b"\0", b"\xff"])
def test_the_version_and_the_variant_do_not_depend_on_chance(random: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: random * size)
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_made_later_come_later() -> None:
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)


def test_ids_made_at_one_time_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1645557742000_000_000)
    assert len({new_id() for _ in range(1000)}) == 1000

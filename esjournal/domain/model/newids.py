"""Ids for new sequences."""

from __future__ import annotations

import os
import time
from uuid import UUID

# The first and the last id that begins with a time before the year 2527.
FIRST_TIMED, LAST_TIMED = "00000000-0000-7000-8000-000000000000", "0fffffff-ffff-7fff-bfff-ffffffffffff"

_RANDOM_BYTES = 10
_VERSION_AT = 14


def new_id() -> str:
    """Return a new id: a UUID of version 7, so that ids made later come later (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
    # 48 bits of time, the version, 12 random bits, the variant, and 62 random bits.
    return str(UUID(int=milliseconds << 80 | 7 << 76 | random >> 68 << 64 | 0b10 << 62 | random & 2**62 - 1))


def is_timed(originator_id: str) -> bool:
    """Say whether an id, in canonical form, begins with the time, as `new_id` makes it; its end is random."""
    return originator_id.startswith("0") and originator_id.startswith("7", _VERSION_AT)

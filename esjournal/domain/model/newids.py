"""Ids for new sequences."""

from __future__ import annotations

import os
import time
from uuid import UUID

_RANDOM_BYTES = 10


def new_id() -> str:
    """Return a new id: a UUID of version 7, so that ids made later come later (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
    # 48 bits of time, the version, 12 random bits, the variant, and 62 random bits.
    return str(UUID(int=milliseconds << 80 | 7 << 76 | random >> 68 << 64 | 0b10 << 62 | random & 2**62 - 1))

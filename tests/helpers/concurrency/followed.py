"""Compares the events that writers had acknowledged with those that a follower showed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Acknowledged(NamedTuple):
    """An acknowledged event: its position, its version and its nonce."""

    position: int
    version: int
    nonce: str


@dataclass(frozen=True)
class Faults:
    """How many events were followed wrongly.

    `missed` were acknowledged and not followed, `twice` were followed again, `out_of_order` came after a later event,
    and `unknown` were never acknowledged.
    """

    missed: int = 0
    twice: int = 0
    out_of_order: int = 0
    unknown: int = 0


NONE = Faults()


def faults_of(followed: Sequence[Acknowledged], acknowledged: Iterable[Acknowledged]) -> Faults:
    """Compare what was followed, in the order in which it was shown, with what was acknowledged."""
    expected, found = set(acknowledged), set(followed)
    return Faults(
        missed=len(expected - found),
        twice=len(followed) - len(found),
        out_of_order=sum(later.position < earlier.position for earlier, later in pairwise(followed)),
        unknown=len(found - expected),
    )


def event_of_line(line: bytes) -> Acknowledged:
    """Parse a line of a follower."""
    event = json.loads(line)
    return Acknowledged(event["global_position"], event["originator_version"], event["state"]["nonce"])

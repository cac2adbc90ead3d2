"""What writers were told and what a follower showed, held against one another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Acknowledged(NamedTuple):
    """What a writer was told about an event: where it is, and which it is."""

    position: int
    version: int
    nonce: str


@dataclass(frozen=True)
class Faults:
    """What is wrong with what was followed, as numbers of events.

    `missed` were acknowledged and not followed, `twice` were followed again, `out_of_order` came behind a later one,
    and of `unknown` nobody was told.
    """

    missed: int = 0
    twice: int = 0
    out_of_order: int = 0
    unknown: int = 0


NONE = Faults()


def faults_of(followed: Sequence[Acknowledged], acknowledged: Iterable[Acknowledged]) -> Faults:
    """Hold what was followed, in the order in which it was shown, against what was acknowledged."""
    expected, found = set(acknowledged), set(followed)
    return Faults(
        missed=len(expected - found),
        twice=len(followed) - len(found),
        out_of_order=sum(later.position < earlier.position for earlier, later in pairwise(followed)),
        unknown=len(found - expected),
    )


def event_of_line(line: bytes) -> Acknowledged:
    """Read a line of a follower."""
    event = json.loads(line)
    return Acknowledged(event["global_position"], event["originator_version"], event["state"]["nonce"])

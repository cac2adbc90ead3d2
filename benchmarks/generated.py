"""Generated events: any number of them, and always the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

LENGTH = 10
OPEN = 5_000
PATHS = tuple(
    tuple(path.split())
    for path in (
        "Placed LineAdded LineAdded LineRemoved LineAdded Confirmed Paid Packed Shipped Delivered",
        "Placed LineAdded Confirmed Paid Packed Shipped AddressChanged Shipped Delivered Rated",
    )
)
WORDS = (
    "leave it",
    "at the",
    "door",
    "call",
    "before",
    "you come",
    "second",
    "floor",
    "café",
    "ring",
    "twice",
    "thanks",
)
ITEMS = ("tea", "coffee", "oat milk", "rye bread", "crème brûlée", "olives", "pears", "dark chocolate")

# Its id, its next version, and the types of its events.
Sequence = tuple[str, int, tuple[str, ...]]


def write_events(file: Path, count: int, seed: int = 1) -> Path:
    """Write events as `esjournal export` would, and return the file.

    Args:
        file: the NDJSON file to write.
        count: the number of events; there are a tenth as many sequences, and 5,000 of them grow at the same time.
        seed: a different seed gives different sequences.
    """
    with file.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as stream:
        stream.writelines(lines(count, seed))
    return file


def lines(count: int, seed: int) -> Iterator[str]:
    dice = random.Random(seed)
    # Only the sequences that still grow are kept, so that memory does not depend on the count.
    going_on = [new_sequence(dice) for _ in range(min(OPEN, -(-count // LENGTH)))]
    opened = len(going_on) * LENGTH
    time = datetime(2026, 1, 1, tzinfo=UTC)
    for position in range(1, count + 1):
        at = int(dice.random() * len(going_on))
        sequence, version, types = going_on[at]
        time += timedelta(microseconds=1 + int(dice.random() * 2_000_000))
        yield (
            f'{{"originator_id":"{sequence}","originator_version":{version},'
            f'"event_type":"shop.orders#{types[version]}","state":{state(dice, position)},'
            f'"recorded_at":"{time:%Y-%m-%dT%H:%M:%S.%fZ}","global_position":{position}}}\n'
        )
        if version + 1 < LENGTH:
            going_on[at] = (sequence, version + 1, types)
        elif opened < count:
            going_on[at] = new_sequence(dice)
            opened += LENGTH
        else:
            going_on[at] = going_on[-1]
            going_on.pop()


def new_sequence(dice: random.Random) -> Sequence:
    return str(UUID(int=dice.getrandbits(128), version=4)), 0, dice.choice(PATHS)


def state(dice: random.Random, position: int) -> str:
    note = " ".join(dice.choices(WORDS, k=int(dice.random() * 17)))
    gift = "true" if position % 7 == 0 else "false"
    return (
        f'{{"order":"2026-{position:08d}","customer":{int(dice.random() * 1e6)},"item":"{dice.choice(ITEMS)}",'
        f'"quantity":{1 + int(dice.random() * 12)},"price":{dice.random() * 90:.2f},"gift":{gift},"note":"{note}"}}'
    )

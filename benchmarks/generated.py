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


def write_events(file: Path, count: int, seed: int = 1, *, timed: bool = False) -> Path:
    """Write events as `esjournal export` would, and return the file.

    Args:
        file: the NDJSON file to write.
        count: the number of events; there are a tenth as many sequences, and 5,000 of them grow at the same time.
        seed: a different seed gives different sequences.
        timed: whether ids begin with the time (UUIDv7); otherwise they are random (UUIDv4).
    """
    with file.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as stream:
        stream.writelines(lines(count, seed, timed=timed))
    return file


def lines(count: int, seed: int, *, timed: bool = False) -> Iterator[str]:
    dice = random.Random(seed)
    # Only the sequences that still grow are kept, so that memory does not depend on the count.
    time = datetime(2026, 1, 1, tzinfo=UTC)
    going_on = [new_sequence(dice, time if timed else None) for _ in range(min(OPEN, -(-count // LENGTH)))]
    opened = len(going_on) * LENGTH
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
            going_on[at] = new_sequence(dice, time if timed else None)
            opened += LENGTH
        else:
            going_on[at] = going_on[-1]
            going_on.pop()


def new_sequence(dice: random.Random, time: datetime | None) -> Sequence:
    """Return a new sequence, whose id begins with the time if one is given."""
    random_bits = dice.getrandbits(128)
    made = UUID(int=random_bits, version=4)
    if time is not None:
        # The version after 48 bits of time; the variant is already there.
        made = UUID(int=int(time.timestamp() * 1000) << 80 | 7 << 76 | made.int & 2**76 - 1)
    return str(made), 0, dice.choice(PATHS)


def state(dice: random.Random, position: int) -> str:
    note = " ".join(dice.choices(WORDS, k=int(dice.random() * 17)))
    gift = "true" if position % 7 == 0 else "false"
    return (
        f'{{"order":"2026-{position:08d}","customer":{int(dice.random() * 1e6)},"item":"{dice.choice(ITEMS)}",'
        f'"quantity":{1 + int(dice.random() * 12)},"price":{dice.random() * 90:.2f},"gift":{gift},"note":"{note}"}}'
    )

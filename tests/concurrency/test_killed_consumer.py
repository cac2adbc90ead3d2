"""`each` that is killed at random moments: no event is missed, and a kill repeats one batch at most."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import event
from tests.helpers.program import COMMAND, environment

# Of all rounds together: four on each database.
KILLS = 200
IN_USE = 2
PATIENCE = 60
# What it got, with a nonce. It can be cut short, though it is one write: Linux stops a write between two pages of the
# file when the process is killed. Of 600 processes killed while they wrote 200 KB at a time, 560 left a part.
HANDLER = (
    'lines=$(cat; echo .); printf "BEGIN%s %s" "$(cat /proc/sys/kernel/random/uuid)" "${lines%.}END\n" >> "$HANDLED"'
)


class Handled(NamedTuple):
    """The first and the last position that one run of the handler got."""

    first: int
    last: int


def handled(file: Path) -> Iterator[Handled]:
    nonces = set()
    for text in file.read_text().split("END\n")[:-1]:
        # What a killed handler began and did not end was not handled: it must come again.
        nonce, _, lines = text.rpartition("BEGIN")[2].partition(" ")
        positions = [json.loads(line)["global_position"] for line in lines.splitlines()]
        assert positions == list(range(positions[0], positions[-1] + 1))
        assert nonce not in nonces
        nonces.add(nonce)
        yield Handled(positions[0], positions[-1])


def append(url: str, count: int) -> None:
    with open_journal(url) as journal:
        last = journal.events.last_global_position()
        journal.events.append([event(version, f'{{"n":{version}}}') for version in range(last, last + count)])


def killed_and_followed(url: str, folder: Path, size: int, kills: int, *, group: bool) -> list[Handled]:
    """Kill `each` at random moments while it handles events, and at the end let it handle the rest.

    Args:
        url: the journal.
        folder: for the cursor, and what was handled.
        size: the events of a batch.
        kills: how often it is killed.
        group: kill its command too.
    """
    file, cursor = folder / "handled", folder / "cursor"
    file.touch()
    initialise(url)
    command = [*COMMAND, "--url", url, "each", "--cursor-file", str(cursor), "--batch", str(size)]
    variables = environment(HANDLED=str(file))
    struck = 0
    while struck < kills:
        append(url, 100 * size)
        began = file.stat().st_size
        process = subprocess.Popen([*command, "--", "sh", "-c", HANDLER], env=variables, start_new_session=True)
        # Most of it is start-up, so the first event is waited for nearly every time.
        deadline = time.monotonic() + PATIENCE
        while random.random() < 0.999 and file.stat().st_size == began and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.1))
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
        # It may have come to the end, or the handler of the one before may still be running.
        assert process.wait() in (-signal.SIGKILL, 0, IN_USE)
        struck += process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + PATIENCE
    while subprocess.run([*command, "--", "sh", "-c", HANDLER], env=variables, check=False).returncode == IN_USE:
        assert time.monotonic() < deadline
    return list(handled(file))


def check(found: list[Handled], url: str, kills: int) -> None:
    repeated = 0
    for before, after in pairwise(found):
        if after.first != before.last + 1:
            # The batch that was being handled comes again, and nothing else.
            assert after.first == before.first, (before, after)
            repeated += 1
    with open_journal(url) as journal:
        assert (found[0].first, found[-1].last) == (1, journal.events.last_global_position())
    assert repeated <= kills


@pytest.mark.parametrize("group", [False, True], ids=["alone", "with its command"])
def test_a_killed_consumer_misses_nothing_and_repeats_one_batch_at_most(
    store_url: str, tmp_path: Path, group: bool
) -> None:
    check(killed_and_followed(store_url, tmp_path, 3, 3, group=group), store_url, 3)


@pytest.mark.long
@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("group", [False, True], ids=["alone", "with its command"])
def test_a_consumer_that_is_killed_many_times_misses_nothing_and_repeats_one_batch_at_most(
    store_url: str, tmp_path: Path, size: int, group: bool
) -> None:
    kills = KILLS // 8
    check(killed_and_followed(store_url, tmp_path, size, kills, group=group), store_url, kills)

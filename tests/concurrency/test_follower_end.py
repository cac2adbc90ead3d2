"""How followers end: killed, interrupted, or left by their reader; the next one continues at the cursor."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

import pytest

from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.journal.journal import initialise
from tests.helpers.concurrency.followed import NONE, Acknowledged, faults_of
from tests.helpers.concurrency.follower import PATIENCE, Follower
from tests.helpers.concurrency.writers import Writer
from tests.helpers.events import event
from tests.helpers.program import wait_until_it_takes_signals
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

WRITERS = 3
EVENTS = 500
ROUNDS = 6
# With this much in each state, a page does not fit into a pipe.
PADDING = "x" * 1_000

StartWriters = Callable[..., list[Writer]]
StartFollower = Callable[..., Follower]


def position_in(cursor: Path) -> int:
    position: int = json.loads(cursor.read_text())["global_position"] if cursor.exists() else 0
    return position


def followed_in_rounds(
    url: str,
    cursor: Path,
    start_writers: StartWriters,
    start_follower: StartFollower,
    stop: Callable[[Follower], None],
) -> tuple[list[list[Acknowledged]], list[Acknowledged]]:
    """Follow writers, stop the follower at random times, and at the end follow until everything is read.

    Returns:
        The events that each follower showed, and the acknowledged events.
    """
    initialise(url)
    writers = start_writers(WRITERS, url, EVENTS, 10)
    shown = []
    for _ in range(ROUNDS):
        follower = start_follower(url, "--cursor-file", str(cursor))
        # Usually after its start-up, which takes most of a second.
        time.sleep(random.uniform(0.2, 1.2))
        stop(follower)
        shown.append(follower.followed())
    acknowledged = [event for writer in writers for batch in writer.finish() for event in batch]
    left = len(acknowledged) - position_in(cursor)
    follower = start_follower(url, "--cursor-file", str(cursor))
    follower.wait_for(left)
    stop(follower)
    return [*shown, follower.followed()], acknowledged


def test_a_killed_follower_continues_at_its_cursor_and_repeats_one_page_at_most(
    store_url: str, tmp_path: Path, start_pausing_writers: StartWriters, start_follower: StartFollower
) -> None:
    cursor = tmp_path / "cursor"
    cursors = [0]

    def kill(follower: Follower) -> None:
        assert follower.stop(signal.SIGKILL) == -signal.SIGKILL
        cursors.append(position_in(cursor))

    shown, acknowledged = followed_in_rounds(store_url, cursor, start_pausing_writers, start_follower, kill)
    everything: list[Acknowledged] = []
    for begin, end, events in zip(cursors, cursors[1:], shown, strict=False):
        # In one run each event appears once, in order, without gaps, and starting at the cursor.
        assert [event.position for event in events] == list(range(begin + 1, begin + 1 + len(events)))
        # Everything up to the cursor was shown, and at most one page after it.
        assert 0 <= begin + len(events) - end <= PAGE_SIZE
        everything = everything[:begin] + events
    assert everything == sorted(acknowledged)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_follower_continues_at_its_cursor_and_repeats_nothing(
    store_url: str,
    tmp_path: Path,
    start_pausing_writers: StartWriters,
    start_follower: StartFollower,
    number: int,
    code: int,
) -> None:
    def interrupt(follower: Follower) -> None:
        wait_until_it_takes_signals(follower.process)
        assert follower.stop(number) == code, follower.errors()

    shown, acknowledged = followed_in_rounds(
        store_url, tmp_path / "cursor", start_pausing_writers, start_follower, interrupt
    )
    followed = [event for events in shown for event in events]
    assert faults_of(followed, acknowledged) == NONE
    assert followed == sorted(acknowledged)


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def standing_still(
    request: pytest.FixtureRequest,
    store_url: str,
    tmp_path: Path,
    start_follower: StartFollower,
    monkeypatch: pytest.MonkeyPatch,
) -> Follower:
    """A follower in the middle of printing its first page, which nothing reads."""
    monkeypatch.setenv("PYTHONUNBUFFERED", request.param)
    journal_with(store_url, [event(n, f'{{"nonce":"{n}","padding":"{PADDING}"}}') for n in range(PAGE_SIZE + 1)])
    follower = start_follower(store_url, "--cursor-file", str(tmp_path / "cursor"), reading=False)
    # The first byte has arrived, and a page does not fit into the pipe.
    assert isinstance(follower.process.stdout, BufferedReader)
    assert follower.process.stdout.peek(1)
    return follower


def test_a_follower_that_is_killed_while_it_prints_has_no_cursor_past_what_was_read(
    standing_still: Follower, tmp_path: Path
) -> None:
    standing_still.stop(signal.SIGKILL)
    assert 0 < standing_still.count < PAGE_SIZE
    assert position_in(tmp_path / "cursor") == 0


def test_a_follower_that_is_interrupted_while_it_prints_ends_after_the_page_and_its_cursor(
    standing_still: Follower, tmp_path: Path
) -> None:
    standing_still.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert standing_still.process.poll() is None
    standing_still.read_on()
    assert standing_still.stop() == 130
    assert len(standing_still.followed()) == position_in(tmp_path / "cursor") == PAGE_SIZE
    assert standing_still.errors() == ""


def test_a_second_interruption_of_a_follower_does_not_wait_for_its_reader(standing_still: Follower) -> None:
    standing_still.process.send_signal(signal.SIGINT)
    # Two signals that arrive before the first one is handled count as one, so another may be needed.
    for patience in (0.2, PATIENCE / 2, PATIENCE):
        with suppress(subprocess.TimeoutExpired):
            standing_still.process.wait(patience)
            break
        standing_still.process.send_signal(signal.SIGINT)
    assert standing_still.process.wait(PATIENCE) == 130


def test_a_cursor_of_another_journal_is_refused_in_one_line(
    store_url: str, tmp_path: Path, start_follower: StartFollower
) -> None:
    cursor = tmp_path / "cursor"
    first = start_follower(
        journal_with(f"sqlite:///{tmp_path / 'other.db'}", [event(0, '{"nonce":""}')]), "--cursor-file", str(cursor)
    )
    first.wait_for(1)
    assert first.stop(signal.SIGINT) == 130
    kept = cursor.read_bytes()
    assert position_in(cursor) == 1
    second = start_follower(journal_with(store_url, [event(0, '{"nonce":""}')]), "--cursor-file", str(cursor))
    assert second.stop() == 2
    assert re.fullmatch(r"esjournal: [^\n]* is a cursor of the journal [^\n]*\n", second.errors())
    assert second.count == 0
    assert cursor.read_bytes() == kept

"""A copy that catches up again and again with a source that others write to: no event is lost or copied twice."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.concurrency.writers import PATIENCE, Writer
from tests.helpers.program import COMMAND, environment, run
from tests.helpers.stores import stored

pytestmark = pytest.mark.long

WRITERS, BATCHES, SIZE = 3, 400, 3
TOTALS = re.compile(
    r"esjournal: ([\d,]+) read, ([\d,]+) appended, ([\d,]+) already there, [^\n]+\n"
    r"esjournal: proven: ([\d,]+) events?, sha256 [0-9a-f]{64} on both sides\n"
)


@pytest.fixture
def target_url(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> str:
    """A journal on the other database."""
    if store_url.startswith("sqlite"):
        url: str = request.getfixturevalue("other_postgres_url")
    else:
        url = str(tmp_path / "target.db")
    initialise(url)
    return url


def test_a_copy_catches_up_again_and_again_while_others_write_and_is_killed_now_and_then(
    store_url: str, target_url: str, tmp_path: Path, start_writers: Callable[..., list[Writer]]
) -> None:
    dice = random.Random()
    cursor = tmp_path / "moving.cursor"
    command = ["copy", "--cursor-file", str(cursor), store_url, target_url]
    initialise(store_url)
    writers = start_writers(WRITERS, store_url, BATCHES, SIZE)
    copies = []
    deadline = time.monotonic() + PATIENCE
    writing = True
    while writing:
        assert time.monotonic() < deadline
        # Checked before the copy, so that one more copy follows the last event.
        writing = any(writer.process.poll() is None for writer in writers)
        if writing and dice.random() < 0.5:
            kill_soon(command, dice.uniform(0.3, 1.0))
            continue
        result = run(*command)
        assert result.returncode == 0, result.stderr
        totals = TOTALS.fullmatch(result.stderr)
        assert totals is not None, result.stderr
        copies.append([int(count.replace(",", "")) for count in totals.groups()])
        at = json.loads(cursor.read_text())["global_position"]
        # Everything up to the cursor is in the target.
        assert len(stored(target_url)) >= at

    acknowledged = [event for writer in writers for batch in writer.finish() for event in batch]
    assert len(acknowledged) == WRITERS * BATCHES * SIZE
    source, target = stored(store_url), stored(target_url)
    nonces = [(found.global_position, json.loads(found.state)["nonce"]) for found in target]
    assert nonces == sorted((event.position, event.nonce) for event in acknowledged)
    assert source == target
    # Only events that a killed copy had committed were copied again.
    assert sum(appended for _, appended, _, _ in copies) <= len(target)
    assert all(read == appended + there == proven for read, appended, there, proven in copies)
    assert json.loads(cursor.read_text())["global_position"] == len(source)
    result = run(*command)
    assert result.stderr.startswith("esjournal: 0 read, 0 appended, 0 already there, ")


def kill_soon(command: list[str], seconds: float) -> None:
    """Start a copy, and kill it after some seconds, whatever it is doing."""
    with subprocess.Popen(
        [*COMMAND, *command], env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(seconds)
        process.kill()
        assert process.wait() in (0, -signal.SIGKILL)


def test_events_appended_during_a_copy_are_left_for_the_next(
    store_url: str, target_url: str, tmp_path: Path, start_writers: Callable[..., list[Writer]]
) -> None:
    """A copy that went on until it had caught up with a fast writer would never end."""
    initialise(store_url)
    [writer] = start_writers(1, store_url, 1_000_000, 1)
    while not writer.acknowledged():
        time.sleep(0.01)
    result = run("copy", store_url, target_url)
    assert result.returncode == 0, result.stderr
    writer.process.kill()
    writer.process.wait()
    source, target = stored(store_url), stored(target_url)
    assert 0 < len(target) < len(source)
    assert target == source[: len(target)]

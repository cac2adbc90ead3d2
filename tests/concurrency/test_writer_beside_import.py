"""A writer beside an import that commits in parts: it loses nothing, and waits for one part at most."""

from __future__ import annotations

import json
import random
import re
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from esjournal.journal.journal import initialise, open_journal
from tests.helpers.concurrency.cases import random_events
from tests.helpers.concurrency.journals import check_index
from tests.helpers.concurrency.writers import PATIENCE, Writer
from tests.helpers.events import ID, sequence
from tests.helpers.program import run, start
from tests.helpers.stores import file_with, journal_with, stored

pytestmark = pytest.mark.long

EVENTS = 30_000
CHUNK = 1_000
PARTS = EVENTS // CHUNK
ENDLESS = 1_000_000


def test_a_writer_during_an_import_in_parts_loses_nothing_and_waits_for_one_part_at_most(
    store_url: str, tmp_path: Path, start_writers: Callable[..., list[Writer]], fault_figures: list[object]
) -> None:
    initialise(store_url)
    events = random_events(EVENTS, random.Random(1))
    file = file_with(tmp_path / "events.ndjson", events)
    summary = tmp_path / "summary.json"

    [writer] = start_writers(1, store_url, ENDLESS, 1)
    command = ["import", "--commit-every", str(CHUNK), "--summary", str(summary), str(file)]
    assert run(*command, url=store_url).returncode == 0
    writer.process.kill()
    writer.process.wait()

    found = stored(store_url)
    assert [event.global_position for event in found] == list(range(1, len(found) + 1))
    imported = [event for event in found if event.event_type == "fault#Struck"]
    assert [event._replace(global_position=None) for event in imported] == events
    check_index(store_url)
    # The writer's last event may be stored although its acknowledgement never arrived.
    others = [event for event in found if event.event_type != "fault#Struck"]
    acknowledged = [(event.position, event.nonce) for [event] in writer.acknowledged()]
    stored_nonces = [(event.global_position, json.loads(event.state)["nonce"]) for event in others]
    assert stored_nonces[: len(acknowledged)] == acknowledged
    assert len(stored_nonces) - len(acknowledged) <= 1

    # The appends between the import's first event and its last.
    first, last = (imported[index].global_position or 0 for index in (0, -1))
    beside = [(seconds, event.position) for seconds, [event] in writer.timed() if first < event.position < last]
    assert len(beside) >= PARTS // 2
    waited = sorted(seconds for seconds, _ in beside)
    held_up = waited[-PARTS:]
    seconds = json.loads(summary.read_text())["seconds"]
    part = seconds / PARTS
    figures = {
        "a part": part,
        "median": statistics.median(waited),
        "95th percentile": statistics.quantiles(waited, n=20)[-1],
        "held up": statistics.median(held_up),
        "longest": waited[-1],
    }
    described = ", ".join(f"{name} {figure * 1000:.1f} ms" for name, figure in figures.items())
    fault_figures.append(
        f"{store_url.partition(':')[0]}: {len(waited)} appends beside an import of {seconds:.2f} s: {described}"
    )
    print(fault_figures[-1])  # noqa: T201
    # A waiting writer goes before the next part. The number of parts between two of its appends says so, however busy
    # the machine is. Most appends meet no part. The others are one for each part, and nine out of ten of them come
    # after the rest of one part, and at most another one before they asked.
    positions = [first, *(position for _, position in beside), last]
    parts = sorted((after - before - 1) / CHUNK for before, after in pairwise(positions))[-PARTS:]
    assert parts[len(parts) * 9 // 10] <= 2
    assert parts[-1] <= PARTS // 3


def is_connected(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process has the journal's file or a connection open; True if the system does not say."""
    folder = Path(f"/proc/{process.pid}/fd")
    opened = []
    for file in folder.glob("*"):
        with suppress(FileNotFoundError):
            opened.append(str(file.readlink()))
    return not folder.exists() or any(re.search(r"^socket:|\.db$", name) for name in opened)


def test_a_command_that_waits_for_a_lock_is_interrupted_at_once(store_url: str) -> None:
    journal_with(store_url, sequence(1))
    with (
        open_journal(store_url) as journal,
        journal.events.transaction() as transaction,
        start("append", ID, "2", "a", "{}", url=store_url, stderr=subprocess.PIPE) as process,
    ):
        transaction.append(sequence(2)[1:])
        deadline = time.monotonic() + PATIENCE
        while not is_connected(process):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"esjournal: interrupted; uncommitted changes were rolled back\n"
    assert len(stored(store_url)) == 2

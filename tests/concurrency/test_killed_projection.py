"""The read model of docs/projections.md, whose program is killed at random moments: each event counts exactly once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.journal.journalstore import JournalStore, open_event_store
from tests.helpers.pages import blocks

MAIN = """
import sys
with open_event_store(sys.argv[1]) as store:
    keep_up_to_date(store, Balances("balances.db"), timeout=float(sys.argv[2]))
"""
ACCOUNTS, EVENTS = [uuid4() for _ in range(5)], 200
KILLS, MANY_KILLS = 3, 25
PATIENCE = 60


def deposit(store: JournalStore, count: int, sums: Counter[str]) -> None:
    events = [
        StoredEvent(random.choice(ACCOUNTS), NEXT, "__main__#Deposited", f'{{"cents":{number}}}')
        for number in range(count)
    ]
    store.active_record_strategy.append(events)
    for number, event in enumerate(events):
        sums[str(event.originator_id)] += number


def progress(folder: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{folder / 'balances.db'}?mode=ro", uri=True)) as database:
            [text] = database.execute("SELECT cursor FROM progress").fetchone()
    except (sqlite3.OperationalError, TypeError):
        return None
    return str(text)


def killed(url: str, folder: Path, kills: int) -> None:
    """Kill the program at random moments while it handles events, and let the last one come to the end."""
    code = next(block.text for block in blocks("docs/projections.md") if block.language == "python")
    (folder / "program.py").write_text(code + MAIN)
    command = [sys.executable, "program.py", url]
    sums: Counter[str] = Counter()
    with open_event_store(url, create=True) as store:
        struck = 0
        while struck < kills:
            deposit(store, EVENTS, sums)
            before = progress(folder)
            process = subprocess.Popen([*command, str(PATIENCE)], cwd=folder)
            deadline = time.monotonic() + PATIENCE
            while progress(folder) == before:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.1))
            process.kill()
            assert process.wait() == -signal.SIGKILL
            struck += 1
        subprocess.run([*command, "0"], cwd=folder, check=True)
    with closing(sqlite3.connect(folder / "balances.db")) as database:
        assert dict(database.execute("SELECT * FROM balances").fetchall()) == sums


def test_each_event_counts_once_in_a_read_model_whose_program_is_killed(store_url: str, tmp_path: Path) -> None:
    killed(store_url, tmp_path, KILLS)


@pytest.mark.long
def test_each_event_counts_once_in_a_read_model_whose_program_is_killed_often(store_url: str, tmp_path: Path) -> None:
    killed(store_url, tmp_path, MANY_KILLS)

"""Acknowledged events survive power cuts, with and without WAL mode."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from tests.helpers.concurrency.powercut import Call, Disk, watched
from tests.helpers.program import COMMAND, environment, run

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed, so no power cut is simulated"),
]

APPENDS = 3


def nonces(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {json.loads(state)["nonce"] for (state,) in connection.execute("SELECT state FROM stored_events")}


@pytest.mark.parametrize("is_wal", [True, False])
@pytest.mark.parametrize("is_left_open", [False, True])
def test_an_acknowledged_append_survives_a_power_cut(
    tmp_path: Path, power_cuts: int, is_wal: bool, is_left_open: bool
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    journal = folder / "journal.db"
    made = tmp_path / "made.db"
    assert run("init", url=str(made)).returncode == 0
    if is_wal:
        shutil.copy(made, journal)
    else:
        with closing(sqlite3.connect(made)) as connection:
            connection.execute(f"VACUUM INTO '{journal}'")
    disk = Disk(folder)
    trace: list[Call | str] = []
    # While a program has the journal open, the appending ones do not fold the WAL into the file when they end.
    holding = sqlite3.connect(journal) if is_left_open else None
    if holding is not None:
        holding.execute("SELECT count(*) FROM stored_events").fetchone()
        trace += [Call("mknod", [f'"{file}"']) for file in folder.iterdir() if file.name.endswith(("-wal", "-shm"))]
    for number in range(APPENDS):
        nonce = str(uuid4())
        command = [*COMMAND, "--url", str(journal), "append", "new", "0", "a#B", json.dumps({"nonce": nonce})]
        trace += watched(command, tmp_path / f"{number}.strace", env=environment())
        trace.append(nonce)
    if holding is not None:
        holding.close()
    generator = random.Random(0)
    cuts = [*sorted(generator.choices(range(len(trace) + 1), k=power_cuts - 1)), len(trace)]
    acknowledged: set[str] = set()
    at = 0
    for number, cut in enumerate(cuts):
        for step in trace[at:cut]:
            if isinstance(step, str):
                acknowledged.add(step)
            else:
                disk.take(step)
        at = cut
        after = tmp_path / str(number)
        after.mkdir()
        disk.after_a_cut(after, generator)
        assert acknowledged <= nonces(after)
        shutil.rmtree(after)
    assert len(acknowledged) == APPENDS

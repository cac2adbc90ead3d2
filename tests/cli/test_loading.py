"""Loading the program without the garbage collector."""

from __future__ import annotations

import gc
import json
from pathlib import Path

from tests.helpers.events import ID, event
from tests.helpers.program import COMMAND, invoke, run
from tests.helpers.stores import journal_with

CODE = """
import gc


def collector(state, event):
    return {"collects": gc.isenabled(), "leaves_out": gc.get_freeze_count() > 50_000}
"""


def test_a_command_collects_garbage_but_leaves_out_what_was_loaded(tmp_path: Path) -> None:
    (tmp_path / "looking.py").write_text(CODE)
    url = journal_with(str(tmp_path / "journal.db"), [event(0)])
    replayed = run("replay", "--with", "looking:collector", ID, url=url, program=COMMAND, cwd=tmp_path)
    assert (replayed.returncode, replayed.stderr) == (0, "")
    state = replayed.stdout.partition("state at version 0\n")[2]
    assert json.loads(state) == {"collects": True, "leaves_out": True}


def test_a_command_in_a_process_of_others_leaves_their_objects_to_the_collector() -> None:
    left_out = gc.get_freeze_count()
    assert invoke("help", "list").exit_code == 0
    assert gc.isenabled()
    # Some of what the tests' own process has left out may be gone.
    assert gc.get_freeze_count() <= left_out
